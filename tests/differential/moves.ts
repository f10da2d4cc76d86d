/**
 * Random moves of a few clients on a few seats.
 *
 * @module
 */

import fc from "fast-check";
import type { Guard, SeatOp } from "../../drivers/driver.ts";

/** One move of one client; names are made unique only when it is run. */
export type Move =
  | { readonly client: number; readonly ops: readonly SeatOp[] }
  | { readonly client: number; readonly again: number }
  | { readonly pass: number };

const LONG = 600_000;
const client = fc.nat(2);
const resource = fc.constantFrom("a", "b");
const seat = fc.constantFrom("", "1", "2");
const value = fc.constantFrom("", "v", "007", '{"a":1}', "é");
const when = fc.constantFrom<Guard["when"][]>("held", "vacant");
const kind = fc.constantFrom(
  ...[
    "acquire",
    "acquire",
    "acquire",
    "renew",
    "renew+",
    "release",
    "break",
    "inspect",
    "list",
    "page",
  ],
);
const guard = fc.record({ when, resource, seat }, { requiredKeys: ["when", "resource"] });

/** Operations; an id belongs to one seat and has one ttl for good, as rules 6 and 8 ask. */
function anyOp(ttls: readonly number[]): fc.Arbitrary<SeatOp> {
  const nth = fc.nat(ttls.length - 1);
  const maybe = fc.option(guard, { nil: undefined, freq: 2 });
  return fc.tuple(kind, resource, seat, nth, value, maybe).map(
    ([kind, resource, seat, nth, value, guard]): SeatOp => {
      const place = { resource, seat };
      const lease = { ...place, id: `${resource}${seat}#${nth}`, ttl: ttls[nth] ?? LONG };
      if (kind === "acquire") return { op: kind, ...lease, value, ...(guard && { guard }) };
      if (kind === "renew") return { op: kind, ...lease };
      if (kind === "renew+") return { op: "renew", ...lease, value };
      if (kind === "inspect") return { op: kind, ...place };
      if (kind === "list") return { op: "inspect", resource };
      // A page may be shorter than its limit, but this one has room for all.
      if (kind === "page") {
        return { op: "inspect", resource, limit: 1_000, before: seat || undefined };
      }
      const { id } = lease;
      return { op: "release", ...place, ...(kind !== "break" && { id }), ...(guard && { guard }) };
    },
  );
}

/** What a run tries. */
export interface Plan {
  /** The ttl of an id, by its last digit. */
  readonly ttls: readonly number[];
  /** How many moves of a hundred let time pass, and how much. */
  readonly often: number;
  readonly passes: readonly number[];
  /**
   * Receives how long after the last pass something was answered, in ms: the model's clock stands
   * still between passes, so on a real one that must be short.
   */
  readonly took?: (ms: number) => void;
}

// 51, and all passes even: on the very instant of an end, drivers may differ by rounding.
export const FAKE: Plan = {
  ttls: [Infinity, LONG, 51],
  often: 12,
  passes: [20, 40, 60],
};
export const REAL: Plan = { ...FAKE, ttls: [Infinity, LONG], often: 0 };
/** Every pass ends every short lease, and nothing else does, however late the backend may be. */
export function waiting(short: number, overrun = 1): Plan {
  return { ttls: [Infinity, short], often: 6, passes: [short * (overrun + 0.25)] };
}

/** What is tried on a clock that tests set on, where leases of `short` ms may end late. */
export function lateOnFake(short: number, overrun: number): Plan {
  // All passes of a sequence together do not end a long lease.
  return { ...FAKE, ttls: [Infinity, LONG, short], passes: waiting(short, overrun).passes };
}

/** A sequence of moves. */
export function anyMoves({ ttls, often, passes }: Plan): fc.Arbitrary<Move[]> {
  const ops = fc.array(anyOp(ttls), { minLength: 1, maxLength: 4, size: "max" });
  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 88 - often, arbitrary: fc.record({ client, ops }) },
    { weight: 12, arbitrary: fc.record({ client, again: fc.nat(4) }) },
    { weight: often, arbitrary: fc.record({ pass: fc.constantFrom(...passes) }) },
  );
  return fc.array(move, { minLength: 1, maxLength: 50, size: "max" });
}
