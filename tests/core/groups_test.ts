import assert from "node:assert/strict";
import {
  Coordinator,
  GroupAlreadyExist,
  type GroupEvent,
  GroupNotCreated,
  GroupNotEmpty,
  InvalidArgument,
  type Json,
  MemberAlreadyExist,
  MemberNotJoined,
  UnknownOutcome,
} from "../../mod.ts";
import { meddling } from "./meddling.ts";
import { Scene } from "./scene.ts";

const GROUP = { resource: "groups", seat: "g" };

Deno.test("a group is made once, listed, and deleted only when it is empty", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  await assert.rejects(b.createGroup("g"), GroupAlreadyExist);
  assert.deepEqual(await b.getGroups(), new Set(["g"]));
  await a.joinGroup("g");
  await assert.rejects(b.deleteGroup("g"), GroupNotEmpty);
  await a.leaveGroup("g");
  await b.deleteGroup("g");
  await assert.rejects(b.deleteGroup("g"), GroupNotCreated);
  await assert.rejects(a.joinGroup("g"), GroupNotCreated);
  await assert.rejects(a.getMembers("g"), GroupNotCreated);
  assert.deepEqual(await a.getGroups(), new Set());
});

Deno.test("joinGroupCreate is one request and never waits, also when a deletion races it", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g");
  assert.equal(scene.sent.length, 1);
  // Between the two operations of one request somebody deletes the group: three times, then not.
  let deletions = 3;
  const { apply } = scene.backend;
  const racing = {
    ...scene.wire,
    apply: async (ops: Parameters<typeof apply>[0]) => {
      const [first, ...rest] = ops;
      if (ops.length !== 2 || !first || deletions-- <= 0) return await apply(ops);
      const [made] = await apply([first, { op: "release", resource: "groups", seat: "h" }]);
      return [...(made ? [made] : []), ...await apply(rest)];
    },
  };
  const scene2 = new Scene();
  Object.assign(scene2.wire, racing);
  await scene2.member("b").joinGroupCreate("h");
  assert.deepEqual(await scene.member("c").getMembers("h"), new Set(["b"]));
});

Deno.test("a dead member is never listed, and its capabilities are never returned", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.joinGroupCreate("g", { role: "old" });
  await scene.runtime.advance(10_000);
  assert.deepEqual(await b.getMembers("g"), new Set());
  assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map());
  await assert.rejects(b.getMemberCapabilities("g", "a"), MemberNotJoined);
  await assert.rejects(b.getMemberInfo("g", "a"), MemberNotJoined);
  await assert.rejects(a.updateCapabilities("g", 1), MemberNotJoined);
  await assert.rejects(a.leaveGroup("g"), MemberNotJoined);
});

Deno.test("a second process with a live member's id is refused, and changes nothing", async () => {
  const scene = new Scene();
  await scene.member("a").joinGroupCreate("g", "first");
  await assert.rejects(scene.member("a").joinGroup("g", "second"), MemberAlreadyExist);
  assert.equal(await scene.member("b").getMemberCapabilities("g", "a"), "first");
});

Deno.test("a restarted process takes the place of its dead self, as a later incarnation", async () => {
  const scene = new Scene();
  const old = await scene.member("a").joinGroupCreate("g");
  await scene.runtime.advance(10_000);
  const again = await scene.member("a").joinGroup("g");
  assert(again.incarnation > old.incarnation);
});

Deno.test("replace takes the place of a live self at once, and the old one learns it at its next tick", async () => {
  const scene = new Scene();
  const evicted: string[] = [];
  const old = scene.member("a");
  const first = await old.joinGroupCreate("g", 1, { onEvicted: (group) => evicted.push(group) });
  const second = await scene.member("a").joinGroup("g", 2, { replace: true });
  assert(second.incarnation > first.incarnation);
  assert.equal(first.held, true); // nobody has told it yet
  const { events } = await old.tick();
  assert.deepEqual(events, [
    { type: "evicted", group: "g", memberId: "a", incarnation: first.incarnation },
  ]);
  assert.deepEqual([first.held, first.signal.aborted, evicted], [false, true, ["g"]]);
  assert.deepEqual((await old.tick()).events, []);
  assert.equal(await scene.member("b").getMemberCapabilities("g", "a"), 2);
  await assert.rejects(old.leaveGroup("g"), MemberNotJoined);
  assert.equal(second.held, true);
});

Deno.test("an evicted member that wants to be back joins again at its next tick, in one request", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const first = await a.joinGroupCreate("g", { weight: 3 }, { rejoin: true });
  await scene.runtime.advance(10_000);
  scene.sent.length = 0;
  await a.tick();
  assert.equal(scene.sent.length, 1);
  const info = await scene.member("b").getMemberInfo("g", "a");
  assert.deepEqual([info.capabilities, info.incarnation > first.incarnation], [
    { weight: 3 },
    true,
  ]);
  await a.start();
  await a.stop();
  await a.tick(); // who has left on purpose stays away
  assert.deepEqual(await scene.member("b").getMembers("g"), new Set());
});

