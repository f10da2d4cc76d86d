/**
 * A history on the host's clock, with the ends of leases in it: none is before its ttl has passed since
 * the call that set it was sent.
 *
 * @module
 */

import { isUnknown } from "../../errors.ts";
import type { Driver, Outcome, SeatOp } from "../../drivers/driver.ts";
import type { GuardedInput } from "./guarded_model.ts";
import type { Call } from "./wgl.ts";

/** A call on some seats of one resource. */
export type LateCall = Call<GuardedInput, Outcome>;

/** What the clocks of server and clients, which are one host's, may differ by meanwhile, in ms. */
const GRAIN = 10;

/** All clients' record. */
export class LateHistory {
  readonly calls: LateCall[] = [];
  #names = 0;

  /** The same driver, on record. */
  record(client: string, driver: Driver): Driver {
    return {
      ...driver,
      apply: async (all, options) => {
        // Nobody lists here.
        const ops = all as readonly SeatOp[];
        const batch = `${++this.#names}`;
        const invoked = performance.now();
        const add = (outcomes: readonly Outcome[] | undefined): void => {
          const returned = outcomes ? performance.now() : Infinity;
          for (const [index, op] of ops.entries()) {
            const term = `${batch}.${index}`;
            const part = { batch, index, last: index === ops.length - 1 };
            const input = { ...op, term, ...(ops.length > 1 && { part }) };
            this.calls.push({ client, input, output: outcomes?.[index], invoked, returned });
            this.#ends(op, term, invoked, outcomes?.[index]);
          }
        };
        try {
          const outcomes = await driver.apply(ops, options);
          add(outcomes);
          return outcomes;
        } catch (error) {
          // After any other error nothing happened; if it did, the history has an effect and no cause.
          if (isUnknown(error)) add(undefined);
          throw error;
        }
      },
    };
  }

  #ends(op: SeatOp, term: string, sent: number, outcome: Outcome | undefined): void {
    if ((op.op !== "acquire" && op.op !== "renew") || op.ttl === Infinity) return;
    if (outcome && !outcome.ok) return;
    const { resource, seat, id, ttl } = op;
    const input = { op: "expire", resource, seat, id, term } as const;
    const invoked = sent + ttl - GRAIN;
    this.calls.push({ client: "clock", input, output: undefined, invoked, returned: Infinity });
  }

  /**
   * Calls of others on a seat whose lease had certainly ended but for a renewal, or the end of a slot, that
   * was under way then, and of which its sender heard later that it had come in time.
   */
  get straddled(): number {
    return this.calls.filter((call) => this.#isLate(call)).length;
  }

  #isLate({ client, input, output, invoked, returned }: LateCall): boolean {
    if ((input.op !== "renew" && input.op !== "release") || !output?.ok) return false;
    const { seat, id } = input;
    const ends = this.calls.flatMap((call) => {
      const { input: set, output, returned } = call;
      const sets = (set.op === "acquire" || set.op === "renew") && set.id === id && output?.ok;
      return sets && returned <= invoked ? [returned + set.ttl] : [];
    });
    const end = Math.max(...ends);
    return end < returned &&
      this.calls.some((other) =>
        other.client !== client && other.input.op !== "expire" && other.output &&
        touches(other.input, seat) && other.invoked > end && other.invoked < returned
      );
  }
}

function touches(input: GuardedInput, seat: string): boolean {
  return input.seat === seat || ("guard" in input && input.guard?.seat === seat);
}
