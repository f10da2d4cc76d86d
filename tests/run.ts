/**
 * Runs tests, and closes with one line that any reader understands. With `CI=true` a skipped test is a
 * failure.
 *
 * ```
 * deno task test                  everything, with the long proofs short
 * deno task test tests/core       a folder or file alone
 * deno task test neon             what has this word in the name of its file or of itself
 * deno task test --filter x       whatever `deno test` takes
 * deno task test:quick            the core, and every backend within the process
 * deno task prove                 everything, with the long proofs long; it takes hours
 * ```
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is a command

import { inParts, type Part, QUICK, testFiles } from "./tools/parts.ts";
import { VARIABLE } from "./tools/size_of_proofs.ts";
import { type Count, type Run, runDeno } from "./tools/test_process.ts";

/** Parts that run at once: most of them wait most of the time. */
const LANES = 4;
/** Parts that run at once beside them, with less of the processor's time. */
const ASIDE = 2;

const ROOT = new URL("../", import.meta.url).pathname;
/** No part takes half of so many minutes, even on a busy machine. */
const HANGS = 25;
/** Types are checked once for all, beside the tests. */
const TEST = ["test", "-A", "--no-check", "--sanitize-ops", "--sanitize-resources"];
const CHECK: Run = { name: "types", args: ["check", "--quiet", "tests", "examples"], aside: true };
const PROOFS = [
  ["the lease protocol, searched whole", "tests/protocol/main.ts"],
  ["a million simulated runs", "tests/simulation/main.ts"],
  ["random sequences on every backend", "tests/differential/main.ts"],
  ["chaos on real servers", "tests/chaos/main.ts"],
  ["planted bugs", "tests/mutation/main.ts"],
] as const;

async function write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
  // A pipe may take a part.
  for (let at = 0; at < chunk.length;) at += await Deno.stdout.write(chunk.subarray(at));
}

/** So many at once, and those aside beside them; what each has printed is shown when it has ended, and why it failed at the end. */
async function together(runs: readonly Run[], lanes: number): Promise<Count[]> {
  const counts: Count[] = [];
  const failures: string[] = [];
  const one = async (run: Run): Promise<void> => {
    console.log(`${run.name}: begun`);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const count = await runDeno(
      { ...run, nice: run.aside },
      (chunk) => Promise.resolve(void chunks.push(chunk)),
    );
    for (const chunk of chunks) await write(chunk);
    console.log(`${brief(count)}\n`);
    counts.push(count);
    if (count.code !== 0) failures.push(`${brief(count)}\n${await whyFailed(chunks)}`);
  };
  const waiting = runs.filter(({ aside }) => !aside);
  const aside = runs.filter(({ aside }) => aside);
  const inLanes = (lanes: number, ...queues: Run[][]): Promise<void>[] =>
    Array.from({ length: lanes }, async () => {
      for (const queue of queues) {
        for (let run = queue.shift(); run; run = queue.shift()) await one(run);
      }
    });
  // What is left when those aside have ended has their lanes, too.
  await Promise.all([...inLanes(lanes, waiting), ...inLanes(ASIDE, aside, waiting)]);
  for (const failure of failures) console.log(failure);
  return counts;
}

/** The end of what a run has printed, from where it tells what went wrong; at most so many lines. */
async function whyFailed(chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const lines = (await new Blob([...chunks]).text()).split("\n");
  const from = lines.findLastIndex((line) => /^\S* ERRORS /.test(line));
  return (from < 0 ? lines.slice(-WHY) : lines.slice(from, from + WHY)).join("\n");
}

/** Lines; whoever reads only the end of a long record must find every part's failure there. */
const WHY = 80;

function brief({ name, code, passed, failed, skipped, seconds, busy }: Count): string {
  const tests = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  const time = `${seconds.toFixed(0)} s` +
    (busy === undefined ? "" : `, ${busy.toFixed(0)} s of a processor`);
  return `${name}: ${code === 0 ? "" : "FAILED, "}${tests} (${time})`;
}

async function everything(full: boolean): Promise<Count[]> {
  const environment = { [VARIABLE]: full ? "full" : "short" };
  const run = ([{ name, aside }, files]: [Part, string[]]): Run => ({
    ...{ name, environment },
    args: [...TEST, ...files],
    ...(aside && { aside }),
    ...(!full && { limit: HANGS }),
  });
  const runs = [...inParts(await testFiles(ROOT))].map(run);
  const counts = await together([...runs, CHECK], LANES);
  // A part that has run nothing has not passed.
  return counts.map((count) =>
    count.passed === 0 && count.name !== CHECK.name ? { ...count, code: count.code || 1 } : count
  );
}

/** All tests, and then one after the other what goes on for long. */
async function proved(): Promise<Count[]> {
  const counts = await everything(true);
  for (const [name, file] of PROOFS) {
    console.log(`${name}: begun`);
    counts.push(await runDeno({ name, args: ["run", "-A", file] }, write));
    console.log(`${brief(counts.at(-1) as Count)}\n`);
  }
  return counts;
}

/** Some files whole, and of some others the tests with such a name. */
async function chosen(
  what: string,
  files: RegExp,
  names: string,
  partly: RegExp = /^/,
): Promise<Count[]> {
  const all = await testFiles(ROOT);
  const whole = all.filter((file) => files.test(file));
  const others = all.filter((file) => partly.test(file) && !whole.includes(file));
  // Every other file, so that both halves take about as long.
  const halves = [0, 1].map((half) => whole.filter((_, n) => n % 2 === half));
  return await together([
    ...halves.filter((files) => files.length > 0)
      .map((files) => ({ name: `${what}: files`, args: [...TEST, ...files] })),
    { name: `${what}: tests`, args: [...TEST, "--filter", `/(?i)${names}/`, ...others] },
  ], 3);
}

async function asked(args: readonly string[]): Promise<Count[]> {
  const [first, ...more] = args;
  if (first === undefined) return await everything(false);
  if (first === "--prove" && more.length === 0) return await proved();
  if (first === "--quick" && more.length === 0) {
    return await chosen("quick", QUICK.files, QUICK.names, QUICK.partly);
  }
  if (more.length === 0 && /^\w+$/.test(first) && !await exists(first)) {
    return await chosen(first, new RegExp(first, "i"), first);
  }
  // In one process, and shown as it comes.
  return [await runDeno({ name: args.join(" "), args: [...TEST, ...args] }, write)];
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(`${ROOT}/${path}`).then(() => true, () => false);
}

const counts = await asked(Deno.args);
const sum = (of: (count: Count) => number): number => counts.reduce((all, one) => all + of(one), 0);
const [passed, failed, skipped] = [
  sum(({ passed }) => passed),
  sum(({ failed }) => failed),
  sum(({ skipped }) => skipped),
];
if (counts.length > 1) {
  for (const count of counts.toSorted((a, b) => b.seconds - a.seconds)) console.log(brief(count));
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
const code = counts.find(({ code }) => code !== 0)?.code ?? 0;
const skippedInCi = Deno.env.get("CI") === "true" && skipped > 0;
Deno.exit(code !== 0 ? code : skippedInCi || passed === 0 ? 1 : 0);