Deno.test("stop leaves every group and gives everything back in one request", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.start();
  for (const group of ["g", "h"]) await a.joinGroupCreate(group);
  await a.getLock("x").hold();
  const b = scene.member("b");
  const left: GroupEvent[] = [];
  await b.watchLeaveGroup("g", (event) => left.push(event));
  scene.sent.length = 0;
  await a.stop();
  assert.equal(scene.sent.length, 1);
  await b.runWatchers();
  assert.deepEqual(left.map((event) => event.type === "left" && event.reason), ["left"]);
  assert.deepEqual(await b.getMembers("h"), new Set());
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("whoever has our id may leave for us, as in Tooz, and we learn it", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const membership = await a.joinGroupCreate("g");
  await scene.member("a").leaveGroup("g");
  await a.tick();
  assert.equal(membership.held, false);
  await assert.rejects(scene.member("a").leaveGroup("g"), MemberNotJoined);
});

Deno.test("capabilities are whatever JSON holds, come back as they went, and count their updates", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const samples: Json[] = [null, true, 0, -1.5, "", "é\n\u2028", [], {}, [[1], {
    a: { b: [null] },
  }], {
    __proto__x: 1,
    "": "empty",
  }];
  await a.joinGroupCreate("g");
  for (const sample of samples) {
    await a.updateCapabilities("g", sample);
    assert.deepEqual(await scene.member("b").getMemberCapabilities("g", "a"), sample);
  }
});

Deno.test("what JSON would lose is refused before any request", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const bad = [
    undefined,
    NaN,
    Infinity,
    1n,
    new Date(0),
    new Map(),
    () => {},
    Symbol(),
    cycle,
    {
      nested: [{ lost: undefined }],
    },
    "\ud800",
    "x".repeat(70_000),
  ];
  for (const each of bad.slice(1)) {
    await assert.rejects(
      a.joinGroupCreate("g", each as Json),
      InvalidArgument,
      String(each as string),
    );
  }
  await assert.rejects(a.joinGroupCreate("g", [bad[0]] as unknown as Json), InvalidArgument);
  await assert.rejects(a.getMembers(""), InvalidArgument);
  await assert.rejects(a.getMemberInfo("g", "\n"), InvalidArgument);
  assert.deepEqual(await scene.backend.apply([{ op: "inspect", resource: "groups" }]), [
    { ok: true, leases: [] },
  ]);
});

Deno.test("a join whose reply is lost joins once; one without any answer leaves nothing behind", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  scene.fates.push("lose-reply");
  const joining = a.joinGroupCreate("g");
  await scene.runtime.advance(1_000);
  const { incarnation } = await joining;
  assert.equal((await scene.member("b").getMemberInfo("g", "a")).incarnation, incarnation);
  scene.fates.push("lose-reply", "lose-request", "lose-request", "lose-request");
  const unknown = assert.rejects(scene.member("c").joinGroup("g"), UnknownOutcome);
  await scene.runtime.advance(4_000);
  await unknown;
  await Promise.all(scene.runtime.background);
  assert.deepEqual(await scene.member("b").getMembers("g"), new Set(["a"]));
});

Deno.test("with requireMembership only a live member can lead", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.joinGroupCreate("g");
  assert.equal(await b.election("g").campaign({ requireMembership: true }), null);
  assert(await a.election("g").campaign({ requireMembership: true }));
  await a.standDownGroupLeader("g");
  await a.leaveGroup("g");
  assert.equal(await a.election("g").campaign({ requireMembership: true }), null);
  assert(await b.election("g").campaign());
});

Deno.test("a group that others delete and make anew all the time is deleted when they let it be", async () => {
  for (const [times, gone] of [[3, true], [Infinity, false]] as const) {
    const scene = new Scene();
    const other = scene.member("other");
    await other.createGroup("g");
    let made = 0;
    const wire = meddling(scene.wire, {
      before: async ([op]) => {
        if (op?.op !== "release" || made++ >= times) return;
        const { leases: [group] } = (await scene.backend.apply([{ ...GROUP, op: "inspect" }]))[0]!;
        await scene.backend.apply([{ ...GROUP, op: "release", id: group!.id }]);
        await scene.backend.apply([
          { ...GROUP, op: "acquire", id: `anew ${made}`, ttl: Infinity, value: "" },
        ]);
      },
    });
    const a = new Coordinator(wire, { memberId: "a", runtime: scene.runtime });
    const deleted = await a.deleteGroup("g").then(() => true, (error) => error);
    if (gone) assert.equal(deleted, true);
    else assert(deleted instanceof GroupNotEmpty, `${deleted}`);
    assert.deepEqual([...await other.getGroups()], gone ? [] : ["g"]);
  }
});
