/**
 * Many clients at once, and exactly one winner.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Lease, Op, Outcome } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { apply, granted, isGranted, isOutcome, released, step } from "./expect.ts";
import { acquire, breakSeat, ifHeld, ifVacant, inspect, release, renew } from "./operations.ts";
import { crowdLaw, law, type Scene } from "./scene.ts";

const CLIENTS = 16;

/** Cases about races. */
export const raceCases: readonly Case[] = [
  crowdLaw(3, "of sixteen that race for a seat one wins, and all others see it", async (on) => {
    const clients = await on.clients(CLIENTS);
    const resource = on.name();
    let last = -1;
    for (let round = 0; round < rounds(on); round++) {
      const bids = clients.map(() => acquire(resource, { value: `round ${round}` }));
      const outcomes = await race(clients, bids);
      const winners = bids.filter((_, index) => outcomes[index]?.ok);
      assert.equal(winners.length, 1, `round ${round} has ${winners.length} winners`);
      const [winner] = winners;
      assert.ok(winner);
      const lease = isGranted(outcomes[bids.indexOf(winner)], winner);
      for (const outcome of outcomes) isOutcome(outcome, outcome.ok, [lease]);
      assert.ok(lease.token > last, `token ${lease.token} after ${last}`);
      last = lease.token;
      await released(on.driver, release(winner));
    }
  }),
  crowdLaw(3, "clients that come and go never hold a seat together", async (on) => {
    const resource = on.name();
    const tokens: number[] = [];
    let inside = 0;
    await Promise.all((await on.clients(8)).map(async (driver) => {
      for (let turn = 0; turn < 40; turn++) {
        const mine = acquire(resource);
        const { ok, leases: [lease] } = await step(driver, mine);
        if (!ok || !lease) continue;
        assert.equal(++inside, 1, "two are inside");
        tokens.push(lease.token);
        await step(driver, inspect(resource));
        inside--;
        await released(driver, release(mine));
      }
    }));
    assert.ok(tokens.length > 0);
    const growing = tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? 0));
    assert.ok(growing, `tokens did not grow: ${tokens}`);
  }),
  crowdLaw(3, "readers and a writer that race never hold a lock together", async (on) => {
    const clients = await on.clients(CLIENTS);
    for (let round = 0; round < rounds(on) / 2; round++) {
      const writer = on.name();
      const readers = `${writer}:readers`;
      const bids = clients.map((_, index) =>
        index % 2
          ? acquire(writer, { guard: ifVacant(readers) })
          : acquire(readers, { seat: `${index}`, guard: ifVacant(writer, "") })
      );
      await race(clients, bids);
      const [wrote, read] = await apply(on.driver, [inspect(writer), inspect(readers)]);
      const all = [wrote?.leases.length, read?.leases.length];
      assert.ok(all.join() === "1,0" || all.join() === "0,8", `${all} write and read`);
    }
  }),
  crowdLaw(3, "joins and a delete that race never leave a member without a group", async (on) => {
    const clients = await on.clients(CLIENTS);
    for (let round = 0; round < rounds(on) / 2; round++) {
      const group = acquire(on.name());
      const members = on.name();
      await granted(on.driver, group);
      const bids = clients.map((_, index): Op =>
        // Deletes come late in the queue in one round and early in another.
        (index + round) % 5 === 0
          ? breakSeat(group, ifVacant(members))
          : acquire(members, { seat: `${index}`, guard: ifHeld(group.resource, "") })
      );
      const outcomes = await race(clients, bids);
      const [kept, joined] = await apply(on.driver, [inspect(group.resource), inspect(members)]);
      assert.ok(
        kept?.leases.length || !joined?.leases.length,
        `round ${round}: ${joined?.leases.length} members without a group`,
      );
      const wins = outcomes.filter(({ ok }) => ok).length;
      assert.equal(wins, kept?.leases.length ? joined?.leases.length : 1);
    }
  }),
  law(6, "a renewal and a takeover that race at the end do not both succeed", async (on) => {
    for (const shift of [-1, 0, 1]) {
      const mine = acquire(on.name(), { ttl: on.short });
      const theirs = acquire(mine.resource);
      const lease = await granted(on.driver, mine);
      await on.units(4 + shift / 4);
      const [kept, taken] = await race([on.driver, on.other], [renew(mine), theirs]);
      assert.ok(!(kept?.ok && taken?.ok), "the lease has two holders");
      if (kept?.ok) isOutcome(kept, true, []);
      if (taken?.ok) assert.ok((taken.leases[0] as Lease).token > lease.token);
    }
  }),
];

function rounds({ backend }: Scene): number {
  return backend.rounds ?? 200;
}

/** Starts all operations before waiting for any, each by a client of its own. */
async function race(clients: readonly Driver[], ops: readonly Op[]): Promise<Outcome[]> {
  const answers = await Promise.all(
    ops.map((op, index) => step(clients[index % clients.length] as Driver, op)),
  );
  return answers;
}
