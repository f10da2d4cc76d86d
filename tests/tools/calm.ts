/**
 * `deno task calm [--times 10] [--beside 2] [what to run]`: runs tests again and again beside
 * processes that do nothing but compute, at the same priority. No test may fail for want of time. Nothing
 * steps back for others then: what runs aside at other times would have next to nothing of a processor.
 *
 * What to run is what `deno task test` takes; everything by default.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is a command

import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    times: { type: "string", default: "10" },
    beside: { type: "string", default: "2" },
  },
});

/** A number that was given; anything else is refused before a long run begins. */
function whole(name: "times" | "beside", least: number): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= least) return number;
  console.error(`Cannot use --${name} ${values[name]}: it must be a whole number from ${least} on`);
  Deno.exit(2);
}

const [times, beside] = [whole("times", 1), whole("beside", 0)];
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
  const { success } = await run(["run", "-A", "tests/run.ts", "--even", ...positionals]).status;
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
