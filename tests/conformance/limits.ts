/**
 * What no backend could carry is refused before anything is sent; what is just within is carried.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf } from "../../errors.ts";
import type { Op } from "../../drivers/driver.ts";
import type { Case } from "./backend.ts";
import { granted, lists, refused, rejected, released, renewed } from "./expect.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  list,
  page,
  release,
  renew,
} from "./operations.ts";
import { law } from "./scene.ts";

/** Not a text: half a character, a zero that C ends its strings with, too many bytes. */
const BAD_NAMES = ["\uD800", "a\uDC00b", "a\0", "\0", "x".repeat(513), "é".repeat(257)];
const BAD_IDS = ["", "\uD800", "\0", "x".repeat(129), "é".repeat(65)];
const BAD_VALUES = ["\uD800", "{\0}", "x".repeat(65_537), "é".repeat(32_769)];

/** Cases about arguments at and beyond their limits. */
export const limitCases: readonly Case[] = [
  law(
    11,
    "a ttl that is no whole number from minTtl to 2**31 - 1 or Infinity is refused",
    async (on) => {
      const { minTtl } = on.driver.guarantees;
      const ttls = [0, -1, NaN, 1.5, 2 ** 31, -Infinity, Number.MAX_SAFE_INTEGER, minTtl - 1];
      await refusesAll(
        on.driver,
        on.name(),
        (fine) => ttls.flatMap((ttl) => [{ ...fine, ttl }, renew({ ...fine, ttl })]),
      );
    },
  ),
  law(11, "a resource or seat that is ill-formed, empty or too long is refused", async (on) => {
    const unfit = (
      fine: ReturnType<typeof acquire>,
      parts: { resource: string } | { seat: string },
    ) => {
      const op = { ...fine, ...parts };
      return [op, renew(op), release(op), breakSeat(op), inspect(op.resource, op.seat)];
    };
    await refusesAll(on.driver, on.name(), (fine) => [
      ...[...BAD_NAMES, ""].flatMap((resource) => unfit(fine, { resource })),
      ...[...BAD_NAMES, ""].map((resource) => inspect(resource)),
      ...BAD_NAMES.flatMap((seat) => unfit(fine, { seat })),
    ]);
  }),
  law(11, "an id or value that is ill-formed or too long is refused", async (on) => {
    await refusesAll(on.driver, on.name(), (fine) => [
      ...BAD_IDS.map((id) => ({ ...fine, id })),
      ...BAD_IDS.flatMap((id) => [renew({ ...fine, id }), release({ ...fine, id })]),
      ...BAD_VALUES.flatMap((value) => [{ ...fine, value }, renew(fine, value)]),
    ]);
  }),
  law(11, "a guard on what cannot be a resource or seat is refused", async (on) => {
    await refusesAll(on.driver, on.name(), (fine) =>
      [
        ...[...BAD_NAMES, ""].flatMap((resource) => [ifHeld(resource), ifVacant(resource, "s")]),
        ...BAD_NAMES.map((seat) => ifVacant(fine.resource, seat)),
      ].flatMap((guard) => [{ ...fine, guard }, release(fine, guard), breakSeat(fine, guard)]));
  }),
  law(11, "a prefix, cursor or page size that is none is refused", async (on) => {
    const limits = [0, -1, 1.5, NaN, Infinity, 1_001, "7" as unknown as number];
    await refusesAll(on.driver, on.name(), () => [
      ...BAD_NAMES.map((prefix) => list(prefix)),
      ...limits.map((limit) => list("p", limit)),
      ...["", "\uD800", "\0", "x".repeat(4_097)].map((after) => list("p", 1, after)),
      ...limits.map((limit) => page("r", limit)),
      ...BAD_NAMES.map((before) => page("r", 1, before)),
    ]);
  }),
  law(11, "a patience that is no whole number from 0 to 2**31 - 1 is refused", async (on) => {
    const patiences = [-1, 1.5, NaN, Infinity, 2 ** 31, "7" as unknown as number];
    await refusesAll(
      on.driver,
      on.name(),
      (fine) => patiences.map((patience) => ({ ...fine, patience })),
    );
    for (const patience of [0, 2 ** 31 - 1]) {
      await granted(on.driver, acquire(on.name(), { patience }));
    }
  }),
  law(11, "a seat of 512 bytes, an id of 128 and a resource of 400 are carried", async (on) => {
    const unique = on.name();
    for (const letter of ["x", "é", "日", "\u{1F600}", '"', "\\"]) {
      const mine = acquire(fill(unique, letter, 400), {
        // Not 512 for the resource: a namespace in front of it takes its part of them.
        seat: fill("", letter, 512),
        id: fill(crypto.randomUUID(), letter, 128),
      });
      const lease = await granted(on.driver, mine);
      await lists(on.other, inspect(mine.resource, mine.seat), [lease]);
      await lists(on.other, inspect(mine.resource), [lease]);
      const guard = ifHeld(mine.resource, mine.seat);
      await granted(on.other, acquire(on.name(), { guard }));
      await renewed(on.driver, renew(mine), lease);
      await released(on.driver, release(mine));
    }
  }),
  law(11, "seats that differ in their last byte only are different seats", async (on) => {
    const resource = on.name();
    const one = acquire(resource, { seat: `${"x".repeat(511)}1` });
    const two = acquire(resource, { seat: `${"x".repeat(511)}2` });
    const leases = [await granted(on.driver, one), await granted(on.driver, two)];
    await lists(on.other, inspect(resource), leases);
  }),
  law(11, "a value of no bytes and one of 65,536 are carried", async (on) => {
    for (
      const value of [
        "",
        ...["x", "é", "日", '"', "\\", "\n"].map((l) => fill("", l, 65_536)),
      ]
    ) {
      const mine = acquire(on.name(), { value });
      const lease = await granted(on.driver, mine);
      await refused(on.other, acquire(mine.resource), [lease]);
      await renewed(on.driver, renew(mine, ""), lease);
      await renewed(on.driver, renew(mine, value), lease);
      await lists(on.other, inspect(mine.resource), [lease]);
      // Or all that comes after it would have to carry it, too, where all leases are one document.
      await released(on.driver, release(mine));
    }
  }),
];

/** As many of the letter as fit into so many bytes of UTF-8, and `x` for the rest. */
function fill(front: string, letter: string, bytes: number): string {
  const size = (text: string) => new TextEncoder().encode(text).length;
  const text = front + letter.repeat(Math.floor((bytes - size(front)) / size(letter)));
  return text + "x".repeat(bytes - size(text));
}

/** Each operation is refused, and with it the batch, however fine the rest of that is. */
async function refusesAll(
  driver: Parameters<typeof rejected>[0],
  resource: string,
  unfit: (fine: ReturnType<typeof acquire>) => readonly Op[],
): Promise<void> {
  const fine = acquire(resource);
  for (const op of unfit(acquire(resource, { seat: "unfit" }))) {
    for (const batch of [[op], [fine, op], [op, fine], [fine, inspect(resource), op]]) {
      const error = await rejected(driver, batch);
      assert.equal(codeOf(error), "invalid-argument", `${error} for ${JSON.stringify(op)}`);
    }
  }
  await lists(driver, inspect(resource), []);
}
