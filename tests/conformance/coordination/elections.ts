/**
 * Elections: by watch, as in Tooz, and by campaign.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { GroupEvent } from "../../../mod.ts";
import type { CoordinationCase } from "./place.ts";
import { crowdLaw, law, toozLaw } from "./scene.ts";
import { tell } from "./tell.ts";

/** Cases about elections. */
export const electionCases: readonly CoordinationCase[] = [
  toozLaw(["test_run_for_election"], "a single candidate is elected, and told once", async (on) => {
    const a = await on.member("a");
    await a.createGroup("g");
    const seen: GroupEvent[] = [];
    a.watchElectedAsLeader("g", (event) => seen.push(event));
    await a.runElectCoordinator();
    const [event] = seen;
    assert.ok(event?.type === "elected");
    assert.deepEqual([event.group, event.memberId], ["g", "a"]);
    assert.equal(event.term, (await a.getLeader("g"))?.term);
    await a.runElectCoordinator();
    await a.runWatchers();
    assert.equal(seen.length, 1);
  }),
  toozLaw(
    ["test_run_for_election_multiple_clients"],
    "of two candidates one is elected, and the other when the first stops",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.start();
      await a.createGroup("g");
      for (const member of [a, b]) member.watchElectedAsLeader("g", tell);
      assert.deepEqual(await a.runWatchers(), ["elected g a"]);
      assert.deepEqual(await b.runWatchers(), []);
      for (const member of [a, b]) assert.equal((await member.getLeader("g"))?.memberId, "a");
      await a.stop();
      assert.deepEqual(await b.runWatchers(), ["elected g b"]);
      assert.equal((await b.getLeader("g"))?.memberId, "b");
    },
  ),
  toozLaw(
    ["test_get_leader"],
    "nobody leads before an election, not even the only member",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.createGroup("g");
      assert.equal(await a.getLeader("g"), null);
      await a.joinGroup("g");
      assert.equal(await b.getLeader("g"), null);
      a.watchElectedAsLeader("g", tell);
      await a.runWatchers();
      assert.equal((await b.getLeader("g"))?.memberId, "a");
      // In ZooKeeper's driver the question alone made a member called "leader".
      assert.deepEqual(await a.getMembers("g"), new Set(["a"]));
    },
  ),
  toozLaw(
    ["test_run_for_election_multiple_clients_stand_down"],
    "standing down hands leadership over, to and fro, and each is told each time",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      for (const member of [a, b]) member.watchElectedAsLeader("g", tell);
      const terms: number[] = [];
      assert.deepEqual(await a.runWatchers(), ["elected g a"]);
      for (const [leader, next] of [[a, b], [b, a], [a, b]] as const) {
        terms.push((await a.getLeader("g"))?.term ?? 0);
        assert.equal(await next.standDownGroupLeader("g"), false);
        assert.equal(await leader.standDownGroupLeader("g"), true);
        assert.equal(await a.getLeader("g"), null);
        assert.deepEqual(await next.runWatchers(), [`elected g ${next.memberId}`]);
        assert.deepEqual(await leader.runWatchers(), []);
      }
      assert.deepEqual(terms, [...new Set(terms)].sort((one, two) => one - two));
    },
  ),
  toozLaw(
    ["test_unwatch_elected_as_leader"],
    "who watches no longer is no candidate any more, and keeps what it has won",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      a.watchElectedAsLeader("g", tell);
      a.unwatchElectedAsLeader("g", tell);
      assert.equal(await on.requests(a, () => a.runWatchers()), 0);
      assert.equal(await b.getLeader("g"), null);
      a.watchElectedAsLeader("g", tell);
      await a.runWatchers();
      a.unwatchElectedAsLeader("g", tell);
      assert.equal((await b.getLeader("g"))?.memberId, "a");
      await a.standDownGroupLeader("g");
      await a.runWatchers();
      assert.equal(await b.getLeader("g"), null);
    },
  ),
  law(
    "watching an election costs no request, and campaigning in many groups costs one",
    async (on) => {
      const a = await on.member("a");
      const groups = ["e", "f", "g", "h"];
      const watch = async () => {
        for (const group of groups) a.watchElectedAsLeader(group, tell);
        await a.getGroups();
      };
      assert.equal(await on.requests(a, watch), 1);
      assert.equal(await on.requests(a, () => a.runElectCoordinator()), 1);
      for (const group of groups) assert.equal((await a.getLeader(group))?.memberId, "a");
    },
  ),
  law("a leader that does not renew is told that it lost, and another takes over", async (on) => {
    const [a, b] = [await on.member("a", { leaderTtl: on.short }), await on.member("b")];
    a.watchElectedAsLeader("g", tell);
    b.watchElectedAsLeader("g", tell);
    await a.runWatchers();
    const term = (await b.getLeader("g"))?.term ?? 0;
    await on.pass(4);
    const told: unknown[] = [];
    await on.until("b is elected", async () => told.push(...await b.runWatchers()) === 1);
    const leader = await a.getLeader("g");
    assert.equal(leader?.memberId, "b");
    assert.ok(leader.term > term);
    const { events } = await a.tick();
    const lost = events.filter(({ type }) => type === "leadership-lost");
    assert.deepEqual(lost, [{ type: "leadership-lost", group: "g", memberId: "a", term }]);
    assert.equal(a.election("g").leading, false);
    assert.equal(await a.standDownGroupLeader("g"), false);
    assert.equal((await a.getLeader("g"))?.memberId, "b");
  }),
  law("a leader that expired and wins again is elected again, in a later term", async (on) => {
    const a = await on.member("a", { leaderTtl: on.short });
    const terms: number[] = [];
    a.watchElectedAsLeader("g", (event) => event.type === "elected" && terms.push(event.term));
    await a.runWatchers();
    await on.pass(4);
    await on.until("nobody leads", async () => await a.getLeader("g") === null);
    await a.runWatchers();
    assert.equal(terms.length, 2);
    assert.ok((terms[1] ?? 0) > (terms[0] ?? 0));
  }),
  law("nobody leads once the leader's ttl is over", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const leadership = await a.election("g").campaign({ ttl: on.short });
    const { memberId, term, left } = await b.getLeader("g") ?? {};
    assert.deepEqual([memberId, term], ["a", leadership?.token]);
    assert.ok(left !== undefined && left > 0 && left <= on.short);
    await on.crash(a);
    await on.until("nobody leads", async () => await b.getLeader("g") === null);
    assert.equal(leadership?.held, false);
  }),
  law("heartbeats keep leadership past its ttl", async (on) => {
    const [a, b] = [await on.member("a", { leaderTtl: on.short }), await on.member("b")];
    a.watchElectedAsLeader("g", tell);
    await a.runWatchers();
    const { term } = await b.getLeader("g") ?? {};
    for (let beat = 0; beat < 3; beat++) {
      await on.pass(2);
      await a.heartbeat();
    }
    assert.equal((await b.getLeader("g"))?.term, term);
    assert.equal(a.election("g").leading, true);
  }),
  law("where membership is required, only a live member wins", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    const only = { requireMembership: true };
    assert.equal(await a.election("g").campaign(only), null);
    await b.joinGroupCreate("g");
    assert.equal(await a.election("g").campaign(only), null);
    await a.joinGroup("g");
    const leadership = await a.election("g").campaign(only);
    assert.ok(leadership);
    assert.equal(await b.election("g").campaign(only), null);
    await leadership.release();
    await a.leaveGroup("g");
    assert.equal(await a.election("g").campaign(only), null);
    assert.ok(await b.election("g").campaign(only));
  }),
  crowdLaw("of sixteen candidates exactly one is elected, round after round", async (on) => {
    const members = await on.members(16);
    for (const member of members) member.watchElectedAsLeader("g", ({ group }) => group);
    let last = 0;
    for (let round = 0; round < on.rounds / 2; round++) {
      const told = await Promise.all(members.map((member) => member.runWatchers()));
      const winners = members.filter((_, i) => told[i]?.length === 1);
      assert.equal(winners.length, 1);
      const [winner] = winners;
      const leader = await winner?.getLeader("g");
      assert.equal(leader?.memberId, winner?.memberId);
      assert.ok(leader && leader.term > last);
      last = leader.term;
      await winner?.standDownGroupLeader("g");
    }
  }),
  law("of two processes with one member id, one leads", async (on) => {
    const [a, twin] = [await on.member("a"), await on.member("a")];
    for (const member of [a, twin]) member.watchElectedAsLeader("g", tell);
    assert.deepEqual(await a.runWatchers(), ["elected g a"]);
    assert.deepEqual(await twin.runWatchers(), []);
    assert.equal(await twin.standDownGroupLeader("g"), false);
    assert.deepEqual([a.election("g").leading, twin.election("g").leading], [true, false]);
    await on.crash(twin);
    await a.heartbeat();
    assert.equal(a.election("g").leading, true);
  }),
  law(
    "a leader whose seat was taken away is told at its next tick, and stands again",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      a.watchElectedAsLeader("g", tell);
      await a.runWatchers();
      const first = await b.getLeader("g");
      await (await on.backend()).apply([{ op: "release", resource: "leader:g", seat: "" }]);
      const { events } = await a.tick();
      assert.ok(events.some(({ type }) => type === "leadership-lost"));
      await a.tick();
      const second = await b.getLeader("g");
      assert.equal(second?.memberId, "a");
      assert.ok(first && second.term > first.term);
    },
  ),
];
