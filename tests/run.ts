/**
 * `deno task test`: runs every test, and closes with one line that any reader understands. With
 * `CI=true` a skipped test is a failure.
 *
 * Most tests wait for servers and clocks, so they run in two halves at once, and beside them, with
 * what the processor has left, those that only compute. What is not shown as it comes is shown when
 * that has ended.
 *
 * @module
 */

const root = new URL("../", import.meta.url).pathname;

/** About half of the time. */
const SECOND = [
  ...["tests/differential", "tests/laws/group_race_test.ts", "tests/drivers/sql/crash_test.ts"],
  ...["tests/laws/lost_reply_test.ts", "tests/servers", "tests/runtimes", "tests/chaos"],
  "tests/security",
];
/** What looks at no clock, and can wait itself. */
const COMPUTING = ["tests/simulation", "tests/protocol", "tests/linearizability"];

/** How many tests ended how, and with what status the runner did. */
interface Count {
  readonly code: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One run of the test runner; `show` is given its output as it comes. */
async function run(
  args: readonly string[],
  show: (chunk: Uint8Array) => Promise<void>,
  before: readonly string[] = [],
): Promise<Count> {
  const [command, ...rest] = [
    ...before,
    ...[Deno.execPath(), "test", "-A", "--sanitize-ops", "--sanitize-resources", ...args],
  ];
  const child = new Deno.Command(command as string, {
    args: rest,
    cwd: root,
    stdout: "piped",
  }).spawn();
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await show(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4_000);
  }
  const { code } = await child.status;
  // deno-lint-ignore no-control-regex -- colours
  const plain = tail.replace(/\x1b\[[0-9;]*m/g, "");
  const summary = plain.split("\n").findLast((line) => / passed .*\| \d+ failed/.test(line)) ?? "";
  const counted = (word: string): number =>
    Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  return {
    code,
    passed: counted("passed"),
    failed: counted("failed"),
    skipped: counted("ignored"),
  };
}

async function write(chunk: Uint8Array): Promise<void> {
  // A pipe may take a part.
  for (let at = 0; at < chunk.length;) at += await Deno.stdout.write(chunk.subarray(at));
}

async function runAll(): Promise<Count[]> {
  // What was asked for, in one run.
  if (Deno.args.length > 0) return [await run(Deno.args, write)];
  const later: Uint8Array[] = [];
  const last: Uint8Array[] = [];
  const keep = (chunks: Uint8Array[]) => (chunk: Uint8Array) =>
    Promise.resolve(void chunks.push(chunk));
  // Tests that watch a clock must not wait for those that compute.
  const aside = Deno.build.os === "windows" ? [] : ["nice", "-n", "19"];
  const runs = [
    run(["tests", "examples", `--ignore=${[...SECOND, ...COMPUTING]}`], write),
    run(SECOND, keep(later)),
    run(COMPUTING, keep(last), aside),
  ];
  const counts = await Promise.all(runs);
  for (const chunk of [...later, ...last]) await write(chunk);
  return counts;
}

const counts = await runAll();
const sum = (of: (count: Count) => number): number => counts.reduce((all, one) => all + of(one), 0);
const [passed, failed, skipped] = [
  sum(({ passed }) => passed),
  sum(({ failed }) => failed),
  sum(({ skipped }) => skipped),
];
// deno-lint-ignore no-console -- this is a command
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
const code = counts.find(({ code }) => code !== 0)?.code ?? 0;
const nothing = counts.some(({ passed }) => passed === 0);
const skippedInCi = Deno.env.get("CI") === "true" && skipped > 0;
Deno.exit(code !== 0 ? code : skippedInCi || nothing ? 1 : 0);
