/**
 * `deno task mutate [part of a name or file…]`: plants one bug after another in a copy of the
 * project, and tells which test notices it. Bugs that survive are tests to write.
 *
 * A test that fails by chance, or without the bug too, notices nothing. So whatever finds something
 * must find it twice in three runs, and nothing on a copy without a bug.
 *
 * @module
 */

import { misfits } from "./compile.ts";
import { EDITS } from "./edits.ts";
import { copied, type Copy, type Edit, plant } from "./plant.ts";
import { enough, row, type Verdict, verdicts } from "./report.ts";
import { isSteady, type Run, runsFor, titleOf } from "./rooms.ts";
import { endRuns, runTests } from "./run_tests.ts";

/** Copies at once: most runs wait for servers and clocks. */
const WORKERS = 2;

function print(line: string): void {
  // deno-lint-ignore no-console -- this is a command
  console.log(line);
}

const copies: Copy[] = [];
async function newCopy(): Promise<string> {
  const copy = await copied();
  copies.push(copy);
  return copy.root;
}

/** Once, for a signal may come in the middle of it. */
let removed: Promise<unknown> | undefined;

async function removeAll(): Promise<void> {
  endRuns();
  await (removed ??= Promise.all(copies.map((copy) => copy.remove())));
}

/** What runs say on the copy without a bug; each is asked once. */
const sound = new Map<string, Promise<string | undefined>>();
let clean: Promise<string> | undefined;
let turn: Promise<unknown> = Promise.resolve();

function failsAnyway(run: Run): Promise<string | undefined> {
  const title = titleOf(run);
  const known = sound.get(title);
  if (known) return known;
  const asked = turn.then(async () => (await runTests(await (clean ??= newCopy()), run)).failed);
  // One after the other, for they share a copy.
  turn = asked.catch(() => {});
  sound.set(title, asked);
  return asked;
}

/** Whether what has failed once fails again, in one of two more runs. */
async function failsAgain(root: string, run: Run): Promise<boolean> {
  if (isSteady(run)) return true;
  for (let more = 0; more < 2; more++) {
    if ((await runTests(root, run)).failed !== undefined) return true;
  }
  return false;
}

/** Runs the tests that are likely to notice, until one does. */
async function judge(root: string, edit: Edit): Promise<Verdict> {
  const undo = await plant(root, edit);
  let seconds = 0;
  try {
    for (const run of runsFor(edit.file)) {
      if (await sound.get(titleOf(run)) !== undefined) continue;
      const result = await runTests(root, run);
      seconds += result.seconds;
      if (result.failed === undefined) continue;
      if (!await failsAgain(root, run)) {
        print(`BY CHANCE ${titleOf(run)} failed once: ${result.failed}`);
        continue;
      }
      const anyway = await failsAnyway(run);
      if (anyway === undefined) return { edit, seconds, by: result.failed, run: titleOf(run) };
      print(`UNSOUND   ${titleOf(run)} fails without a bug, too: ${anyway}`);
    }
    return { edit, seconds };
  } finally {
    await undo();
  }
}

async function mutate(edits: readonly Edit[]): Promise<number> {
  const wrong = await misfits(edits);
  for (const [edit, why] of wrong) print(`BAD EDIT  ${edit.file}: ${edit.name}: ${why}`);
  const waiting = edits.filter((edit) => !wrong.has(edit));
  const judged: Verdict[] = [];
  const work = async (): Promise<void> => {
    const root = await newCopy();
    for (let edit = waiting.shift(); edit; edit = waiting.shift()) {
      const verdict = await judge(root, edit);
      judged.push(verdict);
      print(row(verdict));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  for (const line of verdicts(judged)) print(line);
  const unsound = [...await Promise.all(sound.values())].filter((why) => why !== undefined);
  return wrong.size === 0 && unsound.length === 0 && enough(judged) ? 0 : 1;
}

const asked = (edit: Edit): boolean =>
  Deno.args.length === 0 ||
  Deno.args.some((part) => `${edit.file}: ${edit.name}`.includes(part));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void removeAll().finally(() => Deno.exit(130)));
}
const edits = EDITS.filter(asked);
print(`${edits.length} of ${EDITS.length} bugs`);
const code = await mutate(edits).finally(removeAll);
Deno.exit(edits.length === 0 ? 1 : code);
