/**
 * Groups: members join, tick, leave or are silent for too long, and everybody looks.
 *
 * @module
 */

import type { Coordinator } from "../../coordination/coordinator.ts";
import { GroupNotCreated, MemberNotJoined } from "../../errors.ts";
import type { GroupEvent } from "../../coordination/groups/group_events.ts";
import type { WatchEvent } from "./history.ts";
import { coordinatorOf, pause, repeat, type Tools, ttlOf } from "./tools.ts";

export const GROUP = "workers";

/** A member, and one who follows the group with a cursor. */
export async function beMember(tools: Tools): Promise<void> {
  const baton = coordinatorOf(tools, "member");
  const follow = follower(tools, baton);
  await repeat(tools, async () => {
    await join(tools, baton, follow);
    await follow();
    await pause(300 * tools.random());
  });
}

async function join(
  tools: Tools,
  baton: Coordinator,
  follow: () => Promise<void>,
): Promise<void> {
  const { random, diary, stop } = tools;
  const [group, member] = [GROUP, baton.memberId];
  const ttl = ttlOf(tools, random());
  const sent = diary.now();
  diary.tell({ kind: "joining", group, member, sent });
  const membership = await baton.joinGroupCreate(group, { at: sent }, { ttl }).finally(() =>
    diary.tell({ kind: "joined", group, member, at: diary.now() })
  );
  const { incarnation: token } = membership;
  const held = diary.hold({ what: `group:${group}/${member}`, mode: "member", token, ttl, sent });
  const isHeld = () => membership.held;
  for (let rounds = Math.floor(8 * random()); rounds >= 0 && !stop.aborted; rounds--) {
    if (!held.sample(isHeld)) return;
    await (random() < 0.5 ? follow() : baton.heartbeat().then(() => {})).catch(
      diary.failed.bind(diary),
    );
    held.sample(isHeld);
    await pause(ttl / 4 * random());
    held.sample(isHeld);
  }
  // Some say nothing more, and are evicted.
  if (random() < 0.2) {
    while (held.sample(isHeld) && !stop.aborted) await pause(50);
    return;
  }
  held.end();
  await baton.leaveGroup(group).catch((error) => {
    // Of a membership that has just run out there is nothing to leave.
    if (!(error instanceof MemberNotJoined)) throw error;
  });
}

/** Each call looks before, ticks, and looks after; a chain goes on from tick to tick. */
function follower(tools: Tools, baton: Coordinator): () => Promise<void> {
  const { diary } = tools;
  let cursor: string | undefined;
  return async () => {
    const first = diary.now();
    const before = await list(tools, baton).catch(() => undefined);
    const tick = await baton.tick({
      watch: [GROUP],
      ...(cursor !== undefined && { since: cursor }),
    });
    cursor = tick.cursor;
    const events = tick.events.flatMap(judged);
    const after = await list(tools, baton).catch(() => undefined);
    diary.tell({
      ...{ kind: "watch", chain: tools.who, group: GROUP, events },
      ...(before && { before }),
      ...(after && { after }),
      ...{ sent: first, at: diary.now() },
    });
  };
}

async function list({ diary }: Tools, baton: Coordinator): Promise<string[]> {
  const sent = diary.now();
  // A group that was forgotten has no members.
  const none = (error: unknown): Set<string> => {
    if (error instanceof GroupNotCreated) return new Set();
    throw error;
  };
  const members = [...await baton.getMembers(GROUP).catch(none)];
  diary.tell({ kind: "list", group: GROUP, members, sent, at: diary.now() });
  return members;
}

/** What is about members; who leads, and what became of ourselves, is judged elsewhere. */
function judged(event: GroupEvent): WatchEvent[] {
  switch (event.type) {
    case "resync":
      return [{ type: event.type, members: [...event.members.keys()] }];
    case "joined":
    case "left":
    case "restarted":
    case "capabilities":
      return [{ type: event.type, member: event.memberId }];
    case "group-deleted":
      return [{ type: event.type }];
    default:
      return [];
  }
}
