/** Any number of processes; one at a time drains a queue, in order. */

import { setTimeout } from "node:timers/promises";
import { type Coordinator, shutdownSignal } from "@baton/baton";
import { isStale } from "@baton/baton/fencing";
import { getCoordinator } from "@baton/baton/url";
import { type Item, Queue } from "./queue.ts";

/** Does the work of an item; the queue keeps what it returns. */
export type Work = (item: Item, signal: AbortSignal) => string | Promise<string>;

/** How long to wait before an empty queue is looked at again, in ms. */
const IDLE = 200;

/** Drains whenever this process leads, until `stop` aborts. */
export async function drain(
  baton: Coordinator,
  queue: Queue,
  work: Work,
  stop: AbortSignal,
): Promise<void> {
  await baton.lead("drainer", async ({ term, signal }) => {
    while (!signal.aborted) {
      const item = queue.next();
      if (!item) {
        // `signal` can end the pause; the loop checks it.
        await setTimeout(IDLE, undefined, { signal }).catch(() => {});
        continue;
      }
      try {
        queue.finish(item.id, await work(item, signal), term);
      } catch (error) {
        // The work was cut short, or a later leader does this item now. Any other error is the work's.
        if (!signal.aborted && !isStale(error)) throw error;
        return;
      }
    }
  }, { signal: stop });
}

if (import.meta.main) {
  const { BATON_URL = "file:./baton.sqlite", QUEUE = "./queue.sqlite" } = Deno.env.toObject();
  // Another process goes on at most 10 s after a leader died.
  const baton = await getCoordinator(BATON_URL, undefined, { leaderTtl: 10_000 });
  using queue = new Queue(QUEUE);
  await drain(baton, queue, async ({ id, text }, signal) => {
    await setTimeout(1_000, undefined, { signal });
    // deno-lint-ignore no-console -- this is a command
    console.log(`${baton.memberId} does ${id}: ${text}`);
    return text.toUpperCase();
  }, shutdownSignal());
}
