/** What is true of every call that makes requests: it heeds its signal, and leaves nothing under way. */

import assert from "node:assert/strict";
import { Coordinator, type Lease, UnknownOutcome } from "../../mod.ts";
import type { Driver, Guard } from "../../drivers/driver.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** What a call starts from: a coordinator that holds one of everything, and another. */
interface Start {
  readonly a: Coordinator;
  readonly b: Coordinator;
  readonly lease: Lease;
  readonly now: number;
  /** Stops waiting. */
  readonly signal: AbortSignal;
}

interface Call {
  /** Calls it. */
  readonly run: (start: Start) => Promise<unknown>;
  /** After so many requests it ends what it has begun, whatever its signal says. Default: never. */
  readonly heeds?: number;
}

const noop = (): void => {};
const lock = (name: string, { a }: Start) => a.getLock(name);

const CALLS: Readonly<Record<string, Call>> = {
  "start()": { run: ({ b, signal }) => b.start({ signal }) },
  "heartbeat()": { run: ({ a, signal }) => a.heartbeat({ signal }) },
  "tick()": { run: ({ a, signal }) => a.tick({ watch: ["g"], signal }) },
  "runWatchers()": { run: ({ a, signal }) => a.runWatchers({ signal }) },
  "runElectCoordinator()": { run: ({ a, signal }) => a.runElectCoordinator({ signal }) },
  "lock.acquire()": { run: (s) => lock("free", s).acquire({ signal: s.signal }) },
  "lock.acquire({ shared })": {
    run: (s) => lock("free", s).acquire({ shared: true, signal: s.signal }),
  },
  "lock.break()": { run: ({ b, signal }) => b.getLock("x").break({ signal }) },
  "lock.holders()": { run: (s) => lock("x", s).holders({ signal: s.signal }) },
  "lease.confirm()": { run: ({ lease, signal }) => lease.confirm({ signal }) },
  "lease.renew()": { run: ({ lease, signal }) => lease.renew({ signal }) },
  "lease.release()": { run: ({ lease, signal }) => lease.release({ signal }) },
  "semaphore.acquire()": { run: ({ a, signal }) => a.getSemaphore("s", 2).acquire({ signal }) },
  "semaphore.holders()": { run: ({ a, signal }) => a.getSemaphore("s", 2).holders({ signal }) },
  "election.campaign()": { run: ({ a, signal }) => a.election("free").campaign({ signal }) },
  "election.leader()": { run: ({ a, signal }) => a.election("g").leader({ signal }) },
  "election.standDown()": { run: ({ a, signal }) => a.election("g").standDown({ signal }) },
  "getLeader()": { run: ({ a, signal }) => a.getLeader("g", { signal }) },
  "standDownGroupLeader()": { run: ({ a, signal }) => a.standDownGroupLeader("g", { signal }) },
  "createGroup()": { run: ({ a, signal }) => a.createGroup("free", { signal }) },
  "deleteGroup()": { run: ({ a, signal }) => a.deleteGroup("empty", { signal }) },
  "getGroups()": { run: ({ a, signal }) => a.getGroups({ signal }) },
  "joinGroup()": { run: ({ a, signal }) => a.joinGroup("empty", null, { signal }) },
  "joinGroup({ replace })": {
    run: ({ a, signal }) => a.joinGroup("g", null, { replace: true, signal }),
  },
  "joinGroupCreate()": { run: ({ a, signal }) => a.joinGroupCreate("free", null, { signal }) },
  "leaveGroup()": { run: ({ a, signal }) => a.leaveGroup("g", { signal }) },
  "leaveGroup() for a namesake": { run: ({ b, signal }) => b.leaveGroup("g", { signal }) },
  "getMembers()": { run: ({ a, signal }) => a.getMembers("g", { signal }) },
  "getMembersWithCapabilities()": {
    run: ({ a, signal }) => a.getMembersWithCapabilities("g", { signal }),
  },
  "getMemberCapabilities()": {
    run: ({ a, signal }) => a.getMemberCapabilities("g", "a", { signal }),
  },
  "getMemberInfo()": { run: ({ a, signal }) => a.getMemberInfo("g", "a", { signal }) },
  "updateCapabilities()": { run: ({ a, signal }) => a.updateCapabilities("g", 1, { signal }) },
  "watchJoinGroup()": { run: ({ a, signal }) => a.watchJoinGroup("empty", noop, { signal }) },
  "watchLeaveGroup()": { run: ({ a, signal }) => a.watchLeaveGroup("empty", noop, { signal }) },
  "joinPartitionedGroup()": {
    run: ({ a, signal }) => a.joinPartitionedGroup("free", { signal }),
  },
  "cron().run() in once": {
    run: ({ a, now, signal }) => a.cron("j").run({ slot: now, record: true, signal }, noop),
    heeds: 1,
  },
  "cron().run() in retry": {
    run: ({ a, now, signal }) => a.cron("j").run({ slot: now, mode: "retry", signal }, noop),
    heeds: 1,
  },
  "cron().run({ skipIfRunning })": {
    run: ({ a, now, signal }) => a.cron("j").run({ slot: now, skipIfRunning: true, signal }, noop),
    heeds: 2,
  },
  "cron().run() while another slot runs": {
    run: ({ a, now, signal }) =>
      a.cron("busy").run({ slot: now + 60_000, skipIfRunning: true, signal }, noop),
    heeds: 2,
  },
  "cron().history()": { run: ({ a, signal }) => a.cron("busy").history(9, { signal }) },
  "cron().catchUp()": {
    run: ({ a, now, signal }) => a.cron("j").catchUp({ slot: now, every: 60_000, signal }, noop),
    heeds: 2,
  },
};

