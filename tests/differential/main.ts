/**
 * `deno task differential [--sequences 100000] [--backend postgres] [--seed N]`: random sequences of
 * operations on each backend, compared with the reference model until one differs.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is a command

import { parseArgs } from "node:util";
import fc from "fast-check";
import { BACKENDS, DECORATORS } from "../backends/mod.ts";
import { agrees, planFor } from "./compare.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    sequences: { type: "string", default: "100000" },
    backend: { type: "string", default: "" },
    seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 31)}` },
  },
});
const [sequences, seed] = [Number(values.sequences), Number(values.seed)];
const ALL = [...BACKENDS, ...DECORATORS];
const chosen = ALL.filter(({ name }) => name.toLowerCase().includes(values.backend.toLowerCase()));
if (!(sequences > 0) || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(
    "Cannot compare: --sequences and --seed are whole numbers, and --backend is a part of one of\n" +
      ALL.map(({ name }) => `  ${name}`).join("\n"),
  );
  Deno.exit(2);
}

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
