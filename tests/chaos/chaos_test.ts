/**
 * A few seconds of what `main.ts` does for minutes. Replay the dice of a run with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { seedOfRun } from "../tools/chance.ts";
import { runChaos } from "./chaos.ts";
import { detailsOf, tableOf } from "./report.ts";
import { targetOf } from "./targets.ts";

const seed = seedOfRun();
const PLAN = { operations: 3_000, kills: 2, pauses: 5, seed };
const RUNTIMES = ["node", "deno", "node", "workerd"] as const;

for (const backend of ["upstash-always", "mariadb"]) {
  Deno.test({
    name:
      `${backend}, killed and frozen under clients that are, too: no law is broken (seed ${seed})`,
    // The bundler's process ends a little after it says so.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const result = await runChaos({ ...PLAN, target: targetOf(backend), runtimes: RUNTIMES });
      const { violations, shortfalls, windows, sum, damage, faults } = result;
      assert.deepEqual([...violations, ...shortfalls], [], detailsOf(result));
      // Or it would have shown nothing.
      for (const mode of ["exclusive", "permit", "leader", "member", "run"]) {
        assert.ok((windows[mode] ?? 0) > 0, `nobody believed in a ${mode}:\n${tableOf([result])}`);
      }
      assert.ok(sum.granted > 100 && sum.unanswered > 0, tableOf([result]));
      assert.equal(damage.down.length, PLAN.kills);
      assert.ok(Object.keys(faults).length > 5, JSON.stringify(faults));
    },
  });
}
