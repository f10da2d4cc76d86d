/**
 * What a driver reports of its requests, and what it makes of one that it may not send.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf, ConnectionError } from "../../errors.ts";
import type { Acquire, Driver, Lease, Op, Outcome } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { apply, granted, isGranted, lists, rejected } from "./expect.ts";
import { acquire, breakSeat, ifHeld, inspect, list, release, renew } from "./operations.ts";
import { law, type Scene } from "./scene.ts";

/** Cases about `beforeRequest`. */
export const reportCases: readonly Case[] = [
  law(
    15,
    "every operation reports its requests, and what sends nothing reports nothing",
    async (on) => {
      const { mine, ops } = await oneOfEach(on);
      for (const op of ops) {
        assert.ok(
          await count(on.driver, [op]) > 0,
          `${op.op} was not reported`,
        );
      }
      assert.equal(await count(on.driver, []), 0, "an empty batch");
      let requests = 0;
      const beforeRequest = (): void => void requests++;
      await rejected(on.driver, [{ ...mine, id: "" }], { beforeRequest });
      await rejected(on.driver, [mine], { beforeRequest, signal: AbortSignal.abort(new Error()) });
      assert.equal(requests, 0, "what was refused before it was sent");
    },
  ),
  law(15, "a request that was forbidden is not sent, and the call throws why", async (on) => {
    const { mine, lease, ops } = await oneOfEach(on);
    for (const op of ops) {
      const reason = new ConnectionError("enough");
      assert.equal((await forbidden(on.driver, [op], 1, reason)).error, reason, op.op);
      const { resource = mine.resource } = op as Partial<Acquire>;
      if (resource !== mine.resource) await lists(on.other, inspect(resource), []);
    }
    await lists(on.other, inspect(mine.resource), [lease]);
  }),
  law(
    15,
    "a batch that was forbidden half way is unknown, if something may be done",
    async (on) => {
      const batch = async () => {
        const [held, kept] = [acquire(on.name()), acquire(on.name())];
        const leases = [await granted(on.driver, held), await granted(on.driver, kept)];
        const vacant = [acquire(on.name()), acquire(on.name())];
        const [one, two] = vacant as [Acquire, Acquire];
        const ops: Op[] = [one, list(one.resource), release(held), renew(kept, "renewed"), two];
        return { held, kept, leases, vacant, ops };
      };
      // Until one got through: a driver may clean up at times, so no two need take as many requests.
      for (let nth = 1;; nth++) {
        const reason = new ConnectionError("enough");
        const { held, kept, leases, vacant, ops } = await batch();
        const { outcomes, error } = await forbidden(on.driver, ops, nth, reason);
        if (outcomes) {
          assert.ok(nth > 1, "nothing was reported");
          return await done(on.other, ops, outcomes);
        }
        if (error !== reason) {
          assert.equal(codeOf(error), "unknown-outcome", `${error}, before request ${nth}`);
          assert.ok(nth > 1, "before the first request nothing can have happened");
          continue;
        }
        for (const { resource } of vacant) await lists(on.other, inspect(resource), []);
        await lists(on.other, inspect(held.resource), leases.slice(0, 1));
        await lists(on.other, inspect(kept.resource), leases.slice(1));
      }
    },
  ),
];

/** Cases for backends whose requests can be seen. */
export const requestCases: readonly Case[] = [
  law(15, "as many requests are reported as are sent", async (on) => {
    const { ops } = await oneOfEach(on);
    await sent(on);
    for (const batch of [...ops.map((op) => [op]), ops, [], [acquire(on.name()), ...ops]]) {
      const reported = await count(on.driver, batch);
      const { length } = await sent(on);
      assert.equal(reported, length, batch.map(({ op }) => op).join());
    }
  }),
  law(12, "no request is the same as an earlier one, byte for byte", async (on) => {
    const { ops } = await oneOfEach(on);
    await sent(on);
    const seen = new Set<string>();
    let all = 0;
    for (let turn = 0; turn < 5; turn++) {
      for (const driver of [on.driver, on.other]) {
        for (const batch of [...ops.map((op) => [op]), ops]) await apply(driver, batch);
      }
      for (const text of await sent(on)) {
        all++;
        seen.add(text);
      }
    }
    assert.ok(all > 0, "nothing was seen");
    assert.equal(seen.size, all, "a request was sent that a cache could answer");
  }),
];

/** One operation of each kind, which can be sent any number of times; `mine` is held. */
async function oneOfEach(on: Scene): Promise<OneOfEach> {
  const mine = acquire(on.name());
  const lease = await granted(on.driver, mine);
  const ops: Op[] = [
    renew(mine),
    inspect(mine.resource),
    inspect(mine.resource, mine.seat),
    list(mine.resource),
    release({ ...mine, id: crypto.randomUUID() }),
    breakSeat({ resource: on.name(), seat: "" }),
    acquire(mine.resource),
    acquire(on.name()),
    acquire(on.name(), { guard: ifHeld(mine.resource) }),
  ];
  return { mine, lease, ops };
}

interface OneOfEach {
  readonly mine: Acquire;
  readonly lease: Lease;
  readonly ops: readonly Op[];
}

async function count(driver: Driver, ops: readonly Op[]): Promise<number> {
  let requests = 0;
  const outcomes = await driver.apply(ops, { beforeRequest: () => void requests++ });
  assert.equal(outcomes.length, ops.length);
  return requests;
}

/** Forbids the `nth` request, and all after it. */
async function forbidden(
  driver: Driver,
  ops: readonly Op[],
  nth: number,
  reason: Error,
): Promise<{ outcomes?: readonly Outcome[]; error?: unknown }> {
  let requests = 0;
  const beforeRequest = (): void => {
    if (++requests >= nth) throw reason;
  };
  return await driver.apply(ops, { beforeRequest })
    .then((outcomes) => ({ outcomes }), (error: unknown) => ({ error }));
}

/** Whatever was forbidden of it, as cleaning up may be, a batch that was answered has been done. */
async function done(
  driver: Driver,
  ops: readonly Op[],
  outcomes: readonly Outcome[],
): Promise<void> {
  for (const [i, op] of ops.entries()) {
    assert.ok(outcomes[i]?.ok, op.op);
    if (op.op === "acquire") {
      await lists(driver, inspect(op.resource), [isGranted(outcomes[i], op)]);
    }
    if (op.op === "release") await lists(driver, inspect(op.resource), []);
  }
}

async function sent({ backend }: Scene): Promise<readonly string[]> {
  assert.ok(backend.sent, "nobody can see the requests of this backend: do not run requestCases");
  return await backend.sent();
}
