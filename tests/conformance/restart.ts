/**
 * What a backend still knows after it has been restarted.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { granted, isOutcome, lists, refused, released, renewed, step } from "./expect.ts";
import { acquire, breakSeat, inspect, release, renew } from "./operations.ts";
import { law, outlive, overrunOf, type Scene, untilVacant } from "./scene.ts";

/** Cases that restart the backend; only for those that have `restart`. */
export const restartCases: readonly Case[] = [
  law(5, "the token grows across a restart, for seats held and seats vacant", async (on) => {
    const [held, vacant] = [on.name(), on.name()];
    const mine = acquire(vacant);
    const first = await granted(on.driver, acquire(held));
    const second = await granted(on.driver, mine);
    await released(on.driver, release(mine));
    const driver = await restarted(on);
    await driver.apply([breakSeat({ resource: held, seat: "" })]);
    for (const [resource, { token }] of [[held, first], [vacant, second]] as const) {
      const next = await granted(driver, acquire(resource));
      assert.ok(next.token > token, `token ${next.token} was granted after ${token}`);
    }
  }),
  law(
    2,
    "a lease survives a restart whole where durability says so, else whole or not",
    async (on) => {
      const mine = acquire(on.name(), { seat: "s", value: "finite" });
      const endless = acquire(on.name(), { seat: "s", value: "endless", ttl: Infinity });
      const leases = [await granted(on.driver, mine), await granted(on.driver, endless)];
      const driver = await restarted(on);
      for (const [index, op] of [mine, endless].entries()) {
        const lease = leases.slice(index, index + 1);
        const seen = await step(driver, inspect(op.resource));
        if (seen.leases.length > 0 || isDurable(on)) isOutcome(seen, true, lease);
      }
      if (isDurable(on)) {
        for (const [index, op] of [mine, endless].entries()) {
          const lease = leases.slice(index, index + 1);
          await refused(driver, acquire(op.resource, { seat: "s" }), lease);
          for (const expected of lease) await renewed(driver, renew(op), expected);
          await released(driver, release(op));
        }
      } else await driver.apply([breakSeat(endless)]);
    },
  ),
  law(4, "a replay after a restart is the same lease, or else a new grant", async (on) => {
    const mine = acquire(on.name());
    const before = await granted(on.driver, mine);
    const after = await granted(await restarted(on), mine);
    if (isDurable(on)) assert.equal(after.token, before.token);
    else assert.ok(after.token >= before.token, `token ${after.token} after ${before.token}`);
  }),
  law(6, "a restart brings back nothing that had been released", async (on) => {
    const mine = acquire(on.name());
    await granted(on.driver, mine);
    await released(on.driver, release(mine));
    const driver = await restarted(on);
    // A crash may forget the release where writes are not waited for: that is a known weakness.
    if (!isDurable(on) && (await step(driver, inspect(mine.resource))).leases.length) return;
    await refused(driver, renew(mine), []);
    await lists(driver, inspect(mine.resource), []);
  }),
  law(2, "a restart prolongs no lease by more than its overrun allows", async (on) => {
    const mine = acquire(on.name(), { ttl: on.short });
    const expired = acquire(on.name(), { ttl: on.short });
    await granted(on.driver, expired);
    await outlive(on);
    await granted(on.driver, mine);
    await on.units(2);
    const driver = await restarted(on);
    await refused(driver, renew(expired), []);
    await on.units(2);
    // Had it begun anew, it would last for two units more. With an overrun it may begin anew.
    await untilVacant({ ...on, other: driver }, mine, overrunOf(on) > 1 ? 3 : 1);
  }),
];

async function restarted({ backend }: Scene): Promise<Driver> {
  assert.ok(backend.restart, "this backend cannot be restarted: do not run restartCases on it");
  await backend.restart();
  return await backend.connect();
}

function isDurable({ driver: { guarantees: { durability } } }: Scene): boolean {
  return durability === "disk" || durability === "replicas";
}
