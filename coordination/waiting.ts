/**
 * Waiting for a seat that somebody else has.
 *
 * @module
 */

import { elapsed, instant, sleep } from "./runtime.ts";
import type { Grant, Session, Wanted } from "./session.ts";
import { checkWait } from "./timings.ts";

/** The longest pause between two looks, in ms: a clean release is noticed within it. */
const LONGEST_PAUSE = 2_000;

/**
 * Tries until granted or until `limit` ms have passed, with a last try at the end of them. Pauses
 * double from 50 ms to 2 s, but end when the holder's lease must have ended if that is sooner; both
 * with jitter, so that waiters do not come in herds.
 */
export async function acquireWithin(
  session: Session,
  wanted: Wanted,
  limit: number,
): Promise<Grant> {
  checkWait("timeout", limit);
  const { runtime } = session;
  const start = instant(runtime);
  for (let look = 0;; look++) {
    const grant = await session.acquire(wanted);
    const remaining = limit - elapsed(runtime, start);
    if (grant.lease || remaining <= 0) return grant;
    const backoff = Math.min(LONGEST_PAUSE, 50 * 2 ** look) * (1 - runtime.random() / 2);
    const holderLeft = Math.min(...grant.blockers.map((lease) => lease.left));
    const afterHolder = holderLeft + 1 + runtime.random() * 20;
    await sleep(runtime, Math.min(backoff, afterHolder, remaining), wanted.signal);
  }
}
