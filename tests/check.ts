/**
 * `deno task check`: every rule of the house that a machine can hold us to.
 *
 * @module
 */

const root = new URL("../", import.meta.url);
const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
const entries = Object.values<string>(exports);

/**
 * What must need no runtime of its own: all but a file, a command, a suite that uses `node:assert`, and
 * what can load any of our drivers. One of these brings Node's types to all that is checked with it,
 * and then `process` is known everywhere.
 */
const web = entries.filter((entry) => !/sqlite|schema\.ts$|url\.ts$|conformance/.test(entry));
const webOnly = ["--config", "tests/tools/web.json", "--import-map", "deno.json"];

const CHECKS: readonly (readonly [what: string, args: readonly string[]])[] = [
  ["format", ["fmt", "--check", "--quiet"]],
  ["lint", ["lint", "--quiet"]],
  ["types, in the examples of the docs too", ["check", "--quiet", "--doc", ...entries]],
  ["types of tests and examples", ["check", "--quiet", "tests", "examples"]],
  ["types, with a browser's libraries only", ["check", "--quiet", ...webOnly, ...web]],
  ["docs of every export", ["doc", "--lint", "--quiet", ...entries]],
  ["the verbs that Coordinator shows", ["run", "--quiet", "-A", "tests/tools/verbs.ts"]],
  ["layering", ["run", "--quiet", "-A", "tests/tools/layering.ts"]],
  ["size", ["run", "--quiet", "-A", "tests/tools/size.ts"]],
  ["what would be published", ["publish", "--dry-run", "--allow-dirty", "--quiet"]],
];

let failures = 0;
for (const [what, args] of CHECKS) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
  })
    .output();
  // deno-lint-ignore no-console -- this is a command
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${what}`);
  // Only what failed, and the table of sizes, is worth reading.
  if (code !== 0 || what === "size") await Deno.stdout.write(stdout);
  if (code !== 0) {
    await Deno.stdout.write(stderr);
    failures++;
  }
}
Deno.exit(failures > 0 ? 1 : 0);
