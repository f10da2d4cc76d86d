/**
 * `deno task test`: runs every test, and closes with one line that any reader understands. With
 * `CI=true` a skipped test is a failure.
 *
 * @module
 */

const root = new URL("../", import.meta.url).pathname;
const child = new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--sanitize-ops", "--sanitize-resources", ...filters(Deno.args)],
  cwd: root,
  stdout: "piped",
}).spawn();

let tail = "";
const decoder = new TextDecoder();
for await (const chunk of child.stdout) {
  await Deno.stdout.write(chunk);
  tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4_000);
}
const { code } = await child.status;

// deno-lint-ignore no-control-regex -- colours
const plain = tail.replace(/\x1b\[[0-9;]*m/g, "");
const summary = plain.split("\n").findLast((line) => / passed .*\| \d+ failed/.test(line)) ?? "";
const counted = (word: string): number =>
  Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
const [passed, failed, ignored] = [counted("passed"), counted("failed"), counted("ignored")];
// deno-lint-ignore no-console -- this is a command
console.log(`${passed} passed, ${failed} failed${ignored > 0 ? `, ${ignored} skipped` : ""}`);
const skippedInCi = Deno.env.get("CI") === "true" && ignored > 0;
Deno.exit(code !== 0 ? code : skippedInCi || passed === 0 ? 1 : 0);

/** What to run: what was asked for, or everything. */
function filters(args: readonly string[]): readonly string[] {
  return args.length > 0 ? args : ["tests", "examples"];
}
