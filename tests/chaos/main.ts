/**
 * `deno run -A tests/chaos/main.ts`: real clients over the published API against real servers, which
 * are killed, frozen and lied about; then a judge reads what all of them have written down.
 *
 * Its exit status is 1 on a violation, and when a count that was asked for was not reached.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type BackendName, BACKENDS, isStepped } from "./backends.ts";
import { NO_FAKETIME, type Result, runChaos } from "./chaos.ts";
import { faketimeLibrary } from "./faked_clock.ts";
import { detailsOf, jsonOf, passed, tableOf } from "./report.ts";

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "all" },
    operations: { type: "string", default: "200000" },
    kills: { type: "string", default: "50" },
    pauses: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    json: { type: "string" },
    history: { type: "string" },
  },
});

function count(name: "operations" | "kills" | "pauses" | "seed"): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} is a whole number`);
  return value;
}

function backends(): readonly BackendName[] {
  if (values.backend === "all") return BACKENDS;
  const names = values.backend.split(",");
  const unknown = names.find((name) => !BACKENDS.some((each) => each === name));
  if (unknown !== undefined) throw new Error(`--backend is all or of ${BACKENDS.join(", ")}`);
  return BACKENDS.filter((name) => names.includes(name));
}

const plan = {
  ...{ operations: count("operations"), kills: count("kills"), pauses: count("pauses") },
  seed: count("seed"),
};
const results: Result[] = [];
/** What is not run, and why; no silence about it. */
const notRun = [
  "clock steps on redis: Debian's Redis does not start under libfaketime",
];
for (const backend of backends()) {
  if (isStepped(backend) && faketimeLibrary() === undefined) {
    notRun.push(`${backend}: ${NO_FAKETIME}`);
    continue;
  }
  const history = values.history === undefined ? {} : { history: `${values.history}.${backend}` };
  // deno-lint-ignore no-console -- this is a command
  const progress = (said: string) => console.error(`${backend}: ${said}`);
  const result = await runChaos({ ...plan, backend, ...history, progress });
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
