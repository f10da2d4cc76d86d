/**
 * What goes out in one request: parts that each ask something and take their own answers.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import type { HeldLease } from "./held_lease.ts";
import type { Instant } from "../runtime.ts";

/** What to acquire. */
export interface Wanted {
  /** The resource, such as `lock:payments`. */
  readonly resource: string;
  /** Which place in it; `""` unless given. */
  readonly seat?: string;
  /** How long the lease lives unrenewed, in ms. */
  readonly ttl: number;
  /** Text that everyone may read. */
  readonly value: string;
  /** A condition on another seat. */
  readonly guard?: spi.Guard;
  /**
   * For how long to believe in it, in ms, when that is less than the ttl allows. Such a lease is the
   * caller's alone: no heartbeat renews it, and `stop()` does not release it.
   */
  readonly believe?: number;
  /** Operations that go before it in the same request. */
  readonly first?: readonly spi.Op[];
  /** Stops waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** Something that goes out in one request, with others or alone. */
export interface Part {
  /** What is asked. */
  readonly ops: readonly spi.Op[];
  /** Takes the answers, one for each operation, to the request that was first sent at `sent`. */
  take(outcomes: readonly spi.Outcome[], sent: Instant): void;
  /** Undoes what may have been granted, when there was no answer. */
  unknown?(): void;
}

/** A try to acquire, as a part of a request. */
export interface Attempt extends Part {
  /** How it ended, once its answers were taken. */
  readonly grant: Grant | undefined;
}

/** A grant, or who stands in the way. */
export type Grant =
  | { readonly lease: HeldLease; readonly blockers?: never }
  | { readonly lease?: never; readonly blockers: readonly spi.Lease[] };
