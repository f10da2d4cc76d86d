/**
 * What the pages of a resource show, which are read from its last seat on.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Lease } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { apply, bySeat, granted, isGranted, isOutcome, lists, released, step } from "./expect.ts";
import { HOSTILE } from "./hostile.ts";
import { acquire, inspect, page, release } from "./operations.ts";
import { crowdLaw, law, outlive } from "./scene.ts";

/** A scheduled instant in ms, of which each is one more. */
const FIRST = 1_799_999_999_990;
const slot = (n: number): string => `${FIRST + n}`;

/** Cases about `inspect` with a limit. */
export const pageCases: readonly Case[] = [
  law(16, "the pages of a resource hold what the whole does, each lease once", async (on) => {
    const resource = on.name();
    await takeAll(on.driver, resource, [
      ...HOSTILE,
      ...Array.from({ length: 20 }, (_, n) => slot(n)),
    ]);
    await granted(on.driver, acquire(`${resource}0`, { seat: slot(0) }));
    const whole = (await step(on.other, inspect(resource))).leases;
    for (const limit of [1, 7, 1_000]) {
      const leases = (await paged(on.other, resource, limit)).flat();
      assert.deepEqual(leases.map(named).sort(), whole.map(named).sort());
      for (const { id, left } of leases) {
        const most = whole.find((lease) => lease.id === id)?.left ?? 0;
        assert.ok(left > 0 && left <= most + 1, `${left} ms left of ${most}`);
      }
    }
  }),
  law(16, "a page has no more leases than its limit, ordered by seat", async (on) => {
    const resource = on.name();
    await takeAll(on.driver, resource, [
      ...HOSTILE,
      ...Array.from({ length: 20 }, (_, n) => slot(n)),
    ]);
    for (const limit of [1, 2, 30]) {
      for (const leases of await paged(on.other, resource, limit)) {
        assert.ok(leases.length <= limit, `${leases.length} leases on a page of ${limit}`);
        assert.deepEqual(leases, [...leases].sort(bySeat));
      }
    }
  }),
  law(16, "seats that are numbers of equally many digits come from the last one on", async (on) => {
    const resource = on.name();
    // Not in the order of their coming, and over a change of most digits.
    const seats = Array.from({ length: 29 }, (_, n) => slot(n * 11 % 29));
    const held = await takeAll(
      on.driver,
      resource,
      seats.flatMap((seat) => [seat, `${seat}/done`]),
    );
    const found = await paged(on.other, resource, 7);
    const latest = found.flatMap((leases) => leases.toReversed()).map(({ seat }) => seat);
    const expected = held.map(({ seat }) => seat).sort().reverse();
    const numbers = (list: string[]) => list.map((seat) => parseInt(seat));
    assert.deepEqual(numbers(latest), numbers(expected));
    for (const n of [0, 13, 28]) {
      const { leases } = await step(on.other, page(resource, 3, slot(n)));
      const earlier = held.filter(({ seat }) => parseInt(seat) < FIRST + n).sort(bySeat);
      assert.deepEqual(
        numbers(leases.map(({ seat }) => seat)),
        numbers(earlier.slice(-3).map(({ seat }) => seat)),
      );
    }
  }),
  law(16, "a page may begin before any seat, held or not", async (on) => {
    const resource = on.name();
    await takeAll(on.driver, resource, HOSTILE);
    const whole = (await paged(on.other, resource, 1)).flat().map(({ seat }) => seat);
    assert.deepEqual([...whole].sort(), [...HOSTILE].sort());
    for (const [n, seat] of whole.entries()) {
      const { leases } = await step(on.other, page(resource, 1_000, seat));
      assert.deepEqual(leases.map((lease) => lease.seat), whole.slice(n + 1).sort());
      const { leases: more } = await step(on.other, page(resource, 1_000, `${seat}\u0001`));
      assert.ok(
        more.some((lease) => lease.seat === seat),
        `before what follows ${JSON.stringify(seat)}`,
      );
    }
  }),
  law(16, "a lease that was released or has ended is on no page", async (on) => {
    const resource = on.name();
    const ops = Array.from(
      { length: 12 },
      (_, n) => acquire(resource, { seat: slot(n), ...(n % 3 === 0 && { ttl: on.short }) }),
    );
    for (const op of ops) await granted(on.driver, op);
    for (const op of ops.filter((_, n) => n % 3 === 1)) await released(on.driver, release(op));
    await outlive(on);
    for (const limit of [1, 4, 1_000]) {
      const seats = (await paged(on.other, resource, limit)).flat().map(({ seat }) => seat);
      assert.deepEqual(seats.sort(), [2, 5, 8, 11].map(slot));
    }
    await lists(on.other, inspect(`${resource} nobody`), []);
    isOutcome(await step(on.other, page(`${resource} nobody`, 1)), true, []);
  }),
  law(16, "a limit changes nothing where a seat is named", async (on) => {
    const mine = acquire(on.name(), { seat: "b" });
    const lease = await granted(on.driver, mine);
    await lists(on.other, { ...inspect(mine.resource, "b"), limit: 1, before: "a" }, [lease]);
  }),
  law(16, "a page in a batch sees what was done before it", async (on) => {
    const mine = acquire(on.name(), { seat: slot(0) });
    const look = page(mine.resource, 2);
    const outcomes = await apply(on.driver, [look, mine, look, release(mine), look]);
    isOutcome(outcomes[0], true, []);
    isOutcome(outcomes[2], true, [isGranted(outcomes[1], mine)]);
    isOutcome(outcomes[4], true, []);
  }),
  crowdLaw(
    16,
    "what lives through all pages is on them once, whatever comes and goes",
    async (on) => {
      const resource = on.name();
      // As many as a job may remember, where time stands still; as many as are quick elsewhere.
      const count = on.backend.many ?? 400;
      const held = await takeAll(
        on.driver,
        resource,
        Array.from({ length: count }, (_, n) => slot(2 * n)),
      );
      let over = false;
      const come = async (driver: Driver, n: number): Promise<void> => {
        for (let turn = 0; turn === 0 || !over; turn++) {
          const mine = acquire(resource, { seat: slot(2 * ((turn * 37 + n) % count) + 1) });
          const { ok } = await step(driver, mine);
          if (ok) await released(driver, release(mine));
        }
      };
      const guests = Promise.all((await on.clients(8)).map(come));
      const pages = await paged(on.other, resource, Math.ceil(count / 20)).finally(() =>
        over = true
      );
      await guests;
      const residents = pages.flat().filter(({ seat }) => parseInt(seat) % 2 === 0);
      assert.deepEqual(residents.map(named).sort(), held.map(named).sort());
    },
  ),
];

/** All pages of a resource, in the order in which they come. */
async function paged(driver: Driver, resource: string, limit: number): Promise<Lease[][]> {
  const pages: Lease[][] = [];
  let before: string | undefined;
  for (;;) {
    const { ok, leases, after } = await step(driver, page(resource, limit, before));
    assert.equal(ok, true, "a page is always ok");
    pages.push([...leases]);
    if (after === undefined) return pages;
    assert.notEqual(after, before, "a page that leads to itself never ends");
    before = after;
  }
}

/** Takes vacant seats of a resource, some at a time. */
async function takeAll(
  driver: Driver,
  resource: string,
  seats: readonly string[],
): Promise<Lease[]> {
  const ops = seats.map((seat) => acquire(resource, { seat, value: `of ${seat}` }));
  const leases: Lease[] = [];
  for (let at = 0; at < ops.length; at += 200) {
    const some = ops.slice(at, at + 200);
    const outcomes = await apply(driver, some);
    some.forEach((op, n) => leases.push(isGranted(outcomes[n], op)));
  }
  return leases;
}

function named({ seat, id, token, value }: Lease): string {
  return JSON.stringify([seat, id, token, value]);
}
