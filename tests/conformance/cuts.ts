/**
 * What a cut connection leaves behind: no outcome, and nothing that a replay could not mend.
 *
 * @module
 */

import assert from "node:assert/strict";
import { retrying } from "../../coordination/leases/retrying.ts";
import { codeOf, isUnknown } from "../../errors.ts";
import type { Driver, Lease, Op } from "../../drivers/driver.ts";
import type { Case, Cut } from "./backend.ts";
import { apply, granted, isGranted, isOutcome, lists, rejected, step } from "./expect.ts";
import { acquire, inspect, list, release, renew } from "./operations.ts";
import { law, type Scene } from "./scene.ts";

/** Cases that cut requests and replies; only for backends that have `cut`. */
export const cutCases: readonly Case[] = [
  law(
    10,
    "of a request that was cut nothing is done, and of its outcome nothing is said",
    async (on) => {
      const { mine, lease, ops } = await operations(on);
      for (const op of ops) {
        await cut(on, "request");
        const error = await rejected(on.driver, [op]);
        const code = codeOf(error);
        // Where it certainly was not sent it may say so; then it is no fault of the caller's.
        assert.ok(
          code === undefined || code === "connection" || isUnknown(error),
          `${error} for ${op.op}`,
        );
      }
      await lists(on.other, inspect(mine.resource), [lease]);
      await lists(on.other, inspect(`${mine.resource}:new`), []);
    },
  ),
  law(10, "when a reply is cut, the outcome is unknown and never a refusal", async (on) => {
    const { ops } = await operations(on);
    for (const op of ops) {
      await cut(on, "reply");
      const error = await rejected(on.driver, [op]);
      assert.ok(codeOf(error) === undefined || isUnknown(error), `${error} for ${op.op}`);
    }
    // The handle still works.
    assert.ok((await step(on.driver, acquire(on.name()))).ok);
  }),
  law(10, "an acquire that was cut is granted by its replay, with the same token", async (on) => {
    for (const what of ["request", "reply"] as const) {
      const mine = acquire(on.name(), { value: what });
      const { driver, seen } = watched(on, mine.resource);
      await cut(on, what);
      const lease = isGranted((await apply(driver, [mine]))[0], mine);
      assert.equal(seen.length, 1, "one request was cut, and the driver did not hide it");
      const [before] = seen[0] ?? [];
      if (what === "request") assert.equal(before, undefined, "nothing of it arrived");
      else if (before) assert.equal(lease.token, before.token);
      await lists(on.other, inspect(mine.resource), [lease]);
    }
  }),
  law(10, "a renewal, a release and a batch that were cut are done by their replay", async (on) => {
    for (const what of ["request", "reply"] as const) {
      const mine = acquire(on.name());
      const other = acquire(on.name());
      const lease = await granted(on.driver, mine);
      const { driver } = watched(on, mine.resource);
      await cut(on, what);
      isOutcome((await apply(driver, [renew(mine, what)]))[0], true, []);
      await lists(on.other, inspect(mine.resource), [{ ...lease, value: what }]);
      await cut(on, what);
      const [renewal, grant] = await apply(driver, [renew(mine), other]);
      isOutcome(renewal, true, []);
      const second = isGranted(grant, other);
      await lists(on.other, inspect(other.resource), [second]);
      await cut(on, what);
      isOutcome((await apply(driver, [release(mine)]))[0], true, []);
      await lists(on.other, inspect(mine.resource), []);
    }
  }),
];

async function operations(on: Scene) {
  const mine = acquire(on.name());
  const lease = await granted(on.driver, mine);
  const look = inspect(mine.resource);
  const ops: Op[] = [
    acquire(mine.resource),
    renew(mine),
    look,
    list(mine.resource),
    release({ ...mine, id: crypto.randomUUID() }),
    acquire(`${mine.resource}:new`),
  ];
  return { mine, lease, ops };
}

/** A client that replays what was cut, as the core does; what is seen of a resource after each cut. */
function watched(on: Scene, resource: string): { driver: Driver; seen: (readonly Lease[])[] } {
  const seen: (readonly Lease[])[] = [];
  const { name, guarantees } = on.driver;
  const driver: Driver = {
    name,
    guarantees,
    async apply(ops, options) {
      try {
        return await on.driver.apply(ops, options);
      } catch (error) {
        seen.push((await step(on.other, inspect(resource))).leases);
        throw error;
      }
    },
  };
  return { driver: retrying(driver), seen };
}

async function cut({ backend }: Scene, what: Cut): Promise<void> {
  assert.ok(backend.cut, "nobody can cut the way to this backend: do not run cutCases");
  await backend.cut(what);
}