/** A scene in which `a` holds one of everything; its wire counts what is under way. */
async function start(): Promise<
  { scene: Scene; from: Omit<Start, "signal">; underWay: () => number; end: () => Promise<unknown> }
> {
  const scene = new Scene();
  let underWay = 0;
  const counting: Driver = {
    ...scene.wire,
    async apply(ops, options) {
      underWay++;
      try {
        return await scene.wire.apply(ops, options);
      } finally {
        underWay--;
      }
    },
  };
  const made = (memberId: string): Coordinator =>
    new Coordinator(counting, { memberId, ttl: 600_000, runtime: scene.runtime });
  // Of one name, so that one can leave for the other.
  const [a, b, other] = [made("a"), made("a"), made("other")];
  const lease = await a.getLock("x").hold();
  for (const group of ["empty", "g"]) await a.createGroup(group);
  await a.joinGroup("g");
  await a.watchJoinGroup("g", noop);
  a.watchElectedAsLeader("h", noop);
  await a.election("g").campaign();
  const now = scene.runtime.wallNow;
  const work = Promise.withResolvers<void>();
  const busy = other.cron("busy").run({ slot: now, skipIfRunning: true }, () => work.promise);
  await settled();
  scene.sent.length = 0;
  const end = (): Promise<unknown> => {
    work.resolve();
    return busy;
  };
  return { scene, from: { a, b, lease, now }, underWay: () => underWay, end };
}

for (const [what, { run, heeds = Infinity }] of Object.entries(CALLS)) {
  Deno.test(`${what} leaves no request under way when it has answered, nor when its signal aborts`, async () => {
    const { scene, from, underWay, end } = await start();
    // Whoever does not await an answer has gone on long before it comes.
    scene.fates.push(...Array(20).fill({ delay: 100 }));
    let left: number | undefined;
    const running = run({ ...from, signal: new AbortController().signal })
      .then(() => left = underWay());
    const ended = running.finally(() => left ??= NaN);
    // What is loaded on demand takes real time.
    while (left === undefined) await scene.runtime.advance(100);
    await ended;
    assert.equal(left, 0, "it had answered before its requests were");
    const requests = scene.sent.length;
    assert(requests > 0);
    scene.fates.length = 0;
    await end();
    for (let request = 0; request < Math.min(requests, heeds); request++) {
      await endsWithItsSignal(run, request);
    }
  });
}

