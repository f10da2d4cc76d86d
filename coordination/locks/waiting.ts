/**
 * Waiting for a turn.
 *
 * @module
 */

import type { Lease } from "../../drivers/driver.ts";
import { isOutage, isRetryable, LockAcquireFailed } from "../../errors.ts";
import type { Grant } from "../leases/attempt.ts";
import { GrantedTooLate, type Running, type Session } from "../leases/session.ts";
import { holdersIn } from "./holders.ts";
import { checkWait, looksLikeSeconds, patienceOf } from "../leases/timings.ts";
import { elapsed, instant, least, sleep } from "../runtime.ts";

/** The longest pause between two looks, in ms: a clean release is noticed within it. */
const LONGEST_PAUSE = 2_000;

/** What tries to acquire once; a backend that pushes may wait for so many ms before it answers. */
export type Try = (patience: number, signal: AbortSignal | undefined) => Promise<Grant>;

/** After so many ms a wait is reported. */
const LONG = 5_000;

/** How to wait. */
export interface Wait {
  /** What is waited for, in words. */
  readonly what: string;
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
 * An outage is waited out. If the backend has never answered this coordinator, it may well be a wrong address
 * or token instead: then a wait without a limit ends by it, and any wait by what somebody must change first.
 * Grants that come too late end a wait that has seen no refusal: the ttl is too short then.
 */
export async function waitFor(session: Session, tryOnce: Try, wait: Wait): Promise<Grant> {
  const { limit, ttl, signal } = wait;
  checkWait("timeout", limit);
  const { runtime, guarantees } = session;
  const start = instant(runtime);
  // Only a call that is refused sees anything.
  let see: ReturnType<typeof watch> | undefined;
  const left = (): number => limit - elapsed(runtime, start);
  // Only a call that waits must hear of `stop()`; most are granted at once.
  let running: Running | undefined;
  const waiting = (): AbortSignal => (running ??= session.running(signal)).signal;
  try {
    let refused = false;
    for (let look = 0;; look++) {
      const asked = instant(runtime);
      const patience = guarantees.push ? patienceOf(ttl, look === 0 ? limit : left()) : 0;
      let blockers: Grant["blockers"] = [];
      try {
        const grant = await tryOnce(patience, running?.signal ?? signal);
        if (grant.lease) return grant;
        if (left() <= 0) {
          // Such a limit is not refused: what is left of a longer time may be as short.
          if (looksLikeSeconds(limit)) {
            session.report({ type: "short-wait", what: wait.what, timeout: limit });
          }
          return grant;
        }
        blockers = grant.blockers;
        refused = true;
        see ??= watch(session, wait);
        see(blockers, elapsed(runtime, start));
      } catch (error) {
        const over = signal?.aborted || running?.signal.aborted || left() <= 0;
        const right = session.answered || (limit < Infinity && isRetryable(error));
        const mayPass = refused || (right && !(error instanceof GrantedTooLate));
        if (over || !mayPass || !isOutage(error)) throw error;
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

/**
 * Watches a wait, for those who wonder why nothing happens. The answer is called with each look at who
 * has it, and after how many ms: it reports once that a wait takes long, and at once when it is for a
 * lease of our own.
 *
 * It throws {@link LockAcquireFailed} when a wait without limit has been for one and the same lease of
 * our own for so long that it is most likely nested in the work under that lease.
 */
function watch(session: Session, wait: Wait): (blockers: readonly Lease[], ms: number) => void {
  const { what, limit, ttl } = wait;
  let reported = false;
  /** The token of our own lease that is in the way, and since when. */
  let token: number | undefined;
  let since = 0;
  return (blockers, ms) => {
    const own = blockers.find((blocker) => session.owns(blocker));
    if (own?.token !== token) [token, since] = [own?.token, ms];
    if (!reported && (own || ms >= LONG)) {
      reported = true;
      const holders = holdersIn(blockers);
      session.report({ type: "waiting", what, ms, holders, ours: own !== undefined });
    }
    if (own && limit === Infinity && ms - since >= 3 * ttl) {
      throw new LockAcquireFailed(
        `${what} was not acquired: this coordinator itself has held it for the ${
          Math.round(ms)
        } ms ` +
          "of the wait. Locks are not reentrant: use the lease that you have, or give a timeout",
        holdersIn(blockers),
      );
    }
  };
}
