/** Groups, the tick of members that keep no memory, and names that are hard to send. */
import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { acquire, inspect } from "../conformance/operations.ts";
import { HOSTILE } from "../conformance/hostile.ts";
import type { SmokeCase } from "./smoke.ts";

/** Cases about groups. */
export const groupSmoke: readonly SmokeCase[] = [
  {
    name: "members join, are listed with what they can, and leave",
    async run(driver) {
      const [a, b] = [
        new Coordinator(driver(), { memberId: "a" }),
        new Coordinator(driver(), { memberId: "b" }),
      ];
      const group = crypto.randomUUID();
      await a.joinGroupCreate(group, { zone: "fra", weight: 2 });
      await b.joinGroup(group);
      assert.deepEqual(await a.getMembers(group), new Set(["a", "b"]));
      assert.deepEqual(
        await b.getMembersWithCapabilities(group),
        new Map([["a", { zone: "fra", weight: 2 }], ["b", null]]),
      );
      await assert.rejects(new Coordinator(driver(), { memberId: "a" }).joinGroup(group), {
        name: "MemberAlreadyExist",
      });
      await a.leaveGroup(group);
      assert.deepEqual(await b.getMembers(group), new Set(["b"]));
      await b.leaveGroup(group);
      await b.deleteGroup(group);
    },
  },
  {
    name: "a tick with the cursor of another process's last tick sees exactly what changed since",
    async run(driver) {
      const a = new Coordinator(driver(), { memberId: "a" });
      const group = crypto.randomUUID();
      let since: string | undefined;
      // Each tick is a function's of its own, which has nothing but the cursor.
      const tick = async () => {
        const look = new Coordinator(driver());
        const { events, cursor } = await look.tick({ watch: [group], ...(since && { since }) });
        since = cursor;
        return events.map((event) => `${event.type} ${"memberId" in event ? event.memberId : ""}`);
      };
      await a.createGroup(group);
      await tick();
      assert.deepEqual(await tick(), []);
      await a.joinGroup(group);
      assert.deepEqual(await tick(), ["joined a"]);
      assert.deepEqual(await tick(), []);
      await a.leaveGroup(group);
      assert.deepEqual(await tick(), ["left a"]);
      await a.deleteGroup(group);
    },
  },
  {
    name: "every text that has ever broken somebody's encoding comes back as seat and as value",
    async run(driver) {
      const resource = crypto.randomUUID();
      const ops = HOSTILE.map((text) => acquire(resource, { seat: text, value: text }));
      await driver().apply(ops);
      const [seen] = await driver().apply([inspect(resource)]);
      const expected = HOSTILE.toSorted().map((text) => [text, text]);
      assert.deepEqual(seen?.leases.map(({ seat, value }) => [seat, value]), expected);
    },
  },
  {
    name: "the longest value there may be, in letters of two bytes, comes back",
    async run(driver) {
      const value = "é".repeat(32_768);
      const mine = acquire(crypto.randomUUID(), { value });
      await driver().apply([mine]);
      const [seen] = await driver().apply([inspect(mine.resource)]);
      assert.deepEqual(seen?.leases.map((lease) => lease.value), [value]);
    },
  },
];
