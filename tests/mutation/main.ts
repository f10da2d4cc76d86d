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
import { enough, goneOf, row, summary, type Verdict } from "./report.ts";
import { runTests } from "./run_tests.ts";
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
  PART        a part of a file's path or of a bug's name: only those are tried. "./" stands before
              each path, so ./errors.ts is that of the root alone

Enough is 99 %: of the stories, of all that are generated and of those in each folder. A story that
does not compile counts as unnoticed. What is generated is a sample, so one survivor in it is
allowed, however small it is.

Exit status: 0 enough was noticed; 1 it was not, a story does not compile, an entry of equivalent.ts
fits no file, or a test fails without a bug, too; 2 bad arguments; 130 a signal ended it.`;

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

/** Aborts when the process is asked to end, and when it has failed: then all that is under way ends. */
const ending = new AbortController();
/** How it ended when it was asked to. */
const ASKED = 130;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => ending.abort(ASKED));
}

/** Those that are being made, too. */
const copies: Promise<Copy>[] = [];
async function newCopy(): Promise<string> {
  const copy = copied(ending.signal);
  copies.push(copy);
  return (await copy).root;
}

/** Removes every copy; nobody may work in one any more. */
async function removeAll(): Promise<void> {
  const made = (await Promise.allSettled(copies)).flatMap((each) =>
    each.status === "fulfilled" ? [each.value] : []
  );
  await Promise.all(made.map((copy) => copy.remove()));
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
  tried: (root, run) => runTests(root, run, ending.signal),
});

/** All that can be generated. */
const all = [...product].flatMap(([file, text]) => mutantsOf(file, text));
const gone = goneOf(EQUIVALENT, all);
for (const name of gone) print(`GONE       ${name} is in the list of equivalents, and in no file`);

/** The bugs to try. */
function chosen(): Mutant[] {
  const isWanted = (mutant: Mutant): boolean =>
    wanted.parts.length === 0 || wanted.parts.some((part) => `./${titleOf(mutant)}`.includes(part));
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

async function mutate(mutants: readonly Mutant[]): Promise<number> {
  const first = await newCopy();
  const { compile: waiting, refused } = await firstThatCompile(
    first,
    mutants,
    wanted.sample,
    ending.signal,
  );
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
  const works = Array.from({ length: wanted.copies }).map(work);
  // Whatever ends one of them ends all: nobody may work in a copy when it is removed.
  for (const each of works) each.catch((error) => ending.abort(error));
  await Promise.allSettled(works);
  // What was tried before a signal is a sample, too. What was under way has no verdict.
  for (const line of summary(verdicts)) print(line);
  ending.signal.throwIfAborted();
  return verdicts.length > 0 && enough(verdicts) && gone.length === 0 && await judge.isSound()
    ? 0
    : 1;
}

try {
  Deno.exitCode = await mutate(chosen());
} catch (error) {
  if (ending.signal.reason !== ASKED) throw error;
  Deno.exitCode = ASKED;
} finally {
  await removeAll();
}
Deno.exit();
