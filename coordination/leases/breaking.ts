/**
 * Taking leases away from their holders, for an operator who knows better.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { ask, look, type SendOptions } from "./request.ts";
import type { Session } from "./session.ts";

/** Where to look for leases to break. */
export interface Breakable {
  /** The resource. */
  readonly resource: string;
  /** Which place in it. Default: all of them. */
  readonly seat?: string | undefined;
  /** Which of those found to break. Default: all of them. */
  readonly which?: ((lease: spi.Lease) => boolean) | undefined;
}

/** Who says which member a lease's value names. */
type NameOf = (value: string) => string;

/**
 * Breaks the leases that are found there. It names each by the id that was seen, so that a request which
 * is sent twice never hits a successor. Their holders learn it at their next renewal.
 *
 * @returns How many were broken.
 */
export async function breakLeases(
  session: Session,
  places: readonly Breakable[],
  options: SendOptions,
  nameOf: NameOf = (value) => value,
): Promise<number> {
  const looks = places.map(({ resource, seat }) => look(resource, seat));
  await session.send(looks, options);
  const found = places.flatMap(({ resource, which = () => true }, n) =>
    (looks[n]?.answer ?? []).filter(which).map((lease) => ({ ...lease, resource }))
  );
  if (found.length === 0) return 0;
  const releases = found.map(({ resource, seat, id }): spi.Release => {
    return { op: "release", resource, seat, id };
  });
  const outcomes = await session.ask(ask(releases, (answers) => answers), options);
  const broken = found.filter((_, n) => outcomes[n]?.ok);
  for (const { resource, token, value } of broken) {
    session.report({ type: "broken", resource, token, memberId: nameOf(value) });
  }
  return broken.length;
}
