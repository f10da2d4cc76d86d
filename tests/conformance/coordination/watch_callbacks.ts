/**
 * The callbacks of watches: which are called, in what order, and what becomes of what they throw.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law, toozLaw } from "./scene.ts";
import { tell } from "./tell.ts";

/** Cases about callbacks. */
export const watchCallbackCases: readonly CoordinationCase[] = [
  toozLaw(
    [
      "test_unwatch_join_group_callback_not_found",
      "test_unwatch_leave_group_callback_not_found",
      "test_unwatch_elected_as_leader_callback_not_found",
    ],
    "a callback that does not watch cannot stop watching, whatever else it watches",
    async (on) => {
      const a = await on.member("a");
      const notFound = { name: "WatchCallbackNotFound", group: "g" };
      await a.createGroup("g");
      await a.createGroup("h");
      await a.watchJoinGroup("h", tell);
      assert.throws(() => a.unwatchJoinGroup("g", tell), notFound);
      assert.throws(() => a.unwatchLeaveGroup("g", tell), notFound);
      assert.throws(() => a.unwatchElectedAsLeader("g", tell), notFound);
      await a.runWatchers();
      assert.equal(await a.getLeader("g"), null, "who failed to stop watching is no candidate");
      await a.watchLeaveGroup("g", tell);
      assert.throws(() => a.unwatchJoinGroup("g", tell), notFound);
      assert.throws(() => a.unwatchLeaveGroup("g", (event) => tell(event)), notFound);
      a.unwatchLeaveGroup("g", tell);
      assert.throws(() => a.unwatchLeaveGroup("g", tell), notFound);
    },
  ),
  toozLaw(
    ["test_register_hook", "test_unregister_hook"],
    "callbacks run in their order, what they answer is listed, and who was removed is not called",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      await a.createGroup("g");
      const answering = (n: number) => () => Promise.resolve(n);
      const [one, two, three] = [answering(1), answering(2), answering(3)];
      for (const callback of [one, two, three]) await a.watchJoinGroup("g", callback);
      await b.joinGroup("g");
      assert.deepEqual(await a.runWatchers(), [1, 2, 3]);
      a.unwatchJoinGroup("g", two);
      await b.leaveGroup("g");
      await a.runWatchers();
      await b.joinGroup("g");
      assert.deepEqual(await a.runWatchers(), [1, 3]);
    },
  ),
  law(
    "a callback that throws stops no other, is reported, and its event does not return",
    async (on) => {
      const reports: unknown[] = [];
      const [a, b] = [
        await on.member("a", {
          on: (event) => {
            if (event.type === "callback-failed") reports.push(event.error);
          },
        }),
        await on.member("b"),
      ];
      for (const group of ["g", "h"]) {
        await a.createGroup(group);
        await a.watchJoinGroup(group, () => {
          throw new Error(`no ${group}`);
        });
        await a.watchJoinGroup(group, () => Promise.reject(new Error(`nor ${group}`)));
        await a.watchJoinGroup(group, tell);
        await b.joinGroup(group);
      }
      a.watchElectedAsLeader("g", tell);
      assert.deepEqual((await a.runWatchers()).sort(), ["elected g a", "joined g b", "joined h b"]);
      assert.equal(reports.length, 4);
      assert.deepEqual(await a.runWatchers(), []);
      assert.equal(reports.length, 4);
    },
  ),
  law("two runs at once tell every event once", async (on) => {
    const [a, ...others] = await on.members(9);
    assert.ok(a);
    await a.createGroup("g");
    await a.watchJoinGroup("g", tell);
    const runs: Promise<unknown[]>[] = [];
    for (const other of others) {
      await other.joinGroup("g");
      runs.push(a.runWatchers(), a.runWatchers());
    }
    const told = (await Promise.all(runs)).flat();
    told.push(...await a.runWatchers());
    assert.deepEqual(told.sort(), others.map(({ memberId }) => `joined g ${memberId}`).sort());
  }),
  law("a run without an answer tells nothing, and the next tells everything once", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.createGroup("g");
    await a.watchJoinGroup("g", tell);
    await b.joinGroup("g");
    on.wire(a).weather = "lose-reply";
    await assert.rejects(on.during(a.runWatchers(), 30_000), { name: "UnknownOutcome" });
    on.wire(a).weather = "pass";
    assert.deepEqual(await a.runWatchers(), ["joined g b"]);
  }),
  law("a callback that watches twice is called twice, and stops once at a time", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    await a.createGroup("g");
    await a.watchJoinGroup("g", tell);
    await a.watchJoinGroup("g", tell);
    await b.joinGroup("g");
    assert.deepEqual(await a.runWatchers(), ["joined g b", "joined g b"]);
    a.unwatchJoinGroup("g", tell);
    await b.leaveGroup("g");
    await a.runWatchers();
    await b.joinGroup("g");
    assert.deepEqual(await a.runWatchers(), ["joined g b"]);
    a.unwatchJoinGroup("g", tell);
    assert.throws(() => a.unwatchJoinGroup("g", tell), { name: "WatchCallbackNotFound" });
  }),
];
