/**
 * Contract rule 5 where the test owns the clock: a token is the last one and 1, or the clock in whole ms,
 * whichever is more.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { granted } from "../conformance/expect.ts";
import { acquire } from "../conformance/operations.ts";

/** What the clock shows, in ms, and the token of a grant then, both from {@link START} on. */
const GRANTS = [[0, 0], [0, 1], [0.75, 2], [10.75, 10], [-5_000, 11], [11, 12], [5_000, 5_000]];
/** A date of today's size. */
const START = 1_800_000_000_000;

/** Tokens follow the clock of a driver that is made on it, and has granted nothing before. */
export async function tokensFollow(
  open: (now: () => number) => Driver | Promise<Driver>,
): Promise<void> {
  let now = START;
  const driver = await open(() => now);
  for (const [at = NaN, token = NaN] of GRANTS) {
    now = START + at;
    const lease = await granted(driver, acquire(`lock:${crypto.randomUUID()}`));
    assert.equal(lease.token - START, token, `at ${at}`);
  }
}
