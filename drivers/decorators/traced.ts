/**
 * Reports every call of a driver.
 *
 * @module
 */

import { codeOf, type ErrorCode } from "../../errors.ts";
import type { Driver, Op } from "../driver.ts";
import { harmless } from "../kit/harmless.ts";
import { wrapped } from "../kit/wrapped.ts";

/** One call of `apply`, after it has ended. It holds no id, value or credential. */
export interface RequestEvent {
  /** The kind of event. */
  readonly type: "request";
  /** The driver's name. */
  readonly driver: string;
  /** The operations: the kind of each, its resource (a list's prefix) and its seat. */
  readonly ops: ReadonlyArray<
    { readonly op: Op["op"]; readonly resource: string; readonly seat?: string }
  >;
  /** How many requests the driver sent for this call. */
  readonly requests: number;
  /** Whether each operation was granted; absent if there was no answer. */
  readonly ok?: readonly boolean[] | undefined;
  /** Why there was no answer; absent if there was one. */
  readonly error?: ErrorCode | "aborted" | undefined;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/**
 * Reports every `apply` of `driver` to `on`, and changes nothing else.
 *
 * @param on Called after each call. What it throws, at once or later, is ignored, because an observer
 *   must not cost a lease.
 * @param now A clock in milliseconds.
 */
export function traced(
  driver: Driver,
  on: (event: RequestEvent) => void,
  now: () => number = () => performance.now(),
): Driver {
  return {
    ...wrapped(driver),
    async apply(ops, options = {}) {
      const start = now();
      let requests = 0;
      const beforeRequest = (): void => {
        options.beforeRequest?.();
        requests++;
      };
      const report = (result: Pick<RequestEvent, "ok" | "error">): void => {
        const asked = ops.map(summary);
        const { name } = driver;
        const ms = now() - start;
        harmless(() => on({ type: "request", driver: name, ops: asked, requests, ...result, ms }));
      };
      try {
        const outcomes = await driver.apply(ops, { ...options, beforeRequest });
        report({ ok: outcomes.map((outcome) => outcome.ok) });
        return outcomes;
      } catch (error) {
        report({ error: codeOf(error) ?? "aborted" });
        throw error;
      }
    },
  };
}

function summary(op: Op): RequestEvent["ops"][number] {
  if (op.op === "list") return { op: op.op, resource: op.prefix };
  const { resource, seat } = op;
  return { op: op.op, resource, ...(seat !== undefined && { seat }) };
}