/** Hangs the call at one of its requests; then its signal ends it, before any time has passed. */
async function endsWithItsSignal(run: Call["run"], request: number): Promise<void> {
  const { scene, from, end } = await start();
  scene.fates.push(...Array(request).fill("pass"), "hang");
  const stop = new AbortController();
  const reason = new Error("enough");
  let outcome: unknown;
  const running = run({ ...from, signal: stop.signal })
    .then(() => outcome = "answered", (error) => outcome = error);
  while (scene.sent.length <= request && outcome === undefined) await settled();
  stop.abort(reason);
  await settled();
  const ended = outcome === reason || outcome instanceof UnknownOutcome;
  assert(ended, `request ${request + 1} does not heed the signal: ${outcome}`);
  await running;
  await end();
}

const READERS = { when: "vacant", resource: "readers:free" } as const;
const WRITER = { when: "vacant", resource: "lock:free", seat: "" } as const;
const MEMBER = { when: "held", resource: "group:free", seat: "a" } as const;
const GROUP = { when: "held", resource: "groups", seat: "free" } as const;
const SLOT = new Scene().runtime.wallNow;
const BRIEF = { ttl: 7_000 };
const AS_MEMBER = { ...BRIEF, requireMembership: true };

/** What a call asks for, and the first request that it makes for it. */
const WISHES: Readonly<
  Record<string, [(a: Coordinator) => Promise<unknown>, resource: string, guard?: Guard]>
> = {
  "lock.acquire()": [(a) => a.getLock("free").acquire(BRIEF), "lock:free", READERS],
  "lock.acquire({ shared })": [
    (a) => a.getLock("free").acquire({ ...BRIEF, shared: true }),
    "readers:free",
    WRITER,
  ],
  "lock.tryAcquire()": [(a) => a.getLock("free").tryAcquire(BRIEF), "lock:free", READERS],
  "lock.attempt()": [(a) => a.getLock("free").attempt(BRIEF), "lock:free", READERS],
  "lock.hold()": [(a) => a.getLock("free").hold(BRIEF), "lock:free", READERS],
  "lock.with()": [(a) => a.getLock("free").with(noop, BRIEF), "lock:free", READERS],
  "semaphore.acquire()": [(a) => a.getSemaphore("free", 2).acquire(BRIEF), "semaphore:free"],
  "semaphore.with()": [(a) => a.getSemaphore("free", 2).with(noop, BRIEF), "semaphore:free"],
  "election.campaign()": [(a) => a.election("free").campaign(AS_MEMBER), "leader:free", MEMBER],
  "election.lead()": [(a) => a.election("free").lead(noop, AS_MEMBER), "leader:free", MEMBER],
  "lead()": [(a) => a.lead("free", noop, AS_MEMBER), "leader:free", MEMBER],
  "joinGroup()": [(a) => a.joinGroup("free", null, BRIEF), "group:free", GROUP],
  "joinGroupCreate()": [(a) => a.joinGroupCreate("free", null, BRIEF), "group:free", GROUP],
  "cron().run() in retry": [
    (a) => a.cron("free").run({ slot: SLOT, mode: "retry", ...BRIEF }, noop),
    "cron:free",
    { when: "vacant", resource: "cron:free", seat: `${SLOT}/done` },
  ],
};

for (const [what, [call, resource, guard]] of Object.entries(WISHES)) {
  Deno.test(`${what} asks for what its options say`, async () => {
    const scene = new Scene();
    const a = scene.member("a");
    const outside = scene.over(scene.backend, "a");
    // Where a membership is required, there is one.
    if (guard === MEMBER) await outside.joinGroupCreate("free");
    if (guard === GROUP) await outside.createGroup("free");
    await call(a);
    const asked = scene.sent.flat().find((op) => op.op === "acquire" && op.resource === resource);
    assert(asked?.op === "acquire");
    // Nor does it ask a backend to wait that does not push.
    assert.deepEqual([asked.ttl, asked.guard, asked.patience], [BRIEF.ttl, guard, undefined]);
  });
}
