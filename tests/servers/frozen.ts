/**
 * Whether processes stand still. A signal takes its time to get to each of many threads, most of all on a
 * busy machine, and until then they may still answer.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Whether no thread of a process moves any more; nor does one that has ended. */
export function isFrozen(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return namesIn(tasks).every((task) => "TtZX".includes(stateOf(join(tasks, task))));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function stateOf(task: string): string {
  try {
    // It follows the name, which is in brackets and may itself contain brackets and spaces.
    return /.*\) (\S)/s.exec(readFileSync(join(task, "stat"), "utf8"))?.[1] ?? "";
  } catch {
    return ""; // It has ended since.
  }
}
