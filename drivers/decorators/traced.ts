/**
 * Lets you see every request.
 *
 * @module
 */

import { CoordinationError, type ErrorCode } from "../../errors.ts";
import type { Driver, Op } from "../driver.ts";

/** One `apply`, after it ended. It holds no id, value or credential. */
export interface RequestEvent {
  /** The kind of event. */
  readonly type: "request";
  /** The driver's name. */
  readonly driver: string;
  /** What was asked. */
  readonly ops: ReadonlyArray<Pick<Op, "op" | "resource" | "seat">>;
  /** Which operations were granted; absent when there was no answer. */
  readonly ok?: readonly boolean[];
  /** Why there was no answer. */
  readonly error?: ErrorCode | "aborted";
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/**
 * Reports every `apply` of `driver` to `on`, and changes nothing else.
 *
 * @param on Called after each request; what it throws is ignored, for watching must not cost a lease.
 * @param now A clock in milliseconds.
 */
export function traced(
  driver: Driver,
  on: (event: RequestEvent) => void,
  now: () => number = () => performance.now(),
): Driver {
  return {
    name: driver.name,
    guarantees: driver.guarantees,
    async apply(ops, options) {
      const start = now();
      const report = (result: Pick<RequestEvent, "ok" | "error">): void => {
        const asked = ops.map(({ op, resource, seat }) => ({
          op,
          resource,
          ...(seat !== undefined && { seat }),
        }));
        try {
          on({ type: "request", driver: driver.name, ops: asked, ...result, ms: now() - start });
        } catch {
          // See `on`.
        }
      };
      try {
        const outcomes = await driver.apply(ops, options);
        report({ ok: outcomes.map((outcome) => outcome.ok) });
        return outcomes;
      } catch (error) {
        report({ error: error instanceof CoordinationError ? error.code : "aborted" });
        throw error;
      }
    },
  };
}
