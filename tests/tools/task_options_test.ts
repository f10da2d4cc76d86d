/** What the project's own tasks say when they are asked for what they do not know. */

import assert from "node:assert/strict";

const TASKS = {
  bench: "tests/bench/main.ts",
  calm: "tests/tools/calm.ts",
  chaos: "tests/chaos/main.ts",
  differential: "tests/differential/main.ts",
  mutate: "tests/mutation/main.ts",
  simulate: "tests/simulation/main.ts",
};
const ROOT = new URL("../../", import.meta.url).pathname;

async function run(file: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", file, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), error: text(stderr) };
}

for (const [task, file] of Object.entries(TASKS)) {
  Deno.test(`deno task ${task} tells how it is used, whether it is asked to or misused`, async () => {
    const usage = `usage: deno task ${task}`;
    const help = await run(file, "--help");
    assert.deepEqual([help.code, help.out.startsWith(usage)], [0, true]);
    const wrong = await run(file, "--nonsense");
    assert.deepEqual([wrong.code, wrong.out], [2, ""]);
    assert.equal(wrong.error, `Unknown option '--nonsense'\n\n${help.out}`);
  });
}

for (
  const [task, name, given] of [
    ["calm", "times", "0"],
    ["chaos", "kills", "1.5"],
    ["simulate", "seed", "-1"],
    ["differential", "sequences", ""],
    ["mutate", "sample", "0"],
  ] as const
) {
  Deno.test(`deno task ${task} refuses --${name}=${given} before it begins`, async () => {
    const { code, error } = await run(TASKS[task], `--${name}=${given}`);
    assert.equal(code, 2);
    assert.match(error, new RegExp(`^--${name} is a whole number from \\d on, not "${given}"\n`));
  });
}
