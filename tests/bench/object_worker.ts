/**
 * A Worker with an object of Baton's. A POST with a number lets so many wait for one lock, and each give it
 * back at once: it answers how long that took, and as many bare calls of the object, and who came when.
 *
 * @module
 */

import type { Acquire, Op } from "../../drivers/driver.ts";
import {
  durableObject,
  type ObjectNamespace,
} from "../../drivers/durable_object/durable_object.ts";

export { BatonObject } from "../../drivers/durable_object/durable_object.ts";

/** One round, in ms. */
export interface Round {
  /** From a release to the next grant, for all of them. */
  readonly handOvers: number;
  /** As many renewals, one after the other. */
  readonly writes: number;
  /** As many looks, one after the other. */
  readonly looks: number;
  /** Who had the lock, one after the other. */
  readonly order: readonly number[];
}

async function round(namespace: ObjectNamespace, waiters: number): Promise<Round> {
  const { apply } = durableObject(namespace);
  const place = { resource: `lock:${crypto.randomUUID()}`, seat: "" };
  const [ttl, value, patience] = [600_000, "", 120_000];
  const one = async (op: Op) => (await apply([op]))[0]!;
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  // Half of them before and half of them after, for the machine's pace changes.
  const times = (op: Op) =>
    timed(async () => {
      for (let n = 0; n < waiters / 2; n++) await one(op);
    });
  const take = (id: string): Acquire => ({ op: "acquire", ...place, id, ttl, value, patience });
  const bare = { resource: `${place.resource}-bare`, seat: "" };
  const write: Op = { op: "renew", ...bare, id: "bare", ttl };
  const look: Op = { op: "inspect", ...bare };
  await one({ ...take("bare"), ...bare });
  await one(take("holder"));
  const [writes, looks] = [await times(write), await times(look)];
  const order: number[] = [];
  const waiting: Promise<unknown>[] = [];
  for (let n = 0; n < waiters; n++) {
    waiting.push(
      one(take(`${n}`)).then(({ ok }) => {
        if (!ok) throw new Error(`${n} was not granted`);
        order.push(n);
        return one({ op: "release", ...place, id: `${n}` });
      }),
    );
    // It has come by then.
    await one({ op: "inspect", ...place });
  }
  const handOvers = await timed(async () => {
    await one({ op: "release", ...place, id: "holder" });
    await Promise.all(waiting);
  });
  return {
    handOvers,
    writes: writes + await times(write),
    looks: looks + await times(look),
    order,
  };
}

export default {
  async fetch(
    request: Request,
    { BATON, READY }: { BATON: ObjectNamespace; READY: string },
  ): Promise<Response> {
    if (request.method === "GET") return new Response(READY);
    return Response.json(await round(BATON, await request.json()));
  },
};
