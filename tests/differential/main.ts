/**
 * `deno task differential`: random sequences of operations on each backend, compared with the reference
 * model until one differs.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is a command

import fc from "fast-check";
import { BACKENDS, DECORATORS } from "../backends/mod.ts";
import { misused, taskOptions, whole } from "../tools/task_options.ts";
import { agrees, planFor } from "./compare.ts";

const ALL = [...BACKENDS, ...DECORATORS];
const USAGE = `usage: deno task differential [--sequences N] [--backend PART] [--seed N]

  --sequences N   on each backend (default: 100000)
  --seed N        the same sequences again (default: any)
  --backend PART  only where this is a part of the name, of
${ALL.map(({ name }) => `                    ${name}`).join("\n")}

Exit status: 0 no difference, 1 a difference, 2 bad arguments.`;

const { values } = taskOptions(USAGE, {
  sequences: { type: "string", default: "100000" },
  backend: { type: "string", default: "" },
  seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 31)}` },
});
const sequences = whole(USAGE, "sequences", values.sequences, 1);
const seed = whole(USAGE, "seed", values.seed);
const chosen = ALL.filter(({ name }) => name.toLowerCase().includes(values.backend.toLowerCase()));
if (chosen.length === 0) misused(USAGE, `"${values.backend}" is a part of no backend's name`);

let differ = 0;
for (const { name, clock, lanes, start } of chosen) {
  console.log(`${name}: ${sequences} sequences from seed ${seed} on …`);
  const backend = await start();
  let [ops, compared, shown] = [0, 0, 0];
  const property = agrees(backend, await planFor(backend, clock), lanes, (count) => {
    ops += count;
    if (++compared < shown + 10_000) return;
    shown = compared;
    console.log(`  ${compared} sequences, ${ops} operations, no difference`);
  });
  try {
    // Each run compares as many sequences as there are lanes, half of them on average.
    for (let round = 0; compared < sequences; round++) {
      const result = await fc.check(property, { seed: seed + round, numRuns: 100 });
      if (!result.failed) continue;
      console.log(fc.defaultReportMessage(result));
      differ++;
      break;
    }
    console.log(`${name}: ${compared} sequences, ${ops} operations compared`);
  } finally {
    await backend.stop();
  }
}
Deno.exit(differ > 0 ? 1 : 0);
