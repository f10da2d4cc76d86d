/**
 * Requests and replies that are lost or doubled: every verb ends right, or says it does not know.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Coordinator } from "../../../mod.ts";
import type { CoordinationCase } from "./place.ts";
import { law, type Scene } from "./scene.ts";
import type { Fate } from "./wire.ts";

/** What can happen to a request that is sent until it is answered. */
const STORIES: readonly (readonly Fate[])[] = [
  ["lose-request"],
  ["lose-reply"],
  ["twice"],
  ["lose-reply", "lose-request", "lose-reply"],
  ["silence"],
];

/** One verb, what it needs, and how to see that it was done once and right. */
interface Trial {
  readonly verb: string;
  prepare?(a: Coordinator): Promise<unknown>;
  act(a: Coordinator): Promise<unknown>;
  check(b: Coordinator, answer: unknown): Promise<void>;
}

const TRIALS: readonly Trial[] = [
  {
    verb: "createGroup",
    act: (a) => a.createGroup("g"),
    check: async (b) => assert.deepEqual(await b.getGroups(), new Set(["g"])),
  },
  {
    verb: "joinGroup",
    prepare: (a) => a.createGroup("g"),
    act: (a) => a.joinGroup("g", 1),
    check: async (b) =>
      assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map([["a", 1]])),
  },
  {
    verb: "joinGroupCreate",
    act: (a) => a.joinGroupCreate("g", 1),
    check: async (b) =>
      assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map([["a", 1]])),
  },
  {
    verb: "updateCapabilities",
    prepare: (a) => a.joinGroupCreate("g", 1),
    act: (a) => a.updateCapabilities("g", 2),
    check: async (b) =>
      assert.deepEqual(await b.getMembersWithCapabilities("g"), new Map([["a", 2]])),
  },
  {
    verb: "leaveGroup",
    prepare: (a) => a.joinGroupCreate("g"),
    act: (a) => a.leaveGroup("g"),
    check: async (b) => assert.deepEqual(await b.getMembers("g"), new Set()),
  },
  {
    verb: "acquire",
    act: (a) => a.getLock("x").acquire({ timeout: 0 }),
    check: async (b, lease) => {
      assert.ok(lease);
      assert.equal((await b.getLock("x").holders()).length, 1);
    },
  },
  {
    verb: "shared acquire",
    act: (a) => a.getLock("x").acquire({ timeout: 0, shared: true }),
    check: async (b, lease) => {
      assert.ok(lease);
      assert.equal((await b.getLock("x").holders()).length, 1);
    },
  },
  {
    verb: "campaign",
    act: (a) => a.election("g").campaign(),
    check: async (b, lease) => {
      assert.ok(lease);
      assert.equal((await b.getLeader("g"))?.memberId, "a");
    },
  },
  {
    verb: "standDownGroupLeader",
    prepare: (a) => a.election("g").campaign(),
    act: (a) => a.standDownGroupLeader("g"),
    check: async (b, answer) => {
      assert.equal(answer, true);
      assert.equal(await b.getLeader("g"), null);
    },
  },
];

/** How long an answer is waited for, in ms: several times that is less than retrying() takes in all. */
function soon({ short }: Scene): number {
  return Math.min(short, 2_500);
}

