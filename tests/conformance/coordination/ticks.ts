/**
 * The tick: one request for everything, and a cursor for those who keep no memory.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CoordinationError, type GroupEvent, type Json, type Tick } from "../../../mod.ts";
import type { CoordinationCase } from "./place.ts";
import { law } from "./scene.ts";

/** The kinds of events and whom they are about. */
function brief(events: readonly GroupEvent[]): string[] {
  return events.map((event) =>
    "memberId" in event ? `${event.type} ${event.memberId}` : event.type
  );
}

/** Cases about ticks. */
export const tickCases: readonly CoordinationCase[] = [
  law("a tick renews, campaigns and looks at every group, in one request", async (on) => {
    const [a, b] = [await on.member("a", { ttl: on.short }), await on.member("b")];
    await a.joinGroupCreate("g");
    await b.joinGroupCreate("h");
    const lock = await a.getLock("x").hold();
    await a.watchJoinGroup("g", () => {});
    await a.watchLeaveGroup("h", () => {});
    a.watchElectedAsLeader("g", () => {});
    a.watchElectedAsLeader("h", () => {});
    await b.joinGroup("g");
    await on.pass(2);
    const sent = await on.requests(a, async () => {
      const { events, next } = await a.tick();
      const seen = brief(events);
      assert.ok(seen.includes("joined b"), seen.join());
      assert.equal(seen.filter((text) => text === "elected a").length, 2, seen.join());
      assert.ok(next > 0 && next < on.short, `${next}`);
    });
    assert.equal(sent, 1);
    await on.pass(2);
    assert.equal(lock.held, true);
    assert.ok((await b.getMembers("g")).has("a"));
  }),
  law("a tick of one that holds nothing is never due", async (on) => {
    const a = await on.member("a");
    const { events, next } = await a.tick();
    assert.deepEqual(events, []);
    assert.ok(next > 0 && next < Infinity, "a loop that sleeps by it would never wake");
  }),
  law("without a cursor each group begins with everybody in it", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await b.joinGroupCreate("g", { zone: "fra" });
    const { events } = await a.tick({ watch: ["g"] });
    const resync = events.find(({ type }) => type === "resync");
    assert.ok(resync?.type === "resync");
    assert.equal(resync.group, "g");
    assert.deepEqual(new Map(resync.members), new Map([["b", { zone: "fra" }]]));
    assert.equal(events.some(({ type }) => type === "joined"), false);
  }),
  law("with a cursor, and no memory, the events are exactly what has changed since", async (on) => {
    const [b, c, d] = [await on.member("b"), await on.member("c"), await on.member("d")];
    await b.joinGroupCreate("g");
    await c.joinGroup("g", 1);
    // A function on the edge: a coordinator of its own in every request.
    const look = async (since?: string) => {
      const request = await on.member("a");
      return await request.tick({ watch: ["g"], ...(since !== undefined && { since }) });
    };
    const first = await look();
    assert.deepEqual((await look(first.cursor)).events, []);
    await b.leaveGroup("g");
    await c.updateCapabilities("g", 2);
    await d.joinGroup("g");
    const second = await look(first.cursor);
    assert.deepEqual(brief(second.events).sort(), ["capabilities c", "joined d", "left b"]);
    assert.deepEqual(
      (await look(first.cursor)).events,
      second.events,
      "a cursor can be used again",
    );
    const alone = await (await on.member("a")).tick({ since: first.cursor });
    assert.deepEqual(alone.events, second.events, "a cursor tells by itself what to watch");
    assert.deepEqual((await look(second.cursor)).events, []);
    await c.leaveGroup("g");
    await c.joinGroup("g");
    await d.election("g").campaign();
    const third = await look(second.cursor);
    assert.deepEqual(brief(third.events).sort(), ["leader d", "restarted c"]);
    for (const member of [c, d]) await member.leaveGroup("g");
    await d.standDownGroupLeader("g");
    await d.deleteGroup("g");
    const fourth = brief((await look(third.cursor)).events);
    assert.deepEqual(fourth.toSorted(), ["group-deleted", "leader null", "left c", "left d"]);
    assert.ok(fourth.indexOf("group-deleted") > fourth.indexOf("left d"));
  }),
  law("a cursor that cannot be used is no error, and everything begins anew", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await b.joinGroupCreate("g");
    const others = ["", "nonsense", "{}", "null", "[]", '{"v":1}', '{"v":1,"groups":7}'];
    for (const since of [...others, '{"v":99,"groups":[["g",{"members":{},"term":0}]]}']) {
      const { events, cursor } = await a.tick({ watch: ["g"], since });
      assert.equal(events[0]?.type, "resync", `${since} gave ${brief(events)}`);
      assert.deepEqual((await a.tick({ watch: ["g"], since: cursor })).events, []);
    }
  }),
  law("restarts and changes between two looks are told, in their lives' order", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const first = await b.joinGroupCreate("g", 1);
    await a.watchJoinGroup("g", () => {});
    await b.updateCapabilities("g", 2);
    const [changed] = (await a.tick()).events;
    assert.deepEqual(changed, {
      type: "capabilities",
      group: "g",
      memberId: "b",
      incarnation: first.incarnation,
      capabilities: 2,
    });
    await b.leaveGroup("g");
    const second = await b.joinGroup("g", 3);
    const events = (await a.tick()).events;
    assert.deepEqual(events, [{
      type: "restarted",
      group: "g",
      memberId: "b",
      incarnation: second.incarnation,
      capabilities: 3,
    }]);
    assert.deepEqual((await a.tick()).events, []);
  }),
  law("events of groups can be followed until told to stop", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.createGroup("g");
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      const events = a.events({ watch: ["g"], interval: on.unit, signal: stop.signal });
      for await (const event of events) seen.push(...brief([event]));
    })();
    await on.until("the first look", () => seen.includes("resync"));
    await b.joinGroup("g");
    await on.until("the join", () => seen.includes("joined b"));
    await b.leaveGroup("g");
    await on.until("the leave", () => seen.includes("left b"));
    stop.abort();
    await on.during(following.catch(() => {}));
    assert.deepEqual(seen, ["resync", "joined b", "left b"]);
    assert.equal(await on.requests(a, () => on.pass(4)), 0);
  }),
  law("who stops reading events stops the looking", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await b.joinGroupCreate("g");
    for await (const event of a.events({ watch: ["g"], interval: on.unit })) {
      assert.equal(event.type, "resync");
      break;
    }
    assert.equal(await on.requests(a, () => on.pass(4)), 0);
  }),
  law("two hundred groups are renewed and looked at in one request", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const watch = Array.from({ length: 200 }, (_, i) => `group ${i}`);
    // Some at once: where all writes conflict, all at once would take as many requests as their square.
    const each = async (join: (group: string) => Promise<unknown>): Promise<void> => {
      for (let from = 0; from < watch.length; from += 10) {
        await Promise.all(watch.slice(from, from + 10).map(join));
      }
    };
    await each((group) => a.joinGroupCreate(group, group));
    const { cursor } = await a.tick({ watch });
    await each((group) => b.joinGroup(group));
    const sent = await on.requests(a, async () => {
      const { events } = await a.tick({ watch, since: cursor });
      assert.deepEqual(
        events.map(({ type, group }) => `${type} ${group}`).toSorted(),
        watch.map((group) => `joined ${group}`).toSorted(),
      );
    });
    assert.equal(sent, 1);
  }),
  law("who goes by the events alone always knows exactly who is there", async (on) => {
    const [watcher, ...members] = await on.members(6);
    assert.ok(watcher);
    await watcher.createGroup("g");
    const known = new Map<string, Json>();
    let since: string | undefined;
    // Any mixture does; it is the same each time so that a failure can be looked into.
    for (let step = 0, dice = 1; step < 120; step++) {
      dice = dice * 48_271 % 2_147_483_647;
      const member = members[dice % members.length];
      assert.ok(member);
      const act = [
        () => member.joinGroupCreate("g", step),
        () => member.joinGroup("g", step, { replace: true }),
        () => member.updateCapabilities("g", { step }),
        () => member.leaveGroup("g"),
        () => member.leaveGroup("g"),
        () => watcher.deleteGroup("g"),
      ][(dice >> 8) % 6];
      await act?.().catch((error) => assert.ok(error instanceof CoordinationError, `${error}`));
      if ((dice >> 16) % 3 > 0) continue;
      const tick: Tick = await watcher.tick({
        watch: ["g"],
        ...(since !== undefined && { since }),
      });
      since = tick.cursor;
      for (const event of tick.events) {
        if (event.type === "resync") { for (const [id, has] of event.members) known.set(id, has); }
        if (event.type === "left") assert.ok(known.delete(event.memberId), "it was not there");
        if (event.type === "joined") assert.ok(!known.has(event.memberId), "it was there");
        if ("capabilities" in event) known.set(event.memberId, event.capabilities);
        if (event.type === "group-deleted") assert.equal(known.size, 0);
      }
      const nobody = new Map<string, Json>();
      const there: Map<string, Json> = await watcher.getMembersWithCapabilities("g").catch(() =>
        nobody
      );
      assert.deepEqual(known, there, `after step ${step}`);
    }
  }),
];
