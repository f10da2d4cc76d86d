/**
 * `deno run -A tests/chaos/main.ts`: real clients over the published API against real servers, which
 * are killed, frozen and lied about; then a judge reads what all of them have written down.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { type Result, runChaos } from "./chaos.ts";
import { detailsOf, jsonOf, passed, tableOf } from "./report.ts";
import { misused, taskOptions, whole } from "../tools/task_options.ts";
import { type Target, TARGETS, UNSTEPPED } from "./targets.ts";

const USAGE = `usage: deno task chaos [options]

  --backend A,B     of ${TARGETS.map(({ name }) => name).join(", ")} (default: all)
  --operations N    acquisitions, renewals and releases of each (default: 200000)
  --kills N         of the server, and as many freezes (default: 50)
  --pauses N        of clients (default: 200)
  --refusals N      times in which the server refuses everything (default: 6)
  --refusal-ms N    how long each is (default: 120000)
  --seed N          the same faults again (default: any)
  --json FILE       the results
  --history FILE    what every client has seen

Exit status: 0 no violation, 1 a violation, or less was done than asked for, 2 bad arguments.`;

const { values } = taskOptions(USAGE, {
  backend: { type: "string", default: "all" },
  operations: { type: "string", default: "200000" },
  kills: { type: "string", default: "50" },
  pauses: { type: "string", default: "200" },
  refusals: { type: "string", default: "6" },
  "refusal-ms": { type: "string", default: "120000" },
  seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  json: { type: "string" },
  history: { type: "string" },
});

function count(
  name: "operations" | "kills" | "pauses" | "refusals" | "refusal-ms" | "seed",
): number {
  return whole(USAGE, name, values[name]);
}

const targets: readonly Target[] = values.backend === "all"
  ? TARGETS
  : values.backend.split(",").map((name) =>
    TARGETS.find((target) => target.name === name) ?? misused(USAGE, `there is no "${name}"`)
  );

const plan = {
  ...{ operations: count("operations"), kills: count("kills"), pauses: count("pauses") },
  ...{ refusals: count("refusals"), refusalMs: count("refusal-ms"), seed: count("seed") },
};
const results: Result[] = [];
/** What is not run, and why; no silence about it. */
const notRun = UNSTEPPED.map((key) => `clock steps on ${key}, whose server's clock cannot be`);
for (const target of targets) {
  const { name } = target;
  const history = values.history === undefined ? {} : { history: `${values.history}.${name}` };
  // deno-lint-ignore no-console -- this is a command
  const progress = (said: string) => console.error(`${name}: ${said}`);
  const result = await runChaos({ ...plan, target, ...history, progress });
  results.push(result);
  // deno-lint-ignore no-console -- this is a command
  console.log(`${tableOf([result])}\n${detailsOf(result)}\n`);
}
// deno-lint-ignore no-console -- this is a command
if (results.length > 1) console.log(tableOf(results));
// deno-lint-ignore no-console -- this is a command
for (const what of notRun) console.log(`not run: ${what}`);
if (values.json !== undefined) {
  await writeFile(values.json, `${JSON.stringify(jsonOf(results), null, 2)}\n`);
}
Deno.exit(results.every(passed) ? 0 : 1);
