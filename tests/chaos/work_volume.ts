/**
 * Many operations on the driver itself, a batch in each request, and no retries but its own: seats
 * of its own, whose every answer is known beforehand, and a few that all clients want.
 *
 * @module
 */

import { CoordinationError } from "../../errors.ts";
import type { Acquire, Op, Outcome } from "../../drivers/driver.ts";
import { backOff, pause, type Tools, ttlOf } from "./tools.ts";

/** One of the seats. */
interface Seat {
  readonly resource: string;
  readonly seat: string;
  /** What was asked for last, and until when it lives unrenewed. */
  lease: { readonly op: Acquire; until: number } | undefined;
  /** Sent, and nobody said what became of it. */
  pending: Op | undefined;
}

/** One in so many of the seats is wanted by all. */
const SHARED = 6;

/** Acquires, renews, releases and looks, until it is told to stop. */
export async function work(tools: Tools): Promise<void> {
  const { client, driver, diary, random, stop } = tools;
  const { batch, calm: share, pause: mean } = tools.volume;
  const seats = Array.from({ length: batch }, (_, i): Seat => ({
    resource: i % SHARED === 0 ? "volume:all" : `volume:${client}`,
    seat: `${i}`,
    lease: undefined,
    pending: undefined,
  }));
  const ttl = ttlOf(tools, 1);
  let failures = 0;
  while (!stop.aborted) {
    const round = random() >= share ? "busy" : random() < 0.4 ? "looking" : "beating";
    // Neighbours of one kind are one request where a database takes a request for each statement.
    const asked = seats
      .map((seat) => ({ seat, op: nextOf(seat, round, ttl, diary.now(), random()) }))
      .sort((a, b) => a.op.op < b.op.op ? -1 : a.op.op > b.op.op ? 1 : 0);
    const ops = asked.map(({ op }) => op);
    const sent = diary.now();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), ttl);
    try {
      const outcomes = await driver.apply(ops, { signal: limit.signal });
      asked.forEach(({ seat, op }, i) => learn(seat, op, outcomes[i]!, sent + ttl));
      failures = 0;
      await pause(mean * 2 * random());
    } catch (error) {
      for (const { seat, op } of asked) seat.pending = op;
      if (error instanceof CoordinationError || !limit.signal.aborted) diary.failed(error);
      await backOff(failures++, random);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Calm is a round in which all is looked at, or all that is held is renewed. */
type Round = "busy" | "looking" | "beating";

/** What comes next for a seat. */
function nextOf(own: Seat, round: Round, ttl: number, now: number, dice: number): Op {
  const { resource, seat, pending } = own;
  if (own.lease && now > own.lease.until) own.lease = undefined;
  // Again the same, with the same id: it tells what became of it.
  if (pending && pending.op !== "inspect" && dice < 0.9) return pending;
  const { lease } = own;
  const calm = round !== "busy";
  const looks = calm ? round === "looking" || !lease : dice < 0.1;
  if (looks) return { op: "inspect", resource, seat };
  if (!lease) {
    const id = crypto.randomUUID();
    return { op: "acquire", resource, seat, id, ttl, value: "v" };
  }
  const { id } = lease.op;
  if (!calm && dice < 0.2) return lease.op;
  if (calm || dice < 0.6) return { op: "renew", resource, seat, id, ttl };
  // Whatever is answered, this id is not used again but to release it.
  own.lease = undefined;
  return { op: "release", resource, seat, id };
}

function learn(own: Seat, op: Op, { ok }: Outcome, until: number): void {
  if (op.op !== "inspect" || own.pending?.op === "inspect") own.pending = undefined;
  if (op.op === "acquire") {
    // Sent again while it was held, it prolongs nothing.
    if (!ok) own.lease = undefined;
    else own.lease ??= { op, until };
  }
  if (op.op === "renew" && own.lease) {
    if (ok) own.lease.until = until;
    else own.lease = undefined;
  }
}
