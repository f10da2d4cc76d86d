/**
 * A client that is frozen between two requests of one operation, while the lease that it has read ends
 * and others act on that.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf, isUnknown } from "../../errors.ts";
import type { Acquire, Guard, Op, Outcome } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { granted, lists, step } from "./expect.ts";
import { acquire, ifVacant, inspect, release, renew } from "./operations.ts";
import { crowdLaw, overrunOf, type Scene } from "./scene.ts";

/** Whatever is answered on the ground that a lease has ended: the operation, and whether it says so. */
const WITNESSES: Readonly<
  Record<string, readonly [(of: Acquire) => Op, (outcome: Outcome) => boolean]>
> = {
  "another acquisition of the seat": [(of) => acquire(of.resource), ({ ok }) => ok],
  "a guard that wants the seat vacant": [
    (of) => acquire(`${of.resource}:other`, { guard: ifVacant(of.resource) }),
    ({ ok }) => ok,
  ],
  "a look": [(of) => inspect(of.resource), ({ leases }) => leases.length === 0],
  "a renewal that is refused": [(of) => renew(of), ({ ok }) => !ok],
  "a release that is refused": [(of) => release(of), ({ ok }) => !ok],
};

/** How many requests of one renewal are tried. */
const REQUESTS = 3;

/** Cases that freeze a client; only for backends that have `freeze`. */
export const freezeCases: readonly Case[] = [
  ...Object.entries(WITNESSES).map(([what, [of, says]]) =>
    crowdLaw(
      6,
      `a renewal frozen on its way never revives what has ended for ${what}`,
      async (on) => {
        for (let after = 1; after < REQUESTS; after++) {
          if (!await staysEnded(on, after, of, says)) break;
        }
      },
    )
  ),
  crowdLaw(
    3,
    "a guard that fails while its acquisition is frozen on its way refuses it",
    async (on) => {
      for (const guarded of GUARDED) {
        for (let after = 0; after < REQUESTS; after++) {
          if (!await isRefusedLate(on, after, guarded)) break;
        }
      }
    },
  ),
];

/** A guard's kind, whether it is about one seat, and whether its resource has another seat meanwhile. */
type Guarded = readonly [when: Guard["when"], one: boolean, beside: boolean];

const GUARDED: readonly Guarded[] = [
  ...[["vacant", true, true], ["vacant", true, false], ["vacant", false, false]] as const,
  ...[["held", true, true], ["held", true, false], ["held", false, false]] as const,
];

/** Answers whether the acquisition takes more than `after` requests. */
async function isRefusedLate(
  on: Scene,
  after: number,
  [when, one, beside]: Guarded,
): Promise<boolean> {
  assert.ok(on.backend.freeze, "nobody can be frozen here: do not run freezeCases");
  const { driver, other } = on;
  const key = acquire(on.name(), { seat: "b" });
  if (beside) await granted(other, acquire(key.resource, { seat: "a" }));
  if (when === "held") await granted(other, key);
  const guard = { when, resource: key.resource, ...one && { seat: key.seat } };
  const mine = acquire(on.name(), { guard });
  const freeze = on.backend.freeze(after);
  try {
    const late = step(driver, mine);
    if (!await Promise.race([freeze.frozen.then(() => true), late.then(() => false)])) {
      assert.ok((await late).ok, "its guard held");
      return false;
    }
    // What is frozen may be a clean-up, and the grant done.
    const { leases: [there] } = await step(other, inspect(mine.resource));
    const [outcome] = await other.apply([when === "held" ? release(key) : key]);
    assert.ok(outcome?.ok);
    freeze.end();
    const { ok, leases } = await late;
    if (there) {
      assert.ok(ok && leases[0]?.id === there.id);
      return true;
    }
    assert.equal(ok, false, `granted though its guard failed: ${JSON.stringify(guard)}`);
    assert.deepEqual(leases.map(({ id }) => id), when === "held" ? [] : [key.id]);
    await lists(other, inspect(mine.resource), []);
    return true;
  } finally {
    freeze.end();
  }
}

/** Answers whether a renewal takes more than `after` requests: otherwise there is nothing to freeze. */
async function staysEnded(
  on: Scene,
  after: number,
  witness: (of: Acquire) => Op,
  says: (outcome: Outcome) => boolean,
): Promise<boolean> {
  assert.ok(on.backend.freeze, "nobody can be frozen here: do not run freezeCases");
  const mine = acquire(on.name(), { ttl: on.short });
  await granted(on.driver, mine);
  const freeze = on.backend.freeze(after);
  try {
    const renewal = step(on.driver, renew(mine)).then(({ ok }) => ok, (error: unknown) => error);
    const isFrozen = await Promise.race([
      freeze.frozen.then(() => true),
      renewal.then(() => false),
    ]);
    if (!isFrozen) {
      assert.equal(await renewal, true, "it was renewed in time");
      return false;
    }
    // It was renewed at the latest when it was frozen, and a part more for a clock that is behind.
    await on.units(4 * overrunOf(on) + 1);
    const outcome = await step(on.other, witness(mine));
    assert.ok(says(outcome), `it has not ended: ${JSON.stringify(outcome)}`);
    freeze.end();
    const late = await renewal;
    const failed = codeOf(late) === "connection" || isUnknown(late);
    assert.ok(late === false || failed, `the late renewal was answered ${late}`);
    const { leases } = await step(on.other, inspect(mine.resource, ""));
    assert.ok(!leases.some(({ id }) => id === mine.id), "it was revived");
    return true;
  } finally {
    freeze.end();
  }
}
