/**
 * Members who come, stay, change and go; and those who watch them, with and without a memory.
 *
 * @module
 */

import type { GroupEvent } from "../../../mod.ts";
import type { Inspect } from "../../../drivers/driver.ts";
import { between } from "../dice.ts";
import type { Laws, Scope } from "../laws.ts";
import type { Member, Work } from "../member.ts";

const GROUP = "w";

/** Is a member, most of the time. */
export function members(laws: Laws): Work {
  return async (member) => {
    const { coordinator, random } = member;
    await member.repeat(100, 1_500, async () => {
      const rejoin = random() < 0.5;
      const capabilities = { zone: Math.floor(random() * 3) };
      const joined = await coordinator.joinGroupCreate(GROUP, capabilities, {
        rejoin,
        replace: random() < 0.3,
        signal: member.stopped,
      });
      laws.saw("a member joined");
      for (let turns = Math.floor(between(random, 1, 12)); turns > 0; turns--) {
        await member.sleep(between(random, 50, 900));
        if (member.stopped.aborted || (!joined.held && !rejoin)) break;
        const how = random();
        await member.tolerate(async () => {
          if (how < 0.5) await coordinator.tick();
          else if (how < 0.7) await coordinator.heartbeat();
          else await coordinator.updateCapabilities(GROUP, { zone: how });
        });
      }
      // Stopping ends membership too.
      if (!member.stopped.aborted) await coordinator.leaveGroup(GROUP);
    });
  };
}

/** Makes and deletes the group, though there may be members. */
export const founders: Work = (member) =>
  member.repeat(400, 3_000, async () => {
    const { coordinator, random } = member;
    if (random() < 0.5) await coordinator.createGroup(GROUP);
    else await coordinator.deleteGroup(GROUP);
  });

/** What a watcher has understood, which outlives it, as a cursor in a database does. */
export interface Understanding {
  cursor: string | undefined;
  readonly members: Set<string>;
  /** The latest life that was seen of each member. */
  readonly lives: Map<string, number>;
}

/** Understands nothing yet. */
export function nothingUnderstood(): Understanding {
  return { cursor: undefined, members: new Set(), lives: new Map() };
}

/** Follows the group by cursors alone. */
export function watchers(known: Understanding, laws: Laws, scope: Scope): Work {
  return (member) =>
    member.repeat(100, 1_500, async () => {
      const { coordinator, random } = member;
      if (random() < 0.3) return await list(member, laws);
      const since = known.cursor;
      const { events, cursor } = await coordinator.tick({
        watch: [GROUP],
        ...(since !== undefined && { since }),
      });
      const there = seen(member);
      known.cursor = cursor;
      for (const event of events) follow(known, event, laws, scope);
      if (there && !same(there, known.members)) {
        laws.broken(
          "events lead from one look to the next",
          `${member.host.name} understood ${[...known.members]}, and ${[...there]} are there`,
        );
      }
    });
}

/** Takes an event for what it says. */
function follow(known: Understanding, event: GroupEvent, laws: Laws, scope: Scope): void {
  if (event.group !== GROUP) return;
  const wrong = (why: string): void =>
    laws.broken("events are in order and without gaps", `${event.type}: ${why}`);
  if (event.type === "resync") {
    known.members.clear();
    for (const memberId of event.members.keys()) known.members.add(memberId);
  } else if (event.type === "joined" || event.type === "restarted" || event.type === "left") {
    laws.saw(`a watcher was told: ${event.type}`);
    const { memberId, incarnation } = event;
    const life = known.lives.get(memberId) ?? 0;
    if (known.members.has(memberId) === (event.type === "joined")) wrong(`${memberId} was so`);
    if (event.type === "left") known.members.delete(memberId);
    else {
      known.members.add(memberId);
      if (scope.growing && scope.fresh && scope.exclusive && incarnation <= life) {
        wrong(`${memberId}'s life ${incarnation} comes after ${life}`);
      }
      known.lives.set(memberId, incarnation);
    }
  }
}

async function list(member: Member, laws: Laws): Promise<void> {
  const names = await member.coordinator.getMembers(GROUP);
  const there = seen(member);
  if (there && !same(there, names)) {
    laws.broken("a list has the members that are there", `${[...names]} of ${[...there]}`);
  }
}

/** Who was there by the answer that has just come; `undefined` when it did not say. */
function seen({ wire }: Member): Set<string> | undefined {
  const { ops = [], outcomes = [] } = wire.last ?? {};
  const look = (resource: string): number =>
    ops.findIndex((op): op is Inspect => op.op === "inspect" && op.resource.endsWith(resource));
  const [groups, members] = [look("groups"), look(`group:${GROUP}`)];
  if (groups < 0 || members < 0) return undefined;
  const exists = (outcomes[groups]?.leases.length ?? 0) > 0;
  return new Set(exists ? outcomes[members]?.leases.map(({ seat }) => seat) : []);
}

function same(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((each) => other.has(each));
}
