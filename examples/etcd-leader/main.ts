/** A service of several long-lived processes: all serve, and one of them also does the indexing. */

import { setTimeout } from "node:timers/promises";
import { type Coordinator, shutdownSignal } from "@baton/baton";
import { getCoordinator } from "@baton/baton/url";

/** The group of all processes, of which one leads. */
const GROUP = "indexers";

/** What the leader does until it is told to end; `term` is its fencing token. */
export type Index = (term: number, signal: AbortSignal) => Promise<void>;

/** Joins, and leads whenever no other process does, until `stop` aborts. */
export async function serve(
  baton: Coordinator,
  zone: string,
  index: Index,
  stop: AbortSignal,
): Promise<void> {
  await baton.start({ heartbeat: true });
  try {
    await baton.joinGroupCreate(GROUP, { zone });
    // The others wait at etcd, so the next one leads one round trip after this one has stood down.
    await baton.lead(GROUP, ({ term, signal }) => index(term, signal), { signal: stop });
  } finally {
    // Gives everything back: nobody has to wait for the end of a ttl.
    await baton.stop();
  }
}

/** Who is there, and who leads. */
export async function status(baton: Coordinator): Promise<string[]> {
  const leader = await baton.getLeader(GROUP);
  const members = await baton.getMembersWithCapabilities(GROUP);
  return [...members].map(([member, capabilities]) =>
    `${member} ${JSON.stringify(capabilities)}${member === leader?.memberId ? " leads" : ""}`
  );
}

if (import.meta.main) {
  const { ETCD_URL = "etcd://localhost:2379", ZONE = "a" } = Deno.env.toObject();
  const baton = await getCoordinator(ETCD_URL, undefined, { ttl: 10_000 });
  await serve(baton, ZONE, async (term, signal) => {
    while (!signal.aborted) {
      // deno-lint-ignore no-console -- this is a command
      console.log(`term ${term}: ${(await status(baton)).join(", ")}`);
      // `signal` can end the pause; the loop checks it.
      await setTimeout(1_000, undefined, { signal }).catch(() => {});
    }
  }, shutdownSignal());
}
