/**
 * What a list shows of all resources that begin alike, and what it does not.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf } from "../../errors.ts";
import { namespaced } from "../../drivers/decorators/namespaced.ts";
import type { Acquire, Driver } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { apply, granted, isGranted, released, renewed } from "./expect.ts";
import { HOSTILE, SEPARATORS } from "./hostile.ts";
import { type Held, isListed, listed } from "./listing.ts";
import { acquire, breakSeat, list, release, renew } from "./operations.ts";
import { crowdLaw, law, outlive } from "./scene.ts";

/** What no driver has ever answered as a cursor, in forms that some driver may take for one. */
const NO_CURSORS = [
  ...HOSTILE.filter(Boolean),
  "-1",
  "18446744073709551616",
  "[]",
  '["a"]',
  '["a","b","c"]',
  "[1,2]",
  "x".repeat(4_096),
];

/** Cases about `list`. */
export const listCases: readonly Case[] = [
  law(
    13,
    "a list shows the live leases of all resources that begin so, and no other",
    async (on) => {
      const unique = on.name();
      const ops = ["", "a", "a:b", "b"].flatMap((text) =>
        ["", "1", "2"].map((seat) => acquire(unique + text, { seat, value: text }))
      );
      const endless = acquire(`${unique}endless`, { ttl: Infinity });
      const held = await takeAll(on.driver, [...ops, endless]);
      await granted(on.driver, acquire(on.name()));
      isListed(await listed(on.other, unique), held);
      const under = held.filter(({ resource }) => resource.startsWith(`${unique}a`));
      isListed(await listed(on.other, `${unique}a`), under);
      isListed(await listed(on.other, `${unique}c`), []);
      await released(on.driver, breakSeat(endless));
    },
  ),
  law(13, "the pages of a list hold the same, whatever their size", async (on) => {
    const unique = on.name();
    const ops = Array.from(
      { length: 45 },
      (_, n) => acquire(unique + n % 15, { seat: `seat ${n % 4}-${n}` }),
    );
    const held = await takeAll(on.driver, ops);
    for (const limit of [1, 7, 1_000]) isListed(await listed(on.other, unique, limit), held);
  }),
  law(13, "a list of everything shows this too", async (on) => {
    const mine = acquire(on.name());
    const lease = await granted(on.driver, mine);
    const leases = await listed(on.other, "");
    const found = leases.filter(({ resource }) => resource === mine.resource);
    isListed(found, [{ resource: mine.resource, lease }]);
  }),
  law(13, "a prefix is a text and no pattern, and ends where it ends", async (on) => {
    const unique = on.name();
    const names = HOSTILE.filter(Boolean).map((text) => unique + text);
    // The last characters before and after the gap of the surrogates, and the last of all.
    const edges = ["\uD7FF", "\uE000", "\uFFFF", "\u{10000}", "\u{10FFFF}", "\u{10FFFF}z"];
    const all = [...names, ...edges.map((text) => unique + text)];
    const held = await takeAll(on.driver, all.map((resource) => acquire(resource)));
    for (const prefix of [unique, ...all]) {
      const under = held.filter(({ resource }) => resource.startsWith(prefix));
      isListed(await listed(on.other, prefix), under);
    }
  }),
  law(13, "any text may stand at the front of a prefix", async (on) => {
    const unique = on.name();
    const names = HOSTILE.map((text) => text + unique);
    const held = await takeAll(on.driver, names.map((resource) => acquire(resource)));
    for (const [index, prefix] of names.entries()) {
      isListed(await listed(on.other, prefix), held.slice(index, index + 1));
    }
  }),
  law(13, "a prefix is compared with the resource, and never with its seat", async (on) => {
    const unique = on.name();
    await takeAll(on.driver, [acquire(unique, { seat: "seat" }), acquire(unique, { seat: "" })]);
    for (const by of ["", ...SEPARATORS]) {
      isListed(await listed(on.other, `${unique}${by}seat`), []);
      if (by) isListed(await listed(on.other, `${unique}${by}`), []);
    }
  }),
  law(13, "a namespace lists its own and nothing else", async (on) => {
    const resource = on.name();
    const [one, two, inner] = [on.driver, on.other, namespaced(on.driver, "one")].map((driver, n) =>
      namespaced(driver, n === 1 ? "two" : "one")
    ) as [Driver, Driver, Driver];
    const [mine] = await takeAll(one, [acquire(resource)]);
    const [theirs] = await takeAll(two, [acquire(resource)]);
    const [nested] = await takeAll(inner, [acquire(resource)]);
    isListed(await listed(one, resource), [mine!]);
    isListed(await listed(two, resource), [theirs!]);
    isListed(await listed(inner, resource), [nested!]);
    // With the whole of each namespace, for an empty prefix must not lead out of it.
    for (const [driver, own] of [[one, mine], [two, theirs], [inner, nested]] as const) {
      const leases = (await listed(driver, "")).filter((each) => each.resource === resource);
      isListed(leases, [own!]);
    }
  }),
  law(13, "a lease that was released or has ended is not listed", async (on) => {
    const unique = on.name();
    const kept = acquire(`${unique}kept`);
    const ended = acquire(`${unique}ended`, { ttl: on.short });
    const broken = acquire(`${unique}broken`);
    const [held] = await takeAll(on.driver, [kept, ended, broken, acquire(`${unique}x`)]);
    await released(on.other, breakSeat(broken));
    await released(on.other, breakSeat({ resource: `${unique}x`, seat: "" }));
    await outlive(on);
    isListed(await listed(on.other, unique), [held!]);
    isListed(await listed(on.other, unique, 1), [held!]);
    const lease = await renewed(on.driver, renew(kept, "renewed"), held!.lease);
    isListed(await listed(on.other, unique), [{ resource: kept.resource, lease }]);
  }),
  crowdLaw(
    13,
    "what lives through a listing is listed, whatever comes and goes meanwhile",
    async (on) => {
      const unique = on.name();
      // As many as a namespace may have, where time stands still; as many as are quick elsewhere.
      const count = on.backend.many ?? 400;
      const place = (n: number) => `${unique}${n.toString(36).padStart(3, "0")}`;
      const crowd = Array.from(
        { length: count },
        (_, n) => acquire(place(n), { seat: `${n % 3}` }),
      );
      const held = await takeAll(on.driver, crowd);
      const dead = Array.from({ length: 20 }, (_, n) => acquire(place(n), { seat: "dead" }));
      await takeAll(on.driver, dead);
      await apply(on.driver, dead.map((mine) => release(mine)));
      let over = false;
      const come = async (driver: Driver, n: number): Promise<void> => {
        for (let turn = 0; turn === 0 || !over; turn++) {
          const mine = acquire(place((turn * 37 + n) % count), { seat: `guest ${n}` });
          await granted(driver, mine);
          await released(driver, release(mine));
        }
      };
      const guests = Promise.all((await on.clients(8)).map(come));
      const leases = await listed(on.other, unique, Math.ceil(count / 20)).finally(() =>
        over = true
      );
      await guests;
      const residents = leases.filter(({ seat }) => !seat.startsWith("guest"));
      isListed(residents, held);
      await inParts(on.driver, crowd.map((mine) => release(mine)));
    },
  ),
  law(
    13,
    "a list in a batch sees what was done before it, and stops nothing after it",
    async (on) => {
      const mine = acquire(on.name());
      const look = list(mine.resource);
      const outcomes = await apply(on.driver, [look, mine, look, release(mine), look]);
      const [before, grant, during, end, after] = outcomes;
      const lease = isGranted(grant, mine);
      const held = [{ resource: mine.resource, lease }];
      isListed(before?.leases ?? [], []);
      // A page may be empty although there is more: then it says so.
      if (during?.after === undefined || during.leases.length > 0) {
        isListed(during?.leases ?? [], held);
      }
      assert.equal(end?.ok, true);
      isListed(after?.leases ?? [], []);
    },
  ),
  law(13, "what is no cursor is refused, or answered with nothing but the truth", async (on) => {
    const unique = on.name();
    const held = await takeAll(on.driver, [acquire(`${unique}a`), acquire(`${unique}b`)]);
    await takeAll(on.driver, [acquire(on.name("", "front")), acquire(on.name("z", "front"))]);
    const { after: foreign } = (await apply(on.driver, [list("", 1)]))[0] ?? {};
    for (const cursor of [...NO_CURSORS, ...(foreign === undefined ? [] : [foreign])]) {
      const { leases, code } = await on.driver.apply([list(unique, 1, cursor)]).then(
        ([outcome]) => ({ leases: outcome!.leases, code: undefined }),
        (error: unknown) => ({ leases: [], code: codeOf(error) ?? error }),
      );
      assert.ok([undefined, "invalid-argument"].includes(code as undefined), `${code}: ${cursor}`);
      const ids = leases.map(({ id }) => id);
      isListed(leases, held.filter(({ lease }) => ids.includes(lease.id)));
    }
    // And no harm was done.
    isListed(await listed(on.other, unique), held);
  }),
];

/** Takes many vacant seats, a batch at a time; returns their leases, fit to be expected later. */
async function takeAll(driver: Driver, ops: readonly Acquire[]): Promise<Held[]> {
  const outcomes = await inParts(driver, ops);
  return ops.map((op, n) => ({ resource: op.resource, lease: isGranted(outcomes[n], op) }));
}

async function inParts(driver: Driver, ops: Parameters<typeof apply>[1]) {
  const outcomes = [];
  for (let at = 0; at < ops.length; at += 200) {
    outcomes.push(...await apply(driver, ops.slice(at, at + 200)));
  }
  return outcomes;
}
