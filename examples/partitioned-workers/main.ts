/** Workers that divide objects among themselves, and do so anew when one comes or goes. */

import { setTimeout } from "node:timers/promises";
import { CoordinationError, type Coordinator, shutdownSignal } from "@baton/baton";
import { getCoordinator } from "@baton/baton/url";

/** What is done, again and again, with each object that is ours. */
export type Visit = (object: string, signal: AbortSignal) => void | Promise<void>;

/** One worker, until `stop` aborts. `every` is the pause between two rounds, in ms. */
export async function workOn(
  objects: readonly string[],
  baton: Coordinator,
  visit: Visit,
  { every, stop }: { every: number; stop: AbortSignal },
): Promise<void> {
  const share = await baton.joinPartitionedGroup("workers", { rejoin: true });
  while (!stop.aborted) {
    // One request: stays a member, and learns who the others are. In an outage we go on by what we
    // know, until our membership is over: then `belongsToSelf` is false for everything.
    await baton.tick().catch((error) => {
      if (!(error instanceof CoordinationError && error.retryable)) throw error;
    });
    for (const object of objects) {
      if (!stop.aborted && share.belongsToSelf(object)) await visit(object, stop);
    }
    await setTimeout(every, undefined, { signal: stop }).catch(() => {});
  }
  // So that others take over at their next tick; without this, when our time has run out.
  await baton.leavePartitionedGroup(share).catch(() => {});
}

if (import.meta.main) {
  const { BATON_URL = "file:./baton.sqlite", OBJECTS = "a,b,c,d,e,f,g,h" } = Deno.env.toObject();
  const baton = await getCoordinator(BATON_URL, undefined, { membershipTtl: 10_000 });
  await workOn(OBJECTS.split(","), baton, (object) => {
    // deno-lint-ignore no-console -- this is a command
    console.log(`${baton.memberId} looks after ${object}`);
  }, { every: 2_000, stop: shutdownSignal() });
}
