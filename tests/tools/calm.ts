/**
 * `deno task calm`: runs tests again and again beside processes that do nothing but compute, at the same
 * priority. No test may fail for want of time.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is a command

import { taskOptions, whole } from "./task_options.ts";

const USAGE = `usage: deno task calm [--times N] [--beside N] [WHAT]

  --times N   how often (default: 10)
  --beside N  processes that only compute (default: 2)
  WHAT        what \`deno task test\` takes (default: everything)

Exit status: 0 no run failed, 1 one did, 2 bad arguments.`;

const { values, positionals } = taskOptions(USAGE, {
  times: { type: "string", default: "10" },
  beside: { type: "string", default: "2" },
});
const [times, beside] = [
  whole(USAGE, "times", values.times, 1),
  whole(USAGE, "beside", values.beside),
];
const root = new URL("../../", import.meta.url).pathname;
const run = (args: readonly string[]) =>
  new Deno.Command(Deno.execPath(), { args: [...args], cwd: root }).spawn();

// A loop ends with its input, so none outlives this process, however that ends.
const LOOP = `
const worker = new Worker("data:text/javascript,for(;;);", { type: "module" });
for await (const _ of Deno.stdin.readable);
worker.terminate();
Deno.exit();`;
const loops = Array.from({ length: beside }, () =>
  new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", LOOP],
    stdin: "piped",
  }).spawn());

let failed = 0;
const start = performance.now();
for (let time = 1; time <= times; time++) {
  const { success } = await run(["run", "-A", "tests/run.ts", ...positionals]).status;
  if (!success) failed++;
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(
    `calm: run ${time} of ${times} beside ${beside} loops ${success ? "passed" : "FAILED"}, ` +
      `${failed} failed so far, ${minutes} minutes\n`,
  );
}
await Promise.all(loops.map(async (loop) => {
  await loop.stdin.close();
  await loop.status;
}));
Deno.exit(failed > 0 ? 1 : 0);
