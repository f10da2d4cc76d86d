/**
 * Members who come, stay, change and go; and those who watch them, with and without a memory.
 *
 * @module
 */

import type { GroupEvent } from "../../../mod.ts";
import { read } from "../../../coordination/groups/member_value.ts";
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
      const options = { rejoin, replace: random() < 0.3, signal: member.signal };
      const joined = await member.call(
        "join",
        () => coordinator.joinGroupCreate(GROUP, capabilities, options),
      );
      laws.saw("a member joined");
      there(member, laws);
      for (let turns = Math.floor(between(random, 1, 12)); turns > 0; turns--) {
        await member.sleep(between(random, 50, 900));
        if (member.stopped.aborted || (!joined.held && !rejoin)) break;
        if (joined.held) there(member, laws);
        const how = random();
        await member.tolerate(async () => {
          if (how < 0.5) await member.call("tick", () => coordinator.tick());
          else if (how < 0.7) await member.call("tick", () => coordinator.heartbeat());
          else await coordinator.updateCapabilities(GROUP, { zone: how });
        });
      }
      // Stopping ends membership too.
      if (!member.stopped.aborted) await coordinator.leaveGroup(GROUP);
    });
  };
}

function there(member: Member, laws: Laws): void {
  laws.saw("a member was there");
  laws.managed(member, "members");
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
  /** What each member can do, as JSON. */
  readonly members: Map<string, string>;
  /** The latest life that was seen of each member. */
  readonly lives: Map<string, number>;
}

/** Understands nothing yet. */
export function nothingUnderstood(): Understanding {
  return { cursor: undefined, members: new Map(), lives: new Map() };
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
          `${member.host.name} understood ${show(known.members)}, and there is ${show(there)}`,
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
    for (const [id, can] of event.members) known.members.set(id, JSON.stringify(can));
  } else if (event.type === "capabilities") {
    laws.saw("a watcher was told: capabilities");
    if (!known.members.has(event.memberId)) wrong(`${event.memberId} was no member`);
    known.members.set(event.memberId, JSON.stringify(event.capabilities));
  } else if (event.type === "joined" || event.type === "restarted" || event.type === "left") {
    laws.saw(`a watcher was told: ${event.type}`);
    const { memberId, incarnation } = event;
    const life = known.lives.get(memberId) ?? 0;
    if (known.members.has(memberId) === (event.type === "joined")) wrong(`${memberId} was so`);
    if (event.type === "left") known.members.delete(memberId);
    else {
      known.members.set(memberId, JSON.stringify(event.capabilities));
      if (scope.growing && scope.fresh && scope.exclusive && incarnation <= life) {
        wrong(`${memberId}'s life ${incarnation} comes after ${life}`);
      }
      known.lives.set(memberId, incarnation);
    }
  }
}

async function list(member: Member, laws: Laws): Promise<void> {
  const listed = await member.coordinator.getMembersWithCapabilities(GROUP);
  const there = seen(member);
  const said = new Map([...listed].map(([id, can]) => [id, JSON.stringify(can)]));
  if (there && !same(there, said)) {
    laws.broken("a list has what is there", `${show(said)} instead of ${show(there)}`);
  }
}

/** Who was there by the answer that has just come; `undefined` when it did not say. */
function seen({ wire }: Member): Map<string, string> | undefined {
  const { ops = [], outcomes = [] } = wire.last ?? {};
  const look = (resource: string): number =>
    ops.findIndex((op) => op.op === "inspect" && op.resource.endsWith(resource));
  const [groups, members] = [look("groups"), look(`group:${GROUP}`)];
  if (groups < 0 || members < 0) return undefined;
  const exists = (outcomes[groups]?.leases.length ?? 0) > 0;
  const leases = exists ? outcomes[members]?.leases ?? [] : [];
  return new Map(leases.map(({ seat, value }) => [
    seat,
    JSON.stringify(read(value).capabilities),
  ]));
}

function same(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([id, can]) => other.get(id) === can);
}

function show(members: ReadonlyMap<string, string>): string {
  return [...members].map(([id, can]) => `${id} ${can}`).join(", ") || "nobody";
}
