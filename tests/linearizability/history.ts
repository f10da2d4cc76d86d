/**
 * What clients asked of a driver and what they were answered, in the order in which they asked and
 * were answered.
 *
 * @module
 */

import { UnknownOutcome } from "../../errors.ts";
import type { Driver, Outcome, SeatOp } from "../../drivers/driver.ts";
import type { SeatInput } from "./seat_model.ts";
import type { Call } from "./wgl.ts";

/** A call on one seat. */
export type SeatCall = Call<SeatInput, Outcome>;

/** What is known of the way to the backend. */
export interface Way {
  /** How often this client's driver has been called, repetitions included. */
  sends(): number;
  /**
   * How many connections were cut so far. Deno's fetch by itself sends once more over one that it had
   * used: a call during which one was cut may have been done twice.
   */
  cuts(): number;
}

/** One process's record. */
export class History {
  readonly calls: SeatCall[] = [];
  /** How many of them were sent more than once. */
  resent = 0;
  /** No clock, for two events may happen in one of its ticks. */
  #now = 0;

  /** The same driver, on record. The operations of a batch count as calls at once. */
  record(client: string, driver: Driver, way: Way): Driver {
    return {
      ...driver,
      apply: async (ops, options) => {
        const [invoked, sends, cuts] = [++this.#now, way.sends(), way.cuts()];
        const add = (outcomes: readonly Outcome[] | undefined): void => {
          const returned = outcomes ? ++this.#now : Infinity;
          const resent = way.sends() > sends + 1;
          if (resent) this.resent += ops.length;
          for (const [n, op] of (ops as readonly SeatOp[]).entries()) {
            const input = inputOf(op, resent);
            this.calls.push({ client, input, output: outcomes?.[n], invoked, returned });
          }
        };
        try {
          const outcomes = await driver.apply(ops, options);
          add(outcomes);
          return outcomes;
        } catch (error) {
          // After any other error nothing happened; if it did, the history has an effect and no cause.
          if (error instanceof UnknownOutcome) add(undefined);
          throw error;
        } finally {
          // What came of the first is not known, whatever came of the second.
          if (way.cuts() > cuts) add(undefined);
        }
      },
    };
  }
}

function inputOf(op: SeatOp, resent: boolean): SeatInput {
  return op.op === "release" && op.id !== undefined ? { ...op, resent } : op;
}

/** An operation and its outcome in a few characters. */
export function brief({ input, output }: SeatCall): string {
  const id = "id" in input && input.id !== undefined ? ` ${input.id}` : "";
  const value = "value" in input && input.value ? `=${input.value}` : "";
  const verb = input.op === "release" && !id ? "break" : input.op;
  const seen = output?.leases.map(({ id, token, value }) => `${id}=${value} #${token % 100_000}`);
  const answer = output ? `${output.ok ? "ok" : "no"} ${seen?.join() ?? ""}`.trimEnd() : "?";
  return `${verb}${id}${value} -> ${answer}`;
}
