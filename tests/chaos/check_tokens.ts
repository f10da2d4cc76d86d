/**
 * What drivers were answered: fencing tokens, and leases that the backend no longer knew.
 *
 * @module
 */

import type { Finding } from "./checks.ts";
import type { Entry, GrantEntry, History } from "./history.ts";

type Grant = GrantEntry & { readonly who: string };

/**
 * No token twice on a seat; and a grant that was asked for after another had been answered has the
 * larger one. Nothing excuses the opposite: it is what a resource relies on after all else has failed.
 */
export function* tokensGrow({ entries }: History): Iterable<Finding> {
  const grants = entries.filter((entry): entry is Grant => entry.kind === "grant");
  const seats = Map.groupBy(grants, ({ resource, seat }) => JSON.stringify([resource, seat]));
  for (const own of seats.values()) {
    yield* repeated(own);
    yield* reversed(own);
  }
}

function* repeated(grants: readonly Grant[]): Iterable<Finding> {
  const seen = new Map<number, Grant>();
  for (const grant of grants) {
    const { token } = grant;
    const other = seen.get(token);
    if (other) yield { message: `token ${token} was given twice`, entries: [other, grant] };
    seen.set(token, grant);
  }
}

function* reversed(grants: readonly Grant[]): Iterable<Finding> {
  const answered = [...grants].sort((a, b) => a.at - b.at);
  let next = 0;
  let highest: Grant | undefined;
  for (const grant of [...grants].sort((a, b) => a.sent - b.sent)) {
    for (; answered[next] && answered[next]!.at < grant.sent; next++) {
      const earlier = answered[next]!;
      if (!highest || earlier.token > highest.token) highest = earlier;
    }
    if (!highest || highest.token < grant.token) continue;
    const message = `token ${grant.token} was given after ${highest.token}`;
    yield { message, entries: [highest, grant] };
  }
}

/** A renewal that came in time was refused, and nobody breaks leases here. */
export function* noneLost({ entries }: History): Iterable<Finding> {
  for (const entry of entries) {
    if (entry.kind !== "gone") continue;
    const { resource, seat, token, since, at } = entry;
    const where = seat === "" ? resource : `${resource} ${seat}`;
    const around = entries.filter((other): other is Entry & GrantEntry =>
      other.kind === "grant" && other.resource === resource && other.seat === seat &&
      other.token >= token
    );
    yield {
      message: `${where}, token ${token}, was not known ${at - since} ms after it was acknowledged`,
      entries: [...around.slice(0, 2), entry],
      unlessForgotten: [since, at],
    };
  }
}
