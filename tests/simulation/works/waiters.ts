/**
 * Those who wait for a lock for as long as it takes.
 *
 * @module
 */

import { isOutage } from "../../../errors.ts";
import { between } from "../dice.ts";
import type { Laws } from "../laws.ts";
import type { Member, Work } from "../member.ts";

/** The lock that nobody else takes, so that it is free most of the time. */
const NAME = "w";

/**
 * Waits without a limit, and holds the lock for a moment.
 *
 * @param server What knows the true time.
 * @param isCalm Whether all is well: nobody stays then, so that every waiter has its turn soon.
 */
export function waiters(laws: Laws, server: { readonly now: number }, isCalm: () => boolean): Work {
  return (member) =>
    member.repeat(1_000, 3_000, async () => {
      const lease = await wait(member, laws, server);
      if (!lease) return laws.broken("a wait without a limit is granted", member.host.name);
      laws.saw("a waiter was granted");
      laws.managed(member, "waiters");
      if (!isCalm()) await member.sleep(between(member.random, 0, 2_000));
      await lease.release();
    });
}

async function wait(member: Member, laws: Laws, server: { readonly now: number }) {
  const { coordinator, stops, wire, signal, stopped } = member;
  const began = server.now;
  const options = { timeout: Infinity, signal };
  try {
    return await member.call("wait", () => coordinator.getLock(NAME).acquire(options));
  } catch (error) {
    const answered = [...wire.refusals].some(([resource, at]) =>
      resource.endsWith(`lock:${NAME}`) && at > began
    );
    // Once the backend has answered, it is no wrong address.
    if (answered && isOutage(error) && stops === member.stops && !stopped.aborted) {
      laws.broken("a wait that was answered outlasts an outage", `${member.host.name}: ${error}`);
    }
    throw error;
  }
}
