/**
 * A few seconds of what `main.ts` does for minutes. Replay the dice of a run with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { seedOfRun } from "../tools/chance.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { runChaos } from "./chaos.ts";
import { detailsOf } from "./report.ts";
import { targetOf } from "./targets.ts";

const seed = seedOfRun();
const PLAN = {
  ...{ operations: SIZES.chaosOperations, kills: 2, pauses: 5, refusals: 1, seed },
  // Longer than any lease lives.
  refusalMs: 8_000,
};
const RUNTIMES = ["node", "deno", "node", "workerd"] as const;

const BACKENDS = [
  ...["upstash-always", "upstash-renamed", "neon-cached", "neon-stepped", "mariadb", "consul"],
];

for (const backend of BACKENDS) {
  Deno.test({
    name:
      `${backend}, killed, frozen and refusing under clients that are killed, frozen and stopped: no law is broken (seed ${seed})`,
    // The bundler's process ends a little after it says so.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const target = targetOf(backend);
      const [first, ...others] = RUNTIMES;
      // Where the server's clock is stepped, a client's is not to be trusted either.
      const runtimes = [target.stepped ? "stepped" : first, ...others] as const;
      const result = await runChaos({ ...PLAN, target, runtimes });
      const { violations, shortfalls, damage } = result;
      assert.deepEqual([...violations, ...shortfalls], [], detailsOf(result));
      assert.equal(damage.down.length, PLAN.kills);
    },
  });
}
