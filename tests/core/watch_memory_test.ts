/** What is remembered of a group, by whom, and what a look is compared with. */

import assert from "node:assert/strict";
import type { GroupEvent } from "../../mod.ts";
import { Scene } from "./scene.ts";

const types = (events: readonly GroupEvent[]): string[] => events.map(({ type }) => type);

Deno.test("who begins to follow a group does not take its news from those who watch it", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  const joined: GroupEvent[] = [];
  await a.watchJoinGroup("g", (event) => joined.push(event));
  await b.joinGroup("g");
  await a.watchLeaveGroup("g", () => {});
  await a.joinPartitionedGroup("g");
  await a.tick();
  assert.deepEqual(joined.map((event) => "memberId" in event && event.memberId), ["a", "b"]);
});

Deno.test("a group that does not exist cannot be watched, though others do", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.createGroup("other");
  await assert.rejects(a.watchJoinGroup("g", () => {}), { name: "GroupNotCreated", group: "g" });
  const { events } = await a.tick({ watch: ["g"] });
  assert.deepEqual(types(events), ["resync", "group-deleted"]);
});

Deno.test("a tick with a cursor is compared with the cursor, whatever was seen meanwhile", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  await a.watchJoinGroup("g", () => {});
  const { cursor } = await a.tick({ watch: ["g"] });
  await b.joinGroup("g");
  assert.deepEqual(types((await a.tick()).events), ["joined"]);
  assert.deepEqual(types((await a.tick()).events), []);
  assert.deepEqual(types((await a.tick({ since: cursor })).events), ["joined"]);
});

Deno.test("who ends one of two watches keeps the other, and after the last no look is made", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  const told: string[] = [];
  const [one, two] = [() => told.push("one"), () => told.push("two")];
  await a.watchJoinGroup("g", one);
  await a.watchJoinGroup("g", two);
  a.unwatchJoinGroup("g", one);
  await b.joinGroup("g");
  await a.tick();
  assert.deepEqual(told, ["two"]);
  a.unwatchJoinGroup("g", two);
  scene.sent.length = 0;
  await a.tick();
  assert.deepEqual(scene.sent, []);
});

Deno.test("a callback that watches anew whenever it is called is called once for each event", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  const told: string[] = [];
  const follow = async (
    type: string,
    watch: (callback: () => unknown) => unknown,
    unwatch: (callback: () => unknown) => void,
  ): Promise<void> => {
    const again = async (): Promise<void> => {
      if (told.push(type) > 9) throw new Error("it is called without end");
      await watch(again);
      unwatch(again);
    };
    await watch(again);
  };
  await follow("joined", (on) => a.watchJoinGroup("g", on), (on) => a.unwatchJoinGroup("g", on));
  await follow("left", (on) => a.watchLeaveGroup("g", on), (on) => a.unwatchLeaveGroup("g", on));
  await follow(
    "elected",
    (on) => a.watchElectedAsLeader("g", on),
    (on) => a.unwatchElectedAsLeader("g", on),
  );
  await b.joinGroup("g");
  await a.tick();
  await b.leaveGroup("g");
  await a.tick();
  assert.deepEqual(told, ["joined", "elected", "left"]);
});

Deno.test("who leads campaigns no more, and who stands down is seen to", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.createGroup("g");
  a.watchElectedAsLeader("g", () => {});
  const { events, cursor } = await a.tick({ watch: ["g"] });
  assert.deepEqual(types(events), ["resync", "leader", "elected"]);
  scene.sent.length = 0;
  await a.tick();
  assert.deepEqual(scene.sent.flat().map(({ op }) => op), ["renew"]);
  await a.standDownGroupLeader("g");
  const [vacant] = (await scene.member("b").tick({ since: cursor })).events;
  assert.deepEqual(vacant, { type: "leader", group: "g", memberId: null, term: null });
});

Deno.test("a cursor of another version, or with numbers that are none, begins anew", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g");
  await a.election("g").campaign();
  const { cursor } = await a.tick({ watch: ["g"] });
  const { groups: [[, memory]] } = JSON.parse(cursor);
  const put = (change: object, v = 1): string =>
    JSON.stringify({ v, groups: [["g", { ...memory, ...change }]] });
  assert.deepEqual((await a.tick({ since: put({}) })).events, []);
  for (
    const since of [
      put({}, 2),
      put({ term: "1" }),
      put({ term: 1.5 }),
      put({ members: { a: [1, null] } }),
      put({ members: { a: [1] } }),
    ]
  ) {
    const { events } = await a.tick({ since, watch: ["g"] });
    assert.equal(types(events)[0], "resync", since);
  }
});

Deno.test("events look often enough for what is held, whatever their interval", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const membership = await a.joinGroupCreate("g");
  const controller = new AbortController();
  const events = a.events({ interval: 600_000, watch: ["g"], signal: controller.signal });
  const all: GroupEvent[] = [];
  const following = (async () => {
    for await (const event of events) all.push(event);
  })();
  await scene.runtime.advance(60_000);
  assert.equal(membership.held, true);
  assert.deepEqual(types(all), ["resync"]);
  controller.abort();
  await following;
});

Deno.test("a run of the watchers leaves to the next tick what it does not tell", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const elected = (): void => {};
  a.watchElectedAsLeader("g", elected);
  await a.runElectCoordinator();
  a.unwatchElectedAsLeader("g", elected);
  await scene.backend.apply([{ op: "release", resource: "leader:g", seat: "" }]);
  await a.heartbeat();
  await a.runWatchers();
  assert.deepEqual(types((await a.tick()).events), ["leadership-lost"]);
});
