/**
 * What a driver says of itself.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MAX_TTL } from "../../drivers/kit/check.ts";
import type { Case } from "./backend.ts";
import { granted, lists, renewed } from "./expect.ts";
import { acquire, inspect, renew } from "./operations.ts";
import { law } from "./scene.ts";

const CONSISTENCY: readonly string[] = ["linearizable", "until-failover"];
const CLOCK: readonly string[] = ["process", "host", "server"];
const DURABILITY: readonly string[] = ["process", "disk", "replicas", "asynchronous"];

/** Cases about `name` and `guarantees`. */
export const guaranteeCases: readonly Case[] = [
  law(9, "name and guarantees are well formed, and the same for every handle", (on) => {
    const { name, guarantees } = on.driver;
    const { consistency, clock, durability, push, minTtl, overrun = 1, fair = true } = guarantees;
    assert.match(name, /^[a-z][a-z0-9+.:-]{0,63}$/, "a short lower-case name");
    assert.ok(CONSISTENCY.includes(consistency), `consistency ${consistency}`);
    assert.ok(CLOCK.includes(clock), `clock ${clock}`);
    assert.ok(DURABILITY.includes(durability), `durability ${durability}`);
    assert.deepEqual([typeof push, typeof fair], ["boolean", "boolean"]);
    assert.ok(Number.isSafeInteger(minTtl) && minTtl >= 1 && minTtl <= MAX_TTL, `${minTtl}`);
    assert.ok(overrun >= 1 && overrun < Infinity, `${overrun}`);
    assert.deepEqual(on.other.guarantees, guarantees);
    assert.equal(on.other.name, name);
    return Promise.resolve();
  }),
  law(
    9,
    "a handle may be disposable: then it goes, twice if need be, and no lease with it",
    async (on) => {
      const gone = await on.backend.connect();
      const dispose = gone[Symbol.asyncDispose];
      assert.ok(dispose === undefined || typeof dispose === "function", `${typeof dispose}`);
      const mine = acquire(on.name());
      const lease = await granted(gone, mine);
      for (let turn = 0; turn < 2; turn++) await dispose?.call(gone);
      await lists(on.driver, inspect(mine.resource), [lease]);
      await renewed(on.other, renew(mine), lease);
    },
  ),
];
