/** Whoever tries again asks as somebody new: a late copy of a refused try may be granted to nobody. */

import assert from "node:assert/strict";
import { Coordinator, type Lease } from "../../mod.ts";
import type { Acquire, Driver } from "../../drivers/driver.ts";
import { Scene } from "./scene.ts";

/** A wire that notes each refused try, and each id that is used although it was refused before. */
function noting(scene: Scene): { wire: Driver; refused: Acquire[]; again: Acquire[] } {
  const [refused, again]: Acquire[][] = [[], []];
  const wire: Driver = {
    ...scene.wire,
    async apply(ops, options) {
      const outcomes = await scene.wire.apply(ops, options);
      ops.forEach((op, i) => {
        if (op.op !== "acquire" || outcomes[i]?.ok) return;
        if (refused?.some(({ id }) => id === op.id)) again?.push(op);
        refused?.push(op);
      });
      return outcomes;
    },
  };
  return { wire, refused: refused ?? [], again: again ?? [] };
}

/** Everything that is tried more than once, in the way of somebody who has it for a minute. */
const TRIES: Readonly<Record<string, (b: Coordinator, scene: Scene) => Promise<unknown>>> = {
  "a wait for a lock": (b) => b.getLock("x").acquire({ timeout: 5_000 }),
  "a reader's wait": (b) => b.getLock("x").acquire({ shared: true, timeout: 5_000 }),
  "a writer's wait for readers": (b) => b.getLock("read").acquire({ timeout: 5_000 }),
  "a wait for a permit": (b) => b.getSemaphore("s", 1).acquire({ timeout: 5_000 }),
  "a candidacy": (b) => b.lead("g", () => {}, { signal: AbortSignal.timeout(1) }),
  "campaigns by hand": async (b) => {
    for (let n = 0; n < 3; n++) assert.equal(await b.election("g").campaign(), null);
  },
  "campaigns of ticks": async (b) => {
    b.watchElectedAsLeader("g", () => {});
    for (let n = 0; n < 3; n++) await b.tick();
  },
  "joins in the way of a twin": async (b) => {
    for (let n = 0; n < 3; n++) {
      await assert.rejects(b.joinGroup("g"), { name: "MemberAlreadyExist" });
    }
  },
  "rejoins in the way of a twin": async (b, scene) => {
    await b.joinGroup("h", null, { rejoin: true });
    await scene.backend.apply([{ op: "release", resource: "group:h", seat: "b" }]);
    await scene.member("b", { ttl: 60_000 }).joinGroup("h");
    for (let n = 0; n < 4; n++) await b.tick();
  },
  "claims of a slot": async (b, scene) => {
    const slot = scene.runtime.wallNow;
    for (let n = 0; n < 3; n++) await b.cron("j").run({ slot }, () => assert.fail("it ran"));
  },
};

for (const [what, run] of Object.entries(TRIES)) {
  Deno.test(`each try has an id of its own: ${what}`, async () => {
    const scene = new Scene();
    const a = scene.member("a", { ttl: 60_000 });
    await a.getLock("x").hold();
    await a.getLock("read").hold({ shared: true });
    await a.getSemaphore("s", 1).hold();
    await a.election("g").campaign();
    for (const group of ["g", "h"]) await a.joinGroupCreate(group);
    await scene.member("b", { ttl: 60_000 }).joinGroup("g");
    await a.cron("j").run({ slot: scene.runtime.wallNow }, () => {});
    const { wire, refused, again } = noting(scene);
    const stop = new AbortController();
    const b = new Coordinator(wire, { memberId: "b", ttl: 60_000, runtime: scene.runtime });
    const lead = (b2: Coordinator) => b2.lead("g", () => {}, { signal: stop.signal });
    const running = what === "a candidacy" ? lead(b) : run(b, scene);
    await scene.runtime.advance(20_000);
    stop.abort();
    await scene.runtime.advance(10_000);
    await running;
    assert(refused.length >= 3, `${refused.length} tries were refused`);
    assert.deepEqual(again, []);
  });
}

Deno.test("a refused try that arrives once more, late, makes no second holder", async () => {
  const scene = new Scene();
  const held = await scene.member("a").getLock("x").hold();
  const { wire, refused } = noting(scene);
  const b = new Coordinator(wire, { memberId: "b", ttl: 10_000, runtime: scene.runtime });
  let mine: Lease | null = null;
  const waiting = b.getLock("x").acquire().then((lease) => mine = lease);
  await scene.runtime.advance(1_000);
  await held.release();
  assert(refused[0]);
  // The network has kept a copy, and it is granted: to somebody who does not know.
  const [copy] = await scene.backend.apply([refused[0]]);
  assert.equal(copy?.ok, true);
  const c = scene.member("c").getLock("x");
  let theirs: Lease | null = null;
  for (let ms = 0; ms < 30_000; ms += 100) {
    await scene.runtime.advance(100);
    theirs ??= await c.acquire({ timeout: 0 });
    const believers: (Lease | null)[] = [mine, theirs].filter((lease: Lease | null) => lease?.held);
    assert(believers.length < 2, `two hold it after ${ms} ms`);
    if (theirs && !(theirs as Lease).held) break;
  }
  assert((theirs as Lease | null) || mine, "nobody ever had it");
  await c.release();
  await scene.runtime.advance(5_000);
  await waiting;
});
