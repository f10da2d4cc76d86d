import assert from "node:assert/strict";
import {
  Coordinator,
  GroupNotCreated,
  GroupNotEmpty,
  InvalidArgument,
  type Json,
  MemberNotJoined,
  UnknownOutcome,
} from "../../mod.ts";
import type { Driver } from "../../drivers/driver.ts";
import { meddling } from "./meddling.ts";
import { Scene } from "./scene.ts";

const GROUP = { resource: "groups", seat: "g" };

Deno.test("joinGroupCreate is one request and never waits, also when a deletion races it", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g");
  assert.equal(scene.sent.length, 1);
  // Between the two operations of one request somebody deletes the group: nine times, then not.
  for (const [deletions, joins] of [[9, true], [10, false]] as const) {
    const scene2 = new Scene();
    const { apply } = scene2.backend;
    let left: number = deletions;
    const racing: Driver = {
      ...scene2.wire,
      apply: async (ops) => {
        const [first, ...rest] = ops;
        if (rest.length !== 1 || !first || left-- <= 0) return await apply(ops);
        const [made] = await apply([first, { op: "release", resource: "groups", seat: "h" }]);
        return [...(made ? [made] : []), ...await apply(rest)];
      },
    };
    const joining = scene2.over(racing, "b").joinGroupCreate("h");
    if (!joins) {
      await assert.rejects(joining, GroupNotCreated);
      continue;
    }
    await joining;
    assert.deepEqual(await scene2.member("c").getMembers("h"), new Set(["b"]));
  }
});

Deno.test("an evicted member that wants to be back joins again at its next tick, in one request", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const first = await a.joinGroupCreate("g", { weight: 1 }, { rejoin: true });
  await a.updateCapabilities("g", { weight: 3 });
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

Deno.test("whoever has our id may leave for us, as in Tooz, and we learn it", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const membership = await a.joinGroupCreate("g");
  await scene.member("a").leaveGroup("g");
  await a.tick();
  assert.equal(membership.held, false);
  await assert.rejects(scene.member("a").leaveGroup("g"), MemberNotJoined);
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

Deno.test("a group that others delete and make anew all the time is deleted when they let it be", async () => {
  for (const [times, gone] of [[9, true], [10, false]] as const) {
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

Deno.test("a group that somebody joins while it is deleted is not empty, and is looked at once", async () => {
  const scene = new Scene();
  const other = scene.member("other");
  await other.createGroup("g");
  const wire = meddling(scene.wire, {
    before: async ([op]) => {
      if (op?.op === "release") await other.joinGroup("g");
    },
  });
  scene.sent.length = 0;
  await assert.rejects(scene.over(wire, "a").deleteGroup("g"), GroupNotEmpty);
  assert.deepEqual(
    scene.sent.map((ops) => ops.map(({ op }) => op).join()),
    ["inspect,inspect", "acquire", "release,acquire"],
  );
});

Deno.test("groups are read a thousand at a time, and all are found", async () => {
  const scene = new Scene();
  const names = Array.from({ length: 2_500 }, (_, n) => `g${n}`);
  await scene.backend.apply(names.map((seat) => {
    return { op: "acquire", resource: "groups", seat, id: seat, ttl: Infinity, value: "" } as const;
  }));
  assert.deepEqual(await scene.member("a").getGroups(), new Set(names));
  assert.equal(scene.sent.length, 3);
});

Deno.test("each change of capabilities is news, also after two that were under way together", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.joinGroupCreate("g", 0);
  let { cursor } = await scene.member("b").tick({ watch: ["g"] });
  for (const changes of [[1], [2, 3], [4]]) {
    await Promise.all(changes.map((each) => a.updateCapabilities("g", each)));
    const { events, cursor: next } = await scene.member("b").tick({ since: cursor });
    assert.deepEqual(
      events.map((event) => event.type === "capabilities" && event.capabilities),
      changes.slice(-1),
    );
    cursor = next;
  }
});

Deno.test("capabilities are nested fifty-one deep at most", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const nested = (deep: number): Json => deep === 0 ? null : [nested(deep - 1)];
  await a.joinGroupCreate("g", nested(51));
  assert.deepEqual(await a.getMemberCapabilities("g", "a"), nested(51));
  await assert.rejects(a.updateCapabilities("g", nested(52)), InvalidArgument);
});
