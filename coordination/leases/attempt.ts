/**
 * What is wanted, and how a try to get it ended.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import type { HeldLease } from "./held_lease.ts";
import type { Question } from "./request.ts";

/** What to acquire. */
export interface Wanted {
  /** The resource, such as `lock:payments`. */
  readonly resource: string;
  /** Which place in it. Default: `""`. */
  readonly seat?: string | undefined;
  /** How long the lease lives unrenewed, in ms. */
  readonly ttl: number;
  /** Text that everyone may read. */
  readonly value: string;
  /** A condition on another seat. */
  readonly guard?: spi.Guard | undefined;
  /** For how long the backend may hold the request until it can grant it, in ms. */
  readonly patience?: number | undefined;
  /** For how long the lease counts as held, in ms, when that is less than the ttl allows. */
  readonly heldFor?: number | undefined;
  /** Whether its user alone renews and releases it: `heartbeat()` and `stop()` leave it alone. */
  readonly own?: boolean | undefined;
  /** Operations that go before it in the same request. */
  readonly first?: readonly spi.Op[] | undefined;
  /** Stops waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** A try to acquire, as a part of a request; its answer says how it ended. */
export type Attempt = Question<Grant>;

/** A grant, or who stands in the way. */
export type Grant =
  | { readonly lease: HeldLease; readonly blockers?: never }
  | { readonly lease?: never; readonly blockers: readonly spi.Lease[] };
