/**
 * Removes leases that have no session, have ended by the clock, and that nobody asks for again, such as the
 * slots of a cron job that are remembered for longer than a day. Consul removes only what has a session.
 *
 * @module
 */

import type { Acquire, Op, Outcome } from "../driver.ts";
import { isSwept, some } from "../kit/sweeps.ts";
import type { Requests } from "./client.ts";
import type { Keys } from "./keys.ts";
import { read } from "./reader.ts";
import { hasSession } from "./record.ts";
import { endings } from "./transaction.ts";

/** One grant in so many is followed by a sweep. */
export const SWEEPS = 16;
/** How many leases it looks at, which are three times as many as were granted meanwhile. */
const LOOKS = 48;

/** The first grant of these that a sweep follows. */
export function sweptBy(ops: readonly Op[], outcomes: readonly Outcome[]): Acquire | undefined {
  return ops.find((op, n): op is Acquire =>
    op.op === "acquire" && !hasSession(op.ttl) && op.ttl < Infinity && isSwept(outcomes[n]!, SWEEPS)
  );
}

/** Looks at some leases of this resource, and removes those that have ended. */
export async function sweep(resource: string, keys: Keys, requests: Requests): Promise<void> {
  try {
    const names = await requests.names(keys.folder(resource));
    const looks = some(names, LOOKS).flatMap((key): Op[] => {
      const place = keys.placeOf(key);
      return place ? [{ op: "inspect", ...place }] : [];
    });
    const { snapshot } = await read(keys, looks, requests);
    for (const verbs of endings(snapshot)) await requests.transact(verbs, false);
  } catch {
    // The grant stands, and somebody else will sweep.
  }
}
