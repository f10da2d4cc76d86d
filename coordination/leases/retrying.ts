/**
 * Sends again what had no answer. Safe because every operation carries its own id: the backend
 * answers a repetition of what it has done with the same result (contract rule 4).
 *
 * @module
 */

import { CoordinationError, OperationTimedOut, UnknownOutcome } from "../../errors.ts";
import { elapsed, instant, type Runtime, sleep, systemRuntime } from "../runtime.ts";
import type { Driver, Op, Outcome } from "../../drivers/driver.ts";

/** How often and how long to try. */
export interface RetryOptions {
  /** How many times to send again after the first; 3 unless given. */
  retries?: number;
  /** How long to wait for one answer, in ms; 5,000 unless given, and at most a third of the ttl. */
  timeout?: number;
  /** How long to try in all, in ms; 10,000 unless given, and never longer than the ttl. */
  within?: number;
  /** Clocks, timers and jitter. */
  runtime?: Runtime;
}

/** However short a ttl, an answer gets so many ms to arrive: it may be a refusal. */
const LEAST = 100;

/**
 * Repeats the same operations, same ids, after an error that says it may help. It waits a random
 * time of up to 50 ms, doubling to 1 s. A `release` without id is not repeated after an unknown
 * outcome, for it would hit whoever came next.
 *
 * Once an answer was missed the result is never reported as "nothing happened": it throws
 * `UnknownOutcome` even if the last error was a definite one, and a release answered "not held"
 * counts as released.
 */
export function retrying(driver: Driver, options: RetryOptions = {}): Driver {
  const { retries = 3, timeout = 5_000, within = 10_000, runtime = systemRuntime() } = options;
  return {
    name: driver.name,
    guarantees: driver.guarantees,
    async apply(ops, { signal } = {}) {
      const ttl = Math.min(...ops.map((op) => "ttl" in op ? op.ttl : Infinity));
      // A ttl that could set no timer is refused by every driver, before it sends anything.
      if (!(ttl > 0)) return await driver.apply(ops, { ...(signal && { signal }) });
      const start = instant(runtime);
      const useful = Math.max(LEAST, Math.min(within, ttl));
      let missed: UnknownOutcome | undefined;
      for (let attempt = 0;; attempt++) {
        try {
          const patience = Math.min(
            timeout,
            Math.max(LEAST, ttl / 3),
            // A pause can take longer than it was meant to.
            Math.max(LEAST, useful - elapsed(runtime, start)),
          );
          const outcomes = await once(driver, ops, patience, runtime, signal);
          return missed ? outcomes.map((outcome, i) => settled(ops[i], outcome)) : outcomes;
        } catch (error) {
          if (error instanceof UnknownOutcome) missed = error;
          const again = error instanceof CoordinationError && error.retryable &&
            !signal?.aborted && attempt < retries && (!missed || ops.every(isRepeatable));
          const pause = runtime.random() * Math.min(1_000, 50 * 2 ** attempt);
          if (!again || elapsed(runtime, start) + pause >= useful) throw missed ?? error;
          await sleep(runtime, pause, signal).catch((reason) => {
            throw missed ?? reason;
          });
        }
      }
    },
  };
}

/** One send, given up after `timeout` even if the driver does not listen to its signal. */
async function once(
  driver: Driver,
  ops: readonly Op[],
  timeout: number,
  runtime: Runtime,
  signal?: AbortSignal,
): Promise<readonly Outcome[]> {
  signal?.throwIfAborted();
  const attempt = new AbortController();
  // Made only when needed: an error notes where it was made, which costs more than all else here.
  const late = (): UnknownOutcome =>
    new OperationTimedOut(
      `${driver.name} did not answer within ${
        Math.round(timeout)
      } ms, so the outcome is unknown; ` +
        "sending it again is safe",
    );
  const given = (): UnknownOutcome =>
    new UnknownOutcome(
      `the call to ${driver.name} was aborted while it waited, so the outcome is unknown`,
    );
  return await new Promise((resolve, reject) => {
    const end = (error: UnknownOutcome): void => {
      reject(error);
      attempt.abort(error);
    };
    const onAbort = (): void => end(given());
    const cancel = runtime.after(timeout, () => end(late()));
    signal?.addEventListener("abort", onAbort, { once: true });
    const send = async (): Promise<readonly Outcome[]> =>
      await driver.apply(ops, { signal: attempt.signal });
    send().then(resolve, reject).finally(() => {
      cancel();
      signal?.removeEventListener("abort", onAbort);
    });
  });
}

function isRepeatable(op: Op): boolean {
  return op.op !== "release" || op.id !== undefined;
}

/** A release that finds itself not the holder after an earlier send went unanswered: that did it. */
function settled(op: Op | undefined, outcome: Outcome): Outcome {
  const done = op?.op === "release" && op.id !== undefined && !op.guard && !outcome.ok;
  return done ? { ok: true, leases: [] } : outcome;
}
