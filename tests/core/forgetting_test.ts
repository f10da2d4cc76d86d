/** Nothing grows with the number of names and calls: what ran out is forgotten by the way. */

import assert from "node:assert/strict";
import { type Coordinator, MemberNotJoined } from "../../mod.ts";
import { internalsOf } from "../../coordination/internals.ts";
import { settled } from "./fake_runtime.ts";
import { type Fate, Scene } from "./scene.ts";

Deno.test("leases that ran out are forgotten in a process without a heartbeat and without an observer", async () => {
  const scene = new Scene();
  const a = scene.member("a", { on: undefined });
  for (let n = 0; n < 2_000; n++) {
    await a.getLock(`x${n}`).acquire({ ttl: 500 });
    scene.runtime.stop(10);
  }
  const { session } = internalsOf(a);
  assert(session.leases.size <= 256, `${session.leases.size} of 2,000 are still kept`);
  scene.runtime.stop(10_000);
  scene.sent.length = 0;
  await a[Symbol.asyncDispose]();
  assert.deepEqual(scene.sent, [], "leases that ended long ago were released");
});

Deno.test("stop() releases what ran out within two ttls, because the backend's clock may be behind", async () => {
  for (const [age, releases] of [[9_900, 1], [19_999, 1], [20_000, 0]] as const) {
    const scene = new Scene();
    const a = scene.member("a", { on: undefined });
    await a.getLock("x").hold();
    scene.runtime.stop(age);
    scene.sent.length = 0;
    await a.stop();
    const ops = scene.sent.flat().map(({ op }) => op);
    assert.deepEqual(ops, Array(releases).fill("release"), `after ${age} ms`);
  }
});

Deno.test("a wait that has ended is not remembered for stop(), whether it was granted or not", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const holder = await a.getLock("x").hold({ ttl: 600_000 });
  const { session } = internalsOf(b);
  const refused = b.getLock("x").acquire({ timeout: 1_000 });
  await scene.runtime.advance(500);
  assert.equal(session.busy, true);
  await scene.runtime.advance(500);
  assert.equal(await refused, null);
  assert.equal(session.busy, false);
  const granted = b.getLock("x").hold();
  await scene.runtime.advance(500);
  await holder.release();
  await scene.runtime.advance(5_000);
  await (await granted).release();
  assert.equal(session.busy, false);
});

Deno.test("asking who leads 10,000 groups, and campaigning in them, leaves no candidate behind", async () => {
  const scene = new Scene();
  const a = scene.member("a", { on: undefined });
  for (let n = 0; n < 1_000; n++) {
    await a.getLeader(`g${n}`);
    await a.election(`g${n}`).leader();
    assert.equal(a.election(`g${n}`).leading, false);
  }
  for (let n = 0; n < 1_000; n++) {
    await a.election(`g${n}`).campaign();
    await a.standDownGroupLeader(`g${n}`);
  }
  assert(internalsOf(a).candidates.size <= 64, `${internalsOf(a).candidates.size} are kept`);
});

Deno.test("a candidate that is used is not forgotten, however many others come and go", async () => {
  const scene = new Scene();
  const a = scene.member("a", { ttl: 60_000 });
  const leadership = await a.election("mine").campaign();
  for (let n = 0; n < 300; n++) await a.election(`g${n}`).standDown();
  assert.equal(a.election("mine").leading, true);
  assert.equal(await a.standDownGroupLeader("mine"), true);
  assert.equal(leadership?.held, false);
});

Deno.test("a candidate is not forgotten while it campaigns, works without a term, or waits for its turn", async () => {
  const campaign = (a: Coordinator, signal: AbortSignal): Promise<unknown> =>
    a.election("mine").campaign({ signal });
  const lead = (a: Coordinator, signal: AbortSignal): Promise<unknown> =>
    a.lead("mine", () => new Promise((go) => signal.addEventListener("abort", go)), { signal });
  const enter = (a: Coordinator): Promise<unknown> => {
    internalsOf(a).candidates.of("mine").enter();
    return Promise.resolve();
  };
  const uses: [string, (a: Coordinator, signal: AbortSignal) => Promise<unknown>, Fate][] = [
    ["a campaign", campaign, "hang"],
    ["lead() that campaigns", lead, "hang"],
    ["the work of lead() after a loss", lead, "pass"],
    ["a request that is served", enter, "pass"],
  ];
  for (const [what, use, fate] of uses) {
    const scene = new Scene();
    const a = scene.member("a", { on: undefined });
    const { candidates } = internalsOf(a);
    const ending = new AbortController();
    scene.fates.push(fate);
    const used = use(a, ending.signal).catch(() => {});
    await settled();
    scene.runtime.stop(60_000);
    const mine = candidates.of("mine");
    for (let n = 0; n < 300; n++) candidates.of(`g${n}`);
    assert.equal(candidates.of("mine"), mine, what);
    ending.abort();
    await used;
  }
});

