/**
 * Locks, alone and shared, and semaphores: taken, worked under, renewed or not, and given back or
 * left to run out.
 *
 * @module
 */

import type { Acquirable } from "../../coordination/locks/acquirable.ts";
import type { Lease } from "../../coordination/leases/lease.ts";
import type { AcquireOptions } from "../../coordination/locks/lock.ts";
import type { HoldEntry } from "./history.ts";
import {
  believeFor,
  coordinatorOf,
  oneOf,
  readAndWrite,
  repeat,
  type Tools,
  ttlOf,
} from "./tools.ts";

export const LOCKS: readonly string[] = ["a", "b", "c"];
export const SEMAPHORES: readonly string[] = ["s", "t"];
export const PERMITS = 3;

/** What is held, and in which way. */
type Seat = Pick<HoldEntry, "what" | "mode" | "most">;

/** Exclusive locks, and now and then a reader. */
export async function workUnderLocks(tools: Tools, number: number): Promise<void> {
  const { random, diary } = tools;
  const baton = coordinatorOf(tools, `lock${number}`);
  await repeat(tools, async () => {
    const name = oneOf(LOCKS, random);
    const shared = random() < 0.2;
    const seat: Seat = { what: `lock:${name}`, mode: shared ? "shared" : "exclusive" };
    const lock = baton.getLock(name);
    const [ttl, timeout] = [ttlOf(tools, random()), 1_500 * random()];
    const sent = diary.now();
    if (random() < 0.3) {
      // Kept alive by the library for longer than its ttl.
      const work = (lease: Lease) => section(tools, seat, lease, sent, ttl * 2 * random() ** 3);
      return await lock.with(work, { ttl, timeout, shared });
    }
    await byHand(tools, seat, lock, { ttl, timeout, shared }, sent);
  });
}

/** As many as there are permits. */
export async function workUnderPermits(tools: Tools): Promise<void> {
  const { random, diary } = tools;
  const baton = coordinatorOf(tools, "permit");
  await repeat(tools, async () => {
    const name = oneOf(SEMAPHORES, random);
    const seat: Seat = { what: `semaphore:${name}`, mode: "permit", most: PERMITS };
    const options = { ttl: ttlOf(tools, random()), timeout: 1_500 * random() };
    await byHand(tools, seat, baton.getSemaphore(name, PERMITS), options, diary.now());
  });
}

async function byHand(
  tools: Tools,
  seat: Seat,
  from: Acquirable,
  options: AcquireOptions & { ttl: number },
  sent: number,
): Promise<void> {
  const { random } = tools;
  const lease = await from.acquire(options);
  if (!lease) return;
  // Some stay until they do not believe any more, and then write all the same.
  if (random() < 0.15) return await section(tools, seat, lease, sent, Infinity);
  await section(tools, seat, lease, sent, options.ttl * 0.5 * random() ** 2);
  await lease.release();
}

/** What is done under a lease. */
async function section(
  tools: Tools,
  seat: Seat,
  lease: Lease,
  sent: number,
  ms: number,
): Promise<void> {
  const { random, diary } = tools;
  const held = diary.hold({ ...seat, token: lease.token, ttl: lease.ttl, sent });
  const isHeld = () => lease.held;
  const stay = () => believeFor(tools, held, isHeld, ms / 2);
  try {
    // Only one at a time can be ordered by a token.
    if (seat.mode === "exclusive") await readAndWrite(tools, seat.what, lease.token, stay);
    else await stay();
    const dice = ms === Infinity ? 1 : random();
    if (dice < 0.3) await lease.renew();
    else if (dice < 0.4) await lease.confirm();
    await stay();
  } finally {
    held.sample(isHeld);
    held.end();
  }
}
