/**
 * `deno task mutate`: plants one bug after another in a copy of the project, and reports which test notices
 * it. Survivors are tests to write. Most bugs are generated, of which a run tries a sample, the same for a
 * seed; those that tell a story are by hand, and a run of a share of everything tries them all.
 *
 * @module
 */

import { misused, taskOptions, whole } from "../tools/task_options.ts";
import { firstThatCompile } from "./compiling.ts";
import { EQUIVALENT } from "./equivalent.ts";
import { mutantsOf } from "./generate.ts";
import { Judge } from "./judge.ts";
import { type Mutant, titleOf } from "./mutant.ts";
import { copied, type Copy, importsOf, productOf, sources } from "./project.ts";
import { enough, row, summary, type Verdict } from "./report.ts";
import { endRuns } from "./run_tests.ts";
import { backendsOf, type Run, runsFor, testFiles } from "./runs.ts";
import { asked, sampled } from "./sample.ts";
import { STORIES, told } from "./stories.ts";

const USAGE =
  `usage: deno task mutate [--share X | --sample N | --all | --stories] [--seed N] [--copies N]
                        [--quick] [--trust] [PART…]

  --share X   tries this share of the generated bugs, from 0 to 1 (default: 0.05)
  --sample N  tries N of those that compile, and no stories
  --all       tries all of them
  --stories   tries the bugs that are written by hand, and no others
  --seed N    takes another sample (default: 1)
  --copies N  plants in so many copies at once (default: 2)
  --quick     leaves out tests that wait for servers and clocks, where others may notice
  --trust     does not try on a copy without a bug what notices one
  PART        a part of a file's path or of a bug's name: only those are tried

Exit status: 0 enough was noticed everywhere, 1 it was not, 2 bad arguments.`;

const { values, positionals } = taskOptions(USAGE, {
  share: { type: "string" },
  sample: { type: "string" },
  all: { type: "boolean", default: false },
  stories: { type: "boolean", default: false },
  seed: { type: "string", default: "1" },
  copies: { type: "string", default: "2" },
  quick: { type: "boolean", default: false },
  trust: { type: "boolean", default: false },
});
const share = values.share === undefined ? undefined : Number(values.share);
if (share !== undefined && !(values.share && share >= 0 && share <= 1)) {
  misused(USAGE, `--share is a number from 0 to 1, not "${values.share}"`);
}

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

const wanted = asked({
  ...values,
  share,
  sample: values.sample === undefined ? undefined : whole(USAGE, "sample", values.sample, 1),
  seed: whole(USAGE, "seed", values.seed),
  copies: whole(USAGE, "copies", values.copies, 1),
}, positionals);
const texts = await sources();
const product = productOf(texts);
const imports = importsOf(texts);
const known = { tests: testFiles(texts, imports), backends: await backendsOf(imports) };
const runs = new Map<string, Run[]>();
let clean: Promise<string> | undefined;
const judge = new Judge({
  runs: (file) => {
    const found = runs.get(file) ?? runsFor(file, known, wanted.quick);
    runs.set(file, found);
    return found;
  },
  ...!wanted.trust && { clean: () => clean ??= newCopy() },
  print,
});

/** The bugs to try. */
function chosen(): Mutant[] {
  const all = [...product].flatMap(([file, text]) => mutantsOf(file, text));
  const names = new Set(all.map(titleOf));
  for (const name of EQUIVALENT.keys()) {
    if (!names.has(name)) print(`GONE       ${name} is in the list of equivalents, and in no file`);
  }
  const isWanted = (mutant: Mutant): boolean =>
    wanted.parts.length === 0 || wanted.parts.some((part) => titleOf(mutant).includes(part));
  const isReal = (mutant: Mutant): boolean => isWanted(mutant) && !EQUIVALENT.has(titleOf(mutant));
  const generated = wanted.generated ? sampled(all.filter(isReal), wanted) : [];
  const mutants = [
    ...wanted.stories ? told(STORIES, product).filter(isWanted) : [],
    ...generated,
  ];
  print(
    `${
      Math.min(mutants.length, wanted.sample)
    } bugs, of ${all.length} that are generated and ${STORIES.length} by hand`,
  );
  return mutants;
}

const verdicts: Verdict[] = [];

async function mutate(all: Mutant[]): Promise<number> {
  const first = await newCopy();
  const { compile: waiting, refused } = await firstThatCompile(first, all, wanted.sample);
  for (const mutant of refused) {
    verdicts.push({ mutant, fate: "did not compile", seconds: 0, diff: "" });
    print(row(verdicts.at(-1) as Verdict));
  }
  const work = async (_: unknown, n: number): Promise<void> => {
    const root = n === 0 ? first : await newCopy();
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const verdict = await judge.judge(root, mutant);
      verdicts.push(verdict);
      print(row(verdict));
    }
  };
  await Promise.all(Array.from({ length: wanted.copies }).map(work));
  for (const line of summary(verdicts)) print(line);
  return verdicts.length > 0 && enough(verdicts) && await judge.isSound() ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    // What was tried so far is a sample, too. What is under way has no verdict: its run is ended.
    for (const line of summary(verdicts.splice(0))) print(line);
    void removeAll().finally(() => Deno.exit(130));
  });
}
Deno.exit(await mutate(chosen()).finally(removeAll));