Deno.test("groups whose membership ran out are forgotten; one that wants to be back is not", async () => {
  const scene = new Scene();
  const a = scene.member("a", { on: undefined });
  await a.joinGroupCreate("back", null, { rejoin: true });
  for (let n = 0; n < 500; n++) {
    await a.joinGroupCreate(`g${n}`, null, { ttl: 500 });
    scene.runtime.stop(100);
  }
  assert(a.groups.length < 10);
  scene.sent.length = 0;
  scene.runtime.stop(20_000);
  const { events } = await a.tick();
  assert.equal(events.filter(({ type }) => type === "evicted").length > 0, true);
  assert.deepEqual(a.groups, ["back"]);
  const remembered = await releasesOf(scene, a, 500);
  assert(remembered <= 128, `${remembered} of 500 are remembered`);
});

Deno.test("groups are looked through when there are 64, and then whenever their number has doubled", async () => {
  for (
    const [live, ranOut, remembered] of [
      [0, 63, 63],
      [0, 64, 1],
      // Of these 51 stay, so it looks again at 102.
      [50, 14, 1],
      [50, 64, 51],
      [50, 65, 1],
    ] as const
  ) {
    const scene = new Scene();
    const a = scene.member("a", { on: undefined, ttl: 600_000 });
    for (let n = 0; n < live; n++) await a.joinGroupCreate(`live${n}`);
    for (let n = 0; n < ranOut; n++) {
      await a.joinGroupCreate(`g${n}`, null, { ttl: 500 });
      scene.runtime.stop(1_001);
    }
    assert.equal(await releasesOf(scene, a, ranOut), remembered, `${live} live, ${ranOut} not`);
  }
});

Deno.test("a group is remembered for two ttls of its membership, because the backend's clock may be behind", async () => {
  for (const [age, remembered] of [[1_000, 1], [1_001, 0]] as const) {
    const scene = new Scene();
    const a = scene.member("a", { on: undefined });
    await a.joinGroupCreate("g0", null, { ttl: 500 });
    scene.runtime.stop(age);
    for (let n = 0; n < 63; n++) await a.joinGroupCreate(`live${n}`);
    assert.equal(await releasesOf(scene, a, 1), remembered, `after ${age} ms`);
  }
});

/** How many of the groups `g0`, `g1` … it remembers: it releases their seats, and looks who has others. */
async function releasesOf(scene: Scene, member: Coordinator, count: number): Promise<number> {
  scene.sent.length = 0;
  for (let n = 0; n < count; n++) await assert.rejects(member.leaveGroup(`g${n}`), MemberNotJoined);
  return scene.sent.filter(([op]) => op?.op === "release").length;
}

Deno.test("the cursor of a function that watches one group after the other does not grow", async () => {
  const scene = new Scene();
  const a = scene.member("a", { on: undefined });
  let since: string | undefined;
  for (let n = 0; n < 200; n++) {
    await a.createGroup(`g${n}`);
    ({ cursor: since } = await a.tick({ since, watch: [`g${n}`] }));
    await a.deleteGroup(`g${n}`);
  }
  ({ cursor: since } = await a.tick({ since }));
  assert.equal(JSON.parse(since).groups.length, 16);
  // A group that is named, and one that was just deleted, are followed all the same.
  await a.joinGroupCreate("g199");
  const { events } = await a.tick({ since, watch: ["g0"] });
  for (const [what, name] of [["resync", "g0"], ["joined", "g199"]] as const) {
    assert(events.some(({ type, group }) => type === what && group === name), what);
  }
});