/** Cases about faults on the wire. */
export const faultCases: readonly CoordinationCase[] = [
  ...TRIALS.map((trial) =>
    law(
      `${trial.verb} is done once and answered right, whatever is lost or doubled`,
      async (on) => {
        for (const [round, story] of STORIES.entries()) {
          const inside = { namespace: `f${round}-${on.name}`, timeout: soon(on) };
          const [a, b] = [await on.member("a", inside), await on.member("b", inside)];
          await trial.prepare?.(a);
          on.wire(a).fates.push(...story);
          const answer = await on.during(trial.act(a), 40_000);
          await trial.check(b, answer);
        }
      },
    )
  ),
  law("deleteGroup whose answer is lost deletes, or says that it does not know", async (on) => {
    for (const story of STORIES) {
      if (story.includes("twice")) continue;
      const [a, b] = [
        await on.member("a", { timeout: soon(on) }),
        await on.member("b"),
      ];
      await a.createGroup("g");
      on.wire(a).fates.push(...story);
      await on.during(a.deleteGroup("g"), 40_000).catch((error) => {
        assert.ok(["UnknownOutcome", "OperationTimedOut"].includes(error.name), `${error}`);
      });
      on.wire(a).fates.length = 0;
      if ((await b.getGroups()).has("g")) await a.deleteGroup("g");
      assert.deepEqual(await b.getGroups(), new Set());
    }
  }),
  law("a definite refusal stays one when the request before it was lost", async (on) => {
    const [a, b, twin] = [await on.member("a"), await on.member("b"), await on.member("a")];
    await a.joinGroupCreate("g");
    await a.getLock("x").hold();
    await a.election("g").campaign();
    const lost = async <T>(member: Coordinator, work: () => Promise<T>): Promise<T> => {
      on.wire(member).fates.push("lose-request");
      return await on.during(work(), 40_000);
    };
    assert.equal(await lost(b, () => b.getLock("x").acquire({ timeout: 0 })), null);
    assert.equal(await lost(b, () => b.election("g").campaign()), null);
    const refused = (name: string, member: Coordinator, work: () => Promise<unknown>) =>
      assert.rejects(lost(member, work), { name });
    await refused("GroupAlreadyExist", b, () => b.createGroup("g"));
    await refused("MemberAlreadyExist", twin, () => twin.joinGroup("g"));
    await refused("GroupNotCreated", b, () => b.joinGroup("h"));
    await refused("GroupNotCreated", b, () => b.getMembers("h"));
  }),
  law("an outage shorter than the ttl costs a member nothing", async (on) => {
    const [a, b] = [await on.member("a", { ttl: on.short }), await on.member("b")];
    await a.start({ heartbeat: true });
    const membership = await a.joinGroupCreate("g");
    const lock = await a.getLock("x").hold();
    await on.pass(1);
    on.wire(a).weather = "lose-request";
    await on.pass(1);
    on.wire(a).weather = "pass";
    await on.pass(6);
    assert.deepEqual([membership.held, lock.held], [true, true]);
    assert.deepEqual(await b.getMembers("g"), new Set(["a"]));
  }),
  law("an outage longer than the ttl is told to the member before others take over", async (on) => {
    const [a, b] = [await on.member("a", { ttl: on.short }), await on.member("b")];
    await a.start({ heartbeat: true });
    const membership = await a.joinGroupCreate("g", 1, { rejoin: true });
    const lock = await a.getLock("x").hold();
    let inTime: boolean | undefined;
    on.wire(a).weather = "lose-request";
    const taken = b.getLock("x").acquire().then(() => inTime = lock.signal.aborted);
    await on.during(taken, 8 * on.short);
    assert.equal(inTime, true, "b had the lock before a knew that it had lost it");
    assert.equal(membership.held, false);
    on.wire(a).weather = "pass";
    await on.until("a is back", async () => {
      await a.tick().catch(() => {});
      return (await b.getMembers("g")).has("a");
    });
  }),
  law(
    "a tick without an answer may be called again, and loses neither votes nor events",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await b.joinGroupCreate("g");
      await a.watchLeaveGroup("g", ({ type }) => type);
      a.watchElectedAsLeader("g", ({ type }) => type);
      await b.leaveGroup("g");
      on.wire(a).weather = "lose-reply";
      await assert.rejects(on.during(a.tick(), 40_000), { name: "UnknownOutcome" });
      on.wire(a).weather = "pass";
      const seen: string[] = [];
      await on.until("a is elected", async () => {
        seen.push(...(await a.tick()).events.map(({ type }) => type));
        return seen.includes("elected");
      });
      assert.equal(seen.filter((type) => type === "left").length, 1);
      assert.equal((await b.getLeader("g"))?.memberId, "a");
      assert.equal(a.election("g").leading, true);
    },
  ),
  law("a call that is called off has not joined, or is undone behind its back", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await b.createGroup("g");
    const before = AbortSignal.abort(new Error("never mind"));
    const sent = await on.requests(a, async () => {
      for (
        const work of [
          a.joinGroup("g", null, { signal: before }),
          a.createGroup("h", { signal: before }),
          a.getMembers("g", { signal: before }),
          a.tick({ watch: ["g"], signal: before }),
        ]
      ) await assert.rejects(work, /never mind/);
    });
    assert.equal(sent, 0);
    const during = new AbortController();
    on.wire(a).fates.push("silence");
    const joining = a.joinGroup("g", null, { signal: during.signal });
    during.abort(new Error("too slow"));
    await assert.rejects(on.during(joining), /too slow/);
    await on.until("nobody is in the group", async () => (await b.getMembers("g")).size === 0);
    await a.joinGroup("g");
  }),
];
