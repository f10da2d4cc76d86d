import assert from "node:assert/strict";
import {
  type GroupEvent,
  GroupNotCreated,
  UnknownOutcome,
  WatchCallbackNotFound,
} from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** Who and what, without the numbers. */
function brief(events: readonly GroupEvent[]): string[] {
  return events.map((event) => {
    const who = "memberId" in event ? ` ${event.memberId}` : "";
    return `${event.type}${who}${event.type === "left" ? ` ${event.reason}` : ""}`;
  });
}

Deno.test("a tick renews, campaigns and looks at every group in one request", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  for (const group of ["g", "h"]) {
    await a.joinGroupCreate(group);
    await a.watchJoinGroup(group, () => {});
    a.watchElectedAsLeader(group, () => {});
  }
  const lease = await a.getLock("x").hold();
  await scene.runtime.advance(5_000);
  scene.sent.length = 0;
  const { events, next } = await a.tick();
  assert.equal(scene.sent.length, 1);
  assert.equal(lease.deadline, scene.runtime.wallNow + 9_900);
  assert.equal(next, 3_300);
  assert.deepEqual(brief(events), ["leader a", "leader a", "elected a", "elected a"]);
  await a.tick();
  assert.equal(scene.sent.length, 2);
});

Deno.test("watchers are told joins, then leaves, group by group, and elections last", async () => {
  const scene = new Scene();
  const [a, b, c] = [scene.member("a"), scene.member("b"), scene.member("c")];
  const told: string[] = [];
  const tell = (event: GroupEvent) =>
    told.push(...brief([event]).map((each) => `${event.group} ${each}`));
  for (const group of ["g", "h"]) {
    await b.joinGroupCreate(group);
    await a.watchJoinGroup(group, tell);
    await a.watchLeaveGroup(group, tell);
  }
  a.watchElectedAsLeader("g", tell);
  for (const group of ["h", "g"]) {
    await b.leaveGroup(group);
    await c.joinGroup(group);
  }
  const results = await a.runWatchers();
  assert.deepEqual(told, [
    "g joined c",
    "g left b left",
    "h joined c",
    "h left b left",
    "g elected a",
  ]);
  assert.deepEqual(results, [1, 2, 3, 4, 5]);
  assert.deepEqual(await a.runWatchers(), []);
});

Deno.test("a callback that throws is reported, stops no other, and its event does not come again", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  await a.watchJoinGroup("g", () => {
    throw new Error("first");
  });
  await a.watchJoinGroup("g", () => Promise.reject(new Error("second")));
  await a.watchJoinGroup("g", () => "third");
  await b.joinGroup("g");
  assert.deepEqual(await a.runWatchers(), ["third"]);
  assert.deepEqual(scene.happened, ["callback-failed", "callback-failed"]);
  assert.deepEqual(await a.runWatchers(), []);
});

Deno.test("expiry and leaving are told apart, a restart is seen, and capabilities too", async () => {
  const scene = new Scene();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => scene.member(id));
  for (const each of [b, c, d]) await each?.joinGroupCreate("g");
  let cursor = (await a?.tick({ watch: ["g"] }))?.cursor ?? "";
  const since = async (): Promise<string[]> => {
    const tick = await a?.tick({ since: cursor });
    cursor = tick?.cursor ?? "";
    return brief(tick?.events ?? []);
  };
  assert.deepEqual(await since(), []);
  await b?.leaveGroup("g");
  await c?.updateCapabilities("g", 1);
  await d?.leaveGroup("g");
  await d?.joinGroup("g");
  assert.deepEqual(await since(), ["left b left", "capabilities c", "restarted d"]);
  await scene.runtime.advance(10_000);
  assert.deepEqual(await since(), ["left c expired", "left d expired"]);
  await a?.deleteGroup("g");
  assert.deepEqual(await since(), ["group-deleted"]);
  assert.deepEqual(await since(), []);
  await b?.joinGroupCreate("g");
  assert.deepEqual(await since(), ["joined b"]);
});

Deno.test("a cursor that cannot be used begins anew, and says so", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g", "x");
  for (const since of ["", "nonsense", "null", '{"v":2,"groups":[]}']) {
    const { events } = await scene.member("b").tick({ since, watch: ["g"] });
    assert.deepEqual(events, [{ type: "resync", group: "g", members: new Map([["a", "x"]]) }]);
  }
});

Deno.test("a cursor works in another process, and for members with any name", async () => {
  const scene = new Scene();
  const names = ["__proto__", "constructor", "1", "0", "é", "a b"];
  for (const name of names) await scene.member(name).joinGroupCreate("g");
  const { cursor } = await scene.member("x").tick({ watch: ["g"] });
  assert.deepEqual((await scene.member("y").tick({ since: cursor })).events, []);
  await scene.member("__proto__").leaveGroup("g");
  const { events } = await scene.member("z").tick({ since: cursor });
  assert.deepEqual(brief(events), ["left __proto__ left"]);
});

Deno.test("nothing is lost when a tick has no answer: the next one tells", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  await a.watchJoinGroup("g", ({ type }) => type);
  await b.joinGroup("g");
  scene.fates.push(...Array<"lose-reply">(4).fill("lose-reply"));
  const failed = assert.rejects(a.tick(), UnknownOutcome);
  await scene.runtime.advance(4_000);
  await failed;
  assert.deepEqual(brief((await a.tick()).events), ["joined b"]);
});

Deno.test("watching a group that does not exist is refused, and leaves nothing behind", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await assert.rejects(a.watchJoinGroup("g", () => {}), GroupNotCreated);
  assert.throws(() => a.unwatchJoinGroup("g", () => {}), WatchCallbackNotFound);
  assert.throws(() => a.unwatchLeaveGroup("g", () => {}), WatchCallbackNotFound);
  assert.throws(() => a.unwatchElectedAsLeader("g", () => {}), WatchCallbackNotFound);
  scene.sent.length = 0;
  assert.deepEqual(await a.runWatchers(), []);
  assert.equal(scene.sent.length, 0);
});

Deno.test("an ended candidacy keeps the leadership it won, and campaigns no more", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const callback = (): void => {};
  a.watchElectedAsLeader("g", callback);
  await a.runElectCoordinator();
  a.unwatchElectedAsLeader("g", callback);
  assert.equal((await a.getLeader("g"))?.memberId, "a");
  await a.standDownGroupLeader("g");
  await a.runElectCoordinator();
  assert.equal(await a.getLeader("g"), null);
});

Deno.test("a leader that lost its term is told so at the next tick, and who leads now", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  await a.watchJoinGroup("g", () => {});
  a.watchElectedAsLeader("g", () => {});
  await a.tick();
  await scene.runtime.advance(10_000);
  await b.election("g").campaign();
  assert.deepEqual(brief((await a.tick()).events), ["leader b", "leadership-lost a"]);
});

Deno.test("events come one by one until the signal aborts, over an outage too", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const event of a.events({ watch: ["g"], interval: 1_000, signal: stop.signal })) {
      seen.push(...brief([event]));
    }
  })();
  await settled();
  await b.joinGroup("g");
  scene.fates.push(...Array<"lose-request">(4).fill("lose-request"));
  await scene.runtime.advance(6_000);
  await b.leaveGroup("g");
  await scene.runtime.advance(1_000);
  assert.deepEqual(seen, ["resync", "joined b", "left b left"]);
  assert(scene.happened.includes("tick-failed"));
  stop.abort();
  await following;
  assert.equal(scene.runtime.timers, 0);
});
