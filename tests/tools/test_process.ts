/**
 * One run of the test runner in a process of its own: its output, its counts, and what it cost.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** How a run has ended. */
export interface Count {
  readonly name: string;
  readonly code: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
  /** Seconds of processor time, with all processes that it has started; absent where unknown. */
  readonly busy: number | undefined;
}

/** What to run. */
export interface Run {
  readonly name: string;
  readonly args: readonly string[];
  /** Runs beside those that wait for one another, after the others of its kind. */
  readonly aside?: boolean;
  /** Has a third of the processor's time that each of the others has, where that is short. */
  readonly nice?: boolean | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  /** After so many minutes it hangs, and is ended, so that what it has printed is seen. */
  readonly limit?: number;
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** Runs `deno` with the arguments; `show` receives its output as it comes. */
export async function runDeno(
  run: Run,
  show: (chunk: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<Count> {
  // With less than that it would not get on at all where other programs compute without end.
  const nice = run.nice && Deno.build.os !== "windows" ? ["nice", "-n", "5"] : [];
  const [command = "", ...args] = [...nice, Deno.execPath(), ...run.args];
  const start = performance.now();
  const child = new Deno.Command(command, {
    args,
    cwd: ROOT,
    ...(run.environment && { env: run.environment }),
    stdout: "piped",
  }).spawn();
  const limit = run.limit && setTimeout(() => child.kill(), run.limit * 60_000);
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await show(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4_000);
  }
  const { code } = await child.status;
  clearTimeout(limit);
  // deno-lint-ignore no-control-regex -- colours
  const plain = tail.replace(/\x1b\[[0-9;]*m/g, "");
  const summary = plain.split("\n").findLast((line) => / passed .*\| \d+ failed/.test(line)) ?? "";
  const numberOf = (word: string): number =>
    Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  return {
    ...{ name: run.name, code },
    passed: numberOf("passed"),
    failed: numberOf("failed"),
    skipped: numberOf("ignored"),
    seconds: (performance.now() - start) / 1_000,
    busy: newlyReaped(),
  };
}

let counted = reaped();

/** Processor time of the children that have ended since it was last asked, each when it ended. */
function newlyReaped(): number | undefined {
  const now = reaped();
  const since = now === undefined || counted === undefined ? undefined : now - counted;
  counted = now;
  return since;
}

/** Processor time of all children that have ended, in seconds, where Linux tells it. */
function reaped(): number | undefined {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
    // The 16th and 17th of all, in hundredths of a second.
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return undefined;
  }
}
