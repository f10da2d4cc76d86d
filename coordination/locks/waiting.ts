/**
 * Waiting for a turn.
 *
 * @module
 */

import { isOutage } from "../../errors.ts";
import type { Grant } from "../leases/attempt.ts";
import type { Running, Session } from "../leases/session.ts";
import { checkWait, patienceOf } from "../leases/timings.ts";
import { elapsed, instant, least, sleep } from "../runtime.ts";

/** The longest pause between two looks, in ms: a clean release is noticed within it. */
const LONGEST_PAUSE = 2_000;

/** What tries to acquire once; a backend that pushes may wait for so many ms before it answers. */
export type Try = (patience: number, signal: AbortSignal | undefined) => Promise<Grant>;

/** How to wait. */
export interface Wait {
  /** How long, in ms; 0 tries once. */
  readonly limit: number;
  /** The ttl of what is waited for, in ms. */
  readonly ttl: number;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Tries until granted or until `limit` ms have passed, with a last try at the end of them. A backend
 * that pushes holds each try for a while; elsewhere pauses double from 50 ms to 2 s, but end when the
 * first holder's lease must have ended if that is sooner; both with jitter, so that waiters do not come
 * in herds.
 *
 * An outage is waited out once the backend has answered: until then it may well be a wrong address.
 */
export async function waitFor(session: Session, tryOnce: Try, wait: Wait): Promise<Grant> {
  const { limit, ttl, signal } = wait;
  checkWait("timeout", limit);
  const { runtime, guarantees } = session;
  const start = instant(runtime);
  const left = (): number => limit - elapsed(runtime, start);
  // Only a call that waits must hear of `stop()`; most are granted at once.
  let running: Running | undefined;
  const waiting = (): AbortSignal => (running ??= session.running(signal)).signal;
  try {
    let answered = false;
    for (let look = 0;; look++) {
      const asked = instant(runtime);
      const patience = guarantees.push && limit > 0 ? patienceOf(ttl, left()) : 0;
      let blockers: Grant["blockers"] = [];
      try {
        const grant = await tryOnce(patience, patience > 0 ? waiting() : running?.signal ?? signal);
        if (grant.lease || left() <= 0) return grant;
        blockers = grant.blockers;
        answered = true;
      } catch (error) {
        const over = signal?.aborted || running?.signal.aborted || left() <= 0;
        if (over || !answered || !isOutage(error)) throw error;
        session.report({ type: "acquire-failed", error });
      }
      // It has waited for us.
      if (patience > 0 && elapsed(runtime, asked) >= patience / 2) continue;
      const backoff = Math.min(LONGEST_PAUSE, 50 * 2 ** look) * (1 - runtime.random() / 2);
      const afterHolder = least(blockers, (lease) => lease.left) + 1 + runtime.random() * 20;
      await sleep(runtime, Math.min(backoff, afterHolder, Math.max(0, left())), waiting());
    }
  } finally {
    running?.done();
  }
}
