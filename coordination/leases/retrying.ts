/**
 * Sends again what had no answer. Safe because every operation carries its own id: the backend
 * answers a repetition of what it has done with the same result (contract rule 4).
 *
 * @module
 */

import type { Acquire, ApplyOptions, Driver, Op, Outcome } from "../../drivers/driver.ts";
import { codeOf, isRetryable, isUnknown, OperationTimedOut, UnknownOutcome } from "../../errors.ts";
import { onAbort } from "../../drivers/kit/aborts.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { elapsed, instant, type Runtime, sleep, systemRuntime } from "../runtime.ts";

/** How often and how long to try. */
export interface RetryOptions {
  /** How many times to send again after the first. Default: 3. */
  retries?: number | undefined;
  /** How long to wait for one answer, in ms. Default: 5,000, and at most a third of the ttl. */
  timeout?: number | undefined;
  /** How long to try in all, in ms. Default: 10,000, and never longer than the ttl. */
  within?: number | undefined;
  /** Clocks, timers and jitter. Default: the real ones. */
  runtime?: Runtime | undefined;
}

/** What the session asks for besides. */
export interface RepeatedOptions extends ApplyOptions {
  /** Sends once, and waits so many ms for the answer. */
  readonly once?: number | undefined;
  /** Whether nothing is to be sent again any more. */
  readonly halted?: (() => boolean) | undefined;
  /** Calls back when a wait for an answer must end, until the answer is called. */
  readonly onHalt?: ((stop: () => void) => () => void) | undefined;
}

/** However short a ttl, an answer gets so many ms to arrive: it may be a refusal. */
const LEAST = 100;

/**
 * Repeats the same operations, same ids, after an error that says it may help. It waits a random
 * time of up to 50 ms, doubling to 1 s. A `release` without id is not repeated after an unknown
 * outcome, for it would hit the next holder.
 *
 * Whatever the driver throws that is not an error of Baton's may have come after the work was done, so
 * it is an unknown outcome.
 *
 * Once an answer was missed the result is never reported as "nothing happened": it throws
 * `UnknownOutcome` even if the last error was a definite one, and a release answered "not held"
 * counts as released.
 */
export function retrying(driver: Driver, options: RetryOptions = {}): Driver {
  checkOptions(options, "retries timeout within runtime");
  const { retries = 3, timeout = 5_000, within = 10_000, runtime = systemRuntime() } = options;
  const { name, guarantees } = driver;
  return {
    name,
    guarantees,
    async apply(ops, given: RepeatedOptions = {}) {
      const { signal, once, halted } = given;
      let ttl = Infinity;
      let waits = 0;
      for (const op of ops as readonly Partial<Acquire>[]) {
        ttl = Math.min(ttl, op.ttl ?? Infinity);
        waits += op.patience ?? 0;
      }
      // A ttl that could set no timer is refused by every driver, before it sends anything.
      if (!(ttl > 0)) return await driver.apply(ops);
      const start = instant(runtime);
      const useful = Math.max(LEAST, Math.min(within, ttl)) + waits;
      const most = once === undefined ? retries : 0;
      let missed: unknown;
      for (let attempt = 0;; attempt++) {
        signal?.throwIfAborted();
        try {
          const patience = waits + Math.min(
            timeout,
            Math.max(LEAST, once ?? ttl / 3),
            // A pause can take longer than it was meant to.
            Math.max(LEAST, attempt === 0 ? useful : useful - elapsed(runtime, start)),
          );
          const outcomes = await sendOnce(driver, ops, patience, runtime, given);
          return missed ? outcomes.map((outcome, i) => settled(ops[i], outcome)) : outcomes;
        } catch (error) {
          if (isUnknown(error)) missed = error;
          const again = isRetryable(error) && !signal?.aborted && !halted?.() &&
            attempt < most && (!missed || ops.every(isRepeatable));
          const pause = runtime.random() * Math.min(1_000, 50 * 2 ** attempt);
          if (!again || elapsed(runtime, start) + pause >= useful) throw missed ?? error;
          await sleep(runtime, pause, signal).catch((reason) => {
            throw missed ?? reason;
          });
          // It may have been stopped in the pause.
          if (halted?.()) throw missed ?? error;
        }
      }
    },
  };
}

const AGAIN = "so the outcome is unknown; sending it again is safe";

/** One send, given up after `timeout` ms even if the driver does not listen to its signal. */
function sendOnce(
  driver: Driver,
  ops: readonly Op[],
  timeout: number,
  runtime: Runtime,
  { signal, beforeRequest, onHalt }: RepeatedOptions,
): Promise<readonly Outcome[]> {
  const { name } = driver;
  const attempt = new AbortController();
  return new Promise((resolve, reject) => {
    const end = (error: UnknownOutcome): void => {
      // Not when the driver ends, which may never do so.
      done();
      reject(error);
      attempt.abort(error);
    };
    const stop = (): void =>
      end(new UnknownOutcome(`The call of ${name} was aborted while it waited, ${AGAIN}`));
    const unlisten = onAbort(signal, stop);
    const unhalt = onHalt?.(stop);
    const cancel = runtime.after(timeout, () => {
      end(
        new OperationTimedOut(`${name} did not answer within ${Math.round(timeout)} ms, ${AGAIN}`),
      );
    });
    const done = (): void => {
      cancel();
      unlisten();
      unhalt?.();
    };
    const answered = (outcomes: readonly Outcome[]): void => {
      done();
      resolve(outcomes);
    };
    const failed = (error: unknown): void => {
      done();
      reject(codeOf(error) ? error : odd(name, error));
    };
    try {
      const answer = driver.apply(ops, { signal: attempt.signal, beforeRequest });
      Promise.resolve(answer).then(answered, failed);
    } catch (error) {
      failed(error);
    }
  });
}

/** A driver's own error, or its client's, of which nobody knows when it came. */
function odd(name: string, error: unknown): UnknownOutcome {
  // Not its message: it may hold what was sent.
  const kind = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : typeof error;
  return new UnknownOutcome(`${name} threw an error of its own (${kind}), ${AGAIN}`);
}

function isRepeatable(op: Op): boolean {
  return op.op !== "release" || op.id !== undefined;
}

/** A release that finds itself not the holder after an earlier send went unanswered: that did it. */
function settled(op: Op | undefined, outcome: Outcome): Outcome {
  const done = op?.op === "release" && op.id !== undefined && !op.guard && !outcome.ok;
  return done ? { ok: true, leases: [] } : outcome;
}
