/**
 * What goes out in one request: parts that each ask something and take their own answers.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import type { Instant } from "../runtime.ts";

/** Something that goes out in one request, with others or alone. */
export interface Part {
  /** What is asked. */
  readonly ops: readonly spi.Op[];
  /** Takes the answers, one for each operation, to the request that was first sent at `sent`. */
  take(outcomes: readonly spi.Outcome[], sent: Instant): void;
  /** Gives back what may have been granted, when there was no answer. Only acquisitions have it. */
  readonly unknown?: (() => void) | undefined;
}

/** A part of which the caller wants the answer. */
export interface Question<T> extends Part {
  /** The answer, once the request was answered. */
  readonly answer: T | undefined;
}

/** What makes an answer of the outcomes of a request that was first sent at `sent`. */
export type Read<T> = (outcomes: readonly spi.Outcome[], sent: Instant) => T;

/** A question of operations, whose outcomes `read` makes an answer of. */
export function ask<T>(
  ops: readonly spi.Op[],
  read: Read<T>,
  unknown?: () => void,
): Question<T> {
  const question = {
    ops,
    answer: undefined as T | undefined,
    take: (outcomes: readonly spi.Outcome[], sent: Instant) => {
      question.answer = read(outcomes, sent);
    },
    unknown,
  };
  return question;
}

/** The question who has a seat, or any seat of a resource. */
export function look(resource: string, seat?: string): Question<readonly spi.Lease[]> {
  const op: spi.Inspect = { op: "inspect", resource, seat };
  return ask([op], ([outcome]) => outcome?.leases ?? []);
}

/** How parts are sent. */
export interface SendOptions {
  /** Stops waiting. The call then throws the signal's reason; what was sent may have been done. */
  readonly signal?: AbortSignal | undefined;
  /** Sends once and waits at most so many ms: for what has a rhythm of its own. */
  readonly once?: number | undefined;
}
