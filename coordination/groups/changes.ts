/**
 * What a group looked like, and what has changed since.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { read } from "./member_value.ts";
import { farewellSeat } from "./group_list.ts";
import type { GroupEvent, Json } from "./group_events.ts";
import { checkName } from "../names.ts";

/** Which incarnation of a member, and which version of its capabilities, a look saw. */
export type Sighting = readonly [incarnation: number, version: number];

/** What is remembered of a group between two looks. It is small enough for a cursor. */
export interface Memory {
  /** The members by their ids; `null` if the group did not exist. */
  readonly members: Readonly<Record<string, Sighting>> | null;
  /** The leader's term; 0 if nobody led. */
  readonly term: number;
}

/** A group as it is now. */
export interface Snapshot {
  /** Its members' leases, ordered by member id; `undefined` if the group does not exist. */
  readonly members: readonly spi.Lease[] | undefined;
  /** The seats of memberships that are known to have ended on purpose. */
  readonly farewells: ReadonlySet<string>;
  /** The leader's lease. */
  readonly leader: spi.Lease | undefined;
}

/** What to remember of a snapshot. */
export function remember({ members, leader }: Snapshot): Memory {
  const sightings = members?.map(({ seat, token, value }): [string, Sighting] => [
    seat,
    [token, read(value).version],
  ]);
  return {
    members: sightings ? Object.fromEntries(sightings) : null,
    term: leader?.token ?? 0,
  };
}

/** All members and their capabilities. */
export function capabilitiesOf(members: readonly spi.Lease[]): Map<string, Json> {
  return new Map(members.map(({ seat, value }) => [seat, read(value).capabilities]));
}

/**
 * What has changed, in Tooz's order: joins, then leaves, then what Tooz does not report. A change
 * that came and went between two looks is not seen. Without a memory there is nothing to compare
 * with; then the first event is a `resync`.
 */
export function changes(group: string, before: Memory | undefined, now: Snapshot): GroupEvent[] {
  const members = now.members ?? [];
  const events: GroupEvent[] = before
    ? memberChanges(group, before.members ?? {}, now)
    : [{ type: "resync", group, members: capabilitiesOf(members) }];
  if (!now.members && before?.members !== null) events.push({ type: "group-deleted", group });
  if ((now.leader?.token ?? 0) !== (before?.term ?? 0)) {
    const { value = null, token = null } = now.leader ?? {};
    events.push({ type: "leader", group, memberId: value, term: token });
  }
  return events;
}

function memberChanges(
  group: string,
  before: Readonly<Record<string, Sighting>>,
  { members = [], farewells }: Snapshot,
): GroupEvent[] {
  const seen = new Map(Object.entries(before));
  const joins: GroupEvent[] = [];
  const others: GroupEvent[] = [];
  for (const { seat: memberId, token: incarnation, value } of members) {
    const { capabilities, version } = read(value);
    const member = { group, memberId, incarnation, capabilities };
    const [life, last] = seen.get(memberId) ?? [];
    seen.delete(memberId);
    if (life === undefined) joins.push({ type: "joined", ...member });
    else if (life !== incarnation) others.push({ type: "restarted", ...member });
    else if (last !== version) others.push({ type: "capabilities", ...member });
  }
  const leaves = [...seen].map(([memberId, [incarnation]]): GroupEvent => {
    const said = farewells.has(farewellSeat(memberId, incarnation));
    return { type: "left", group, memberId, incarnation, reason: said ? "left" : "expired" };
  });
  return [...joins, ...leaves, ...others];
}

/** The memories of several groups as a text, which a function that keeps no memory can store. */
export function toCursor(memories: ReadonlyMap<string, Memory>): string {
  return JSON.stringify({ v: 1, groups: [...memories] });
}

/**
 * The memories in a cursor. A text that is not our cursor has none, so every group begins with a
 * `resync`.
 */
export function fromCursor(cursor: string): Map<string, Memory> {
  try {
    const { v, groups } = JSON.parse(cursor);
    if (v !== 1) return new Map();
    for (const [group, { members, term }] of groups) {
      checkName("group", group);
      const sightings: unknown[] = members === null ? [] : Object.values(members);
      const numbers = [term, ...sightings.flat()];
      const shaped = sightings.every((each) => Array.isArray(each) && each.length === 2);
      if (Array.isArray(members) || !shaped || !numbers.every(Number.isSafeInteger)) {
        return new Map();
      }
    }
    return new Map(groups);
  } catch {
    return new Map();
  }
}
