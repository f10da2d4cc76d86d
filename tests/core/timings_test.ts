/** How long a grant counts as held, and which numbers are refused: each limit, and what is just beyond it. */

import assert from "node:assert/strict";
import {
  checkTimings,
  checkWait,
  checkWork,
  type ClockBounds,
  clockBounds,
  looksLikeSeconds,
  patienceOf,
  validity,
} from "../../coordination/leases/timings.ts";
import type { Guarantees } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";

/** Of a backend of which the clock is ours, with a shortest ttl. */
const OURS: Guarantees = { ...memory().guarantees, minTtl: 100 };
const THEIRS: Guarantees = { ...OURS, clock: "server" };

/** What is refused, by the sentence that says why; `undefined` when nothing is. */
function refusal(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    assert.equal((error as { code?: string }).code, "invalid-argument");
    return (error as Error).message;
  }
}

Deno.test("bounds are 1 % and half a second of the server's clock, from 0 up to a half, and finite", () => {
  assert.deepEqual(clockBounds({}, OURS), { rate: 0.01, step: 0 });
  assert.deepEqual(clockBounds({}, THEIRS), { rate: 0.01, step: 500 });
  for (const given of [{ rate: 0, step: 0 }, { rate: 0.49, step: 7 }]) {
    assert.deepEqual(clockBounds(given, THEIRS), given);
  }
  const wrong: [object, RegExp][] = [
    [{ rate: 0.5 }, /clock rate.*from 0 up to 0\.5/],
    [{ rate: 1 }, /clock rate/],
    [{ rate: -0.01 }, /clock rate/],
    [{ rate: NaN }, /clock rate/],
    [{ rate: "0" }, /clock rate/],
    [{ step: Infinity }, /clock step.*finite/],
    [{ step: -1 }, /clock step.*0 or more/],
    [{ step: "0" }, /clock step.*0 or more/],
    [{ stpe: 0 }, /stpe/],
  ];
  for (const [given, why] of wrong) {
    assert.match(refusal(() => clockBounds(given, OURS)) ?? "it is not refused", why);
  }
});

Deno.test("a grant counts as held for its ttl less both bounds, and without end if it has none", () => {
  assert.equal(validity(10_000, { rate: 0.01, step: 500 }), 9_400);
  assert.equal(validity(Infinity, { rate: 0.01, step: 500 }), Infinity);
  assert.equal(validity(Infinity, { rate: 0, step: 0 }), Infinity);
});

Deno.test("a backend may hold a request for a quarter of the ttl, the time left or half a minute, in whole ms", () => {
  const rows: [ttl: number, left: number, patience: number][] = [
    [40_000, Infinity, 10_000],
    [40_003, Infinity, 10_000],
    [40_000, 9_999.5, 9_999],
    [40_000, 0, 0],
    [40_000, -1, 0],
    [3, Infinity, 0],
    [120_000, Infinity, 30_000],
    [120_004, Infinity, 30_000],
    [Infinity, Infinity, 30_000],
  ];
  for (const [ttl, left, patience] of rows) assert.equal(patienceOf(ttl, left), patience);
});

Deno.test("a ttl is a whole number from the backend's least on, of which the margin is under half", () => {
  const none: ClockBounds = { rate: 0, step: 0 };
  const check = (ttl: number, bounds = none, heartbeatInterval?: number) =>
    refusal(() => checkTimings({ ttl, heartbeatInterval }, bounds, OURS));
  for (const ttl of [100, 101, 86_400_000, Infinity]) assert.equal(check(ttl), undefined);
  for (const ttl of [99, 0, -1, NaN, 100.5]) assert.match(check(ttl) ?? "", /ttl/);
  const uneven: ClockBounds = { rate: 0.0125, step: 90 };
  assert.match(check(184, uneven) ?? "", /93 ms of it, must stay under half; use 185 or more/);
  assert.equal(check(185, uneven), undefined);
  // 490 ms of 1,000 are under half, 500 are not.
  assert.equal(check(1_000, { rate: 0.01, step: 480 }), undefined);
  assert.match(
    check(1_000, { rate: 0.01, step: 490 }) ?? "",
    /ttl.*500 ms.*under half; use 1001 or more/,
  );
  assert.equal(check(1_001, { rate: 0.01, step: 490 }), undefined);
});

Deno.test("a heartbeat's interval is above 0 and below the time for which its ttl counts as held", () => {
  const check = (heartbeatInterval: unknown) =>
    refusal(() => {
      const timings = { ttl: 1_001, heartbeatInterval: heartbeatInterval as number };
      checkTimings(timings, { rate: 0.01, step: 0 }, OURS);
    });
  for (const interval of [undefined, 0.5, 1, 990.98]) assert.equal(check(interval), undefined);
  for (const interval of [0, -1, 990.99, NaN, "500", null]) {
    assert.match(check(interval) ?? "it is not refused", /heartbeatInterval.*below the 990 ms/);
  }
});

Deno.test("from 1 to 49 ms look like seconds to wait, from 10 to 999 ms to work", () => {
  for (const ms of [0.5, 1, 49]) assert.equal(looksLikeSeconds(ms), true);
  for (const ms of [-1, 0, 50, Infinity]) assert.equal(looksLikeSeconds(ms), false);
  for (const ms of [undefined, 1, 9, 1_000]) {
    assert.equal(refusal(() => checkWork("w", ms)), undefined);
  }
  for (const ms of [10, 999]) assert.match(refusal(() => checkWork("w", ms)) ?? "", /w.*seconds/);
  for (const ms of [0, -1, NaN, 1.5]) assert.match(refusal(() => checkWork("w", ms)) ?? "", /w/);
});

Deno.test("a time to wait is 0 or more, without end too", () => {
  for (const ms of [0, 0.5, Infinity]) assert.equal(refusal(() => checkWait("w", ms)), undefined);
  for (const ms of [-0.1, NaN, "1" as unknown as number]) {
    assert.match(refusal(() => checkWait("w", ms)) ?? "", /w.*milliseconds, 0 or more/);
  }
});
