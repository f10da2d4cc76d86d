/**
 * What is right while the renewal of a lease is committed after its old end: the same on every SQL.
 *
 * @module
 */

import type { Acquire, Op } from "../../../drivers/driver.ts";

/** The only seat of a resource. */
export function seat(resource: string): { resource: string; seat: string } {
  return { resource, seat: "" };
}

/** An acquisition of a minute, with an id that names its resource. */
export function acquire(resource: string, more: Partial<Acquire> = {}): Acquire {
  return {
    ...{ op: "acquire", id: `of ${resource}`, ttl: 60_000, value: "", ...seat(resource) },
    ...more,
  };
}

/** The seat whose renewal is late. */
export const X = seat("x");

/** An operation, whether it is right that it succeeds, and the ids of the leases that it lists. */
export type Asked = readonly [op: Op, ok: boolean, listed: string[]];

/** What another asks, and what is right if `x` lives on all the time. */
export const ASKED: Readonly<Record<string, Asked>> = {
  "a look": [{ op: "inspect", ...X }, true, ["of x"]],
  "a look at all seats": [{ op: "inspect", resource: "x" }, true, ["of x"]],
  "a page of all seats": [{ op: "inspect", resource: "x", limit: 10 }, true, ["of x"]],
  "a list": [{ op: "list", prefix: "x", limit: 10 }, true, ["of x"]],
  "another's acquisition": [acquire("x", { id: "b" }), false, ["of x"]],
  "another's acquisition, whose guard fails": [
    acquire("x", { id: "b", guard: { when: "vacant", ...seat("z") } }),
    ...[false, ["of x"]] as [boolean, string[]],
  ],
  "its own acquisition, sent again": [acquire("x"), true, ["of x"]],
  "a renewal, sent again": [{ op: "renew", ...X, id: "of x", ttl: 60_000 }, true, []],
  "its release": [{ op: "release", ...X, id: "of x" }, true, []],
  "another's release": [{ op: "release", ...X, id: "b" }, false, ["of x"]],
  "a guard that wants it vacant": [
    acquire("y", { guard: { when: "vacant", ...X } }),
    ...[false, ["of x"]] as [boolean, string[]],
  ],
  "a release that wants it vacant": [
    { op: "release", ...seat("z"), guard: { when: "vacant", resource: "x" } },
    ...[false, ["of x"]] as [boolean, string[]],
  ],
};
