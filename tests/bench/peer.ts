/** What others offer for the same purpose. */
// deno-lint-ignore no-import-prefix -- only the bench needs it, so the project does not list it
import { Lock } from "npm:@upstash/lock@0.2.1";
import type { Redis } from "@upstash/redis/cloudflare";

/** The part of a peer's lock that is compared. */
export interface PeerLock {
  acquire(): Promise<boolean>;
  release(): Promise<boolean>;
}

/** The vendor's own lock, which tries once and keeps the lock for as long as ours. */
export function peerLock(redis: Redis, id: string): PeerLock {
  // Its types name the same class by another entry of the client package.
  const same = redis as unknown as ConstructorParameters<typeof Lock>[0]["redis"];
  return new Lock({ id, redis: same, lease: 30_000, retry: { attempts: 1, delay: 0 } });
}
