/** Workers that divide objects among themselves, and divide them again when one joins or leaves. */

import { setTimeout } from "node:timers/promises";
import { CoordinationError, type Coordinator, shutdownSignal } from "@baton/baton";
import { getCoordinator } from "@baton/baton/url";

/** Called again and again with each object of this worker. */
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
    // One request: renews the membership, and learns who the other members are. In an outage the
    // worker keeps its objects until its membership ends; then `belongsToSelf` is always false.
    await baton.tick().catch((error) => {
      if (!(error instanceof CoordinationError && error.retryable)) throw error;
    });
    for (const object of objects) {
      if (!stop.aborted && share.belongsToSelf(object)) await visit(object, stop);
    }
    await setTimeout(every, undefined, { signal: stop }).catch(() => {});
  }
  // The others take over at their next tick. Without this they would wait for the membership to end.
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
