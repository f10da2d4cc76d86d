/**
 * Clients that take, renew, release, break and look at a few seats, at once and as dice tell them.
 *
 * @module
 */

import { ConnectionError, UnknownOutcome } from "../../errors.ts";
import type { Acquire, Driver, Outcome, SeatOp } from "../../drivers/driver.ts";
import { chance } from "../tools/chance.ts";
import { acquire, breakSeat, inspect, release, renew } from "../conformance/operations.ts";
import { pick, type Random } from "./random_history.ts";

/** What the clients do. */
export interface Load {
  /** How many operations each client does. */
  readonly operations: number;
  /** The names of the seats begin with it. */
  readonly resource: string;
  readonly seats: readonly string[];
  /** Whether anybody may lose its lease to a break. */
  readonly breaks: boolean;
  readonly seed: number;
}

/** All clients together, until each has done its part. */
export async function together(clients: readonly Driver[], load: Load): Promise<void> {
  const ends = await Promise.allSettled(clients.map((driver, n) => one(driver, n, load)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

async function one(driver: Driver, client: number, load: Load): Promise<void> {
  const random = chance(load.seed + client);
  /** The last acquisition tried on each seat, whatever came of it. */
  const last = new Map<string, Acquire>();
  let ids = 0;
  for (let done = 0; done < load.operations;) {
    const seats = load.seats.filter(() => random() < 1.5 / load.seats.length);
    const ops = seats.map((seat): SeatOp => {
      const before = last.get(seat);
      if (before) return nextOp(before, load, random);
      const id = `${client}.${++ids}`;
      const ttl = pick([Infinity, 600_000], random);
      const bid = acquire(load.resource, { seat, id, ttl, value: pick(["", "v"], random) });
      last.set(seat, bid);
      return bid;
    });
    if (ops.length === 0) continue;
    done += ops.length;
    const outcomes = await answerOf(driver, ops);
    for (const [n, op] of ops.entries()) {
      // What is certainly over is let go in most cases, and a bid on the seat comes next. What may be
      // held must not be, for nobody else could end it.
      const answer = outcomes?.[n];
      const over = op.op === "acquire" ? answer?.ok === false : op.op === "release" && answer;
      if (over && random() < 0.6) last.delete(seats[n] as string);
    }
  }
}

/** Something to do about an acquisition. */
function nextOp(mine: Acquire, { resource, breaks }: Load, random: Random): SeatOp {
  const { seat } = mine;
  const dice = random();
  if (breaks && dice < 0.08) return breakSeat({ resource, seat });
  if (dice < 0.2) return mine;
  if (dice < 0.4) return renew(mine, pick([undefined, "w", `${Math.floor(random() * 9)}`], random));
  return dice < 0.8 ? release(mine) : inspect(resource, seat);
}

async function answerOf(
  driver: Driver,
  ops: readonly SeatOp[],
): Promise<readonly Outcome[] | undefined> {
  try {
    return await driver.apply(ops);
  } catch (error) {
    if (error instanceof UnknownOutcome || error instanceof ConnectionError) return undefined;
    throw error;
  }
}
