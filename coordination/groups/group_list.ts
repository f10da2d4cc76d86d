/**
 * Which groups exist, and who is in them.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { MAX_LIMIT } from "../../drivers/kit/check.ts";
import { GroupAlreadyExist, GroupNotCreated, GroupNotEmpty } from "../../errors.ts";
import { type CallOptions, checkCall } from "../leases/lease.ts";
import { checkName, resources } from "../names.ts";
import { ask, look } from "../leases/request.ts";
import type { Session } from "../leases/session.ts";

/** For how long a note says that a member left on purpose, in ms. */
const FAREWELL = 300_000;
/** How often a deletion looks again if the group was deleted and created again meanwhile. */
const TRIES = 10;

/** A group as it is now. */
export interface Found {
  /** The group's own lease; `undefined` if the group does not exist. */
  readonly exists: spi.Lease | undefined;
  /** Its members, or only the one on the seat that was asked for. */
  readonly members: readonly spi.Lease[];
}

/** The groups of a backend. */
export class Directory {
  readonly #session: Session;

  /** Made by the coordinator. */
  constructor(session: Session) {
    this.#session = session;
  }

  async create(group: string, options: CallOptions): Promise<void> {
    checkCall(options);
    const [outcome] = await this.#ask(options, this.creation(group));
    if (!outcome?.ok) throw new GroupAlreadyExist(group);
  }

  async delete(group: string, options: CallOptions): Promise<void> {
    checkCall(options);
    for (let tries = 1; tries <= TRIES; tries++) {
      const { exists, members } = await this.look(group, undefined, options);
      if (!exists) throw new GroupNotCreated(group);
      if (members.length > 0) throw new GroupNotEmpty(group);
      // It releases the id that it saw, so that a request that arrives twice cannot delete a group
      // that was created again. The guard is decided in the same step, so no member can join and be
      // left without a group. Several processes may want to delete this group; the one that writes
      // the group's farewell has deleted it. So we can tell our own repeated request from another's
      // deletion. The farewell is not written while the group exists.
      const there = { resource: resources.groups, seat: group };
      const farewell = this.farewell(group, "", exists.token);
      const [outcome, written] = await this.#ask(
        options,
        {
          op: "release",
          ...there,
          id: exists.id,
          guard: { when: "vacant", resource: resources.group(group) },
        },
        { ...farewell, guard: { when: "vacant", ...there } },
      );
      if (written?.ok) return;
      // We deleted it, but it was created again before we could write the farewell.
      if (outcome?.ok && (await this.#ask(options, farewell))[0]?.ok) return;
      const [blocker] = outcome?.leases ?? [];
      if (!blocker) throw new GroupNotCreated(group);
      // A member's value is never empty and a group's always is, so an empty one is a new group.
      if (blocker.value !== "") throw new GroupNotEmpty(group);
    }
    throw new GroupNotEmpty(group);
  }

  async list(options: CallOptions): Promise<Set<string>> {
    checkCall(options);
    const groups = new Set<string>();
    let before: string | undefined;
    for (;;) {
      const op: spi.Inspect = {
        op: "inspect",
        resource: resources.groups,
        limit: MAX_LIMIT,
        before,
      };
      const { leases, after } = await this.#session.page(op, options);
      for (const { seat } of leases) groups.add(seat);
      if (after === undefined) return groups;
      before = after;
    }
  }

  /** The group, if it exists, and its members or the one on that seat. One call of the driver. */
  async look(
    group: string,
    seat: string | undefined,
    options: CallOptions,
  ): Promise<Found> {
    checkName("group", group);
    const [exists, found] = [look(resources.groups, group), look(resources.group(group), seat)];
    await this.#session.send([exists, found], options);
    return { exists: exists.answer?.[0], members: found.answer ?? [] };
  }

  /**
   * A note, kept for a while, that a membership ended on purpose. A group's own has no member id.
   */
  farewell(group: string, memberId: string, incarnation: number): spi.Acquire {
    const seat = farewellSeat(memberId, incarnation);
    const id = this.#session.runtime.id();
    return { op: "acquire", resource: resources.left(group), seat, id, ttl: FAREWELL, value: "" };
  }

  /** The operation that creates a group. */
  creation(group: string): spi.Acquire {
    checkName("group", group);
    const id = this.#session.runtime.id();
    return { op: "acquire", resource: resources.groups, seat: group, id, ttl: Infinity, value: "" };
  }

  async #ask(options: CallOptions, ...ops: spi.Op[]): Promise<readonly spi.Outcome[]> {
    return await this.#session.ask(ask(ops, (outcomes) => outcomes), options);
  }
}

/** The seat of the note that a membership ended on purpose. */
export function farewellSeat(memberId: string, incarnation: number): string {
  return `${memberId} ${incarnation}`;
}
