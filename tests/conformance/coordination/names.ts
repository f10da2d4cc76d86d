/**
 * Names that look like others, or like something else.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationCase } from "./place.ts";
import { law } from "./scene.ts";

/** All different, and all allowed. */
const NAMES: readonly string[] = [
  "g",
  "G",
  " g",
  "g ",
  "g 1",
  "g:1",
  "g:",
  ":g",
  "g/1",
  "/",
  "..",
  "g:readers",
  "group:g",
  "groups",
  "left:g",
  "leader:g",
  "leader_of_g",
  "lock:g",
  "__created__",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "0",
  "00",
  "1e3",
  "{g}",
  "}g{",
  "*",
  "%67",
  "%",
  "'\"\\`$",
  '"g"',
  "a,b",
  "é",
  "e\u0301",
  "ß",
  "SS",
  "ñandú 日本語",
  "𝄞🏳️‍🌈",
  "\u202egnirts",
  "\ufeffg",
  "\u00a0",
  "x".repeat(256),
  `${"x".repeat(255)}y`,
  "é".repeat(128),
];

/** Not allowed, wherever a name is wanted. */
const REFUSED: readonly string[] = [
  "",
  "x".repeat(257),
  "é".repeat(129),
  "a\nb",
  "a\0b",
  "\x7f",
  "\u0085",
  "\ud800",
  "a\udc00",
  7 as unknown as string,
  undefined as unknown as string,
];

/** Not JSON, or less than itself in JSON. */
const NOT_JSON: readonly unknown[] = [
  ...[NaN, Infinity, 1n, Symbol(), () => {}, new Date(0), new Map(), "\ud800"],
  ...[[undefined], { nested: [{ lost: undefined }] }],
];

/** Cases about names. */
export const nameCases: readonly CoordinationCase[] = [
  law("groups of any names are each their own", async (on) => {
    const [a, b] = [await on.member("a"), await on.member("b")];
    for (const name of NAMES) await a.createGroup(name);
    assert.deepEqual(await b.getGroups(), new Set(NAMES));
    for (const name of NAMES) await a.joinGroup(name, { name });
    for (const name of NAMES) {
      const members = await b.getMembersWithCapabilities(name);
      assert.deepEqual(members, new Map([["a", { name }]]));
    }
    for (const [i, name] of NAMES.entries()) {
      if (i % 2) await a.leaveGroup(name);
      if (i % 2) await b.deleteGroup(name);
    }
    assert.deepEqual(await b.getGroups(), new Set(NAMES.filter((_, i) => i % 2 === 0)));
  }),
  law("members of any names are each their own, and are told of by their names", async (on) => {
    const watcher = await on.member("watcher");
    await watcher.createGroup("g");
    const joined: string[] = [];
    await watcher.watchJoinGroup(
      "g",
      (event) => "memberId" in event && joined.push(`${event.memberId}`),
    );
    const members = await Promise.all(NAMES.map((name) => on.member(name)));
    for (const member of members) await member.joinGroup("g", { me: member.memberId });
    assert.deepEqual(await watcher.getMembers("g"), new Set(NAMES));
    await watcher.runWatchers();
    assert.deepEqual(joined.toSorted(), NAMES.toSorted());
    for (const name of NAMES) {
      assert.deepEqual(await watcher.getMemberCapabilities("g", name), { me: name });
    }
    // Through a cursor and back, too.
    const { cursor } = await watcher.tick({ watch: ["g"] });
    for (const member of members) await member.leaveGroup("g");
    const { events } = await (await on.member("later")).tick({ watch: ["g"], since: cursor });
    const left = events.flatMap((event) => event.type === "left" ? [event] : []);
    assert.deepEqual(left.map(({ memberId }) => memberId).toSorted(), NAMES.toSorted());
    assert.ok(left.every(({ reason }) => reason === "left"));
  }),
  law(
    "locks of any names are each their own, and none is a leader's, a reader's or a group's",
    async (on) => {
      const [a, b] = [await on.member("a"), await on.member("b")];
      for (const name of NAMES) {
        assert.ok(await a.getLock(name).acquire({ timeout: 0 }), JSON.stringify(name));
        assert.ok(await b.election(name).campaign(), JSON.stringify(name));
        await b.createGroup(name);
      }
      for (const name of NAMES) {
        assert.equal(await b.getLock(name).acquire({ timeout: 0 }), null);
        assert.equal(await b.getLock(name).acquire({ timeout: 0, shared: true }), null);
        assert.equal((await a.getLeader(name))?.memberId, "b");
        assert.deepEqual(await a.getMembers(name), new Set());
        const [holder] = await b.getLock(name).holders();
        assert.equal(holder?.memberId, "a");
      }
      const [first, ...others] = NAMES;
      await a.getLock(first ?? "").break();
      for (const name of others) assert.equal((await a.getLock(name).holders()).length, 1);
    },
  ),
  law("a name that cannot be used is refused by every verb, before any request", async (on) => {
    const a = await on.member("a");
    const refused = { name: "InvalidArgument" };
    const sent = await on.requests(a, async () => {
      for (const name of REFUSED) {
        for (
          const verb of [
            () => a.createGroup(name),
            () => a.deleteGroup(name),
            () => a.joinGroup(name),
            () => a.joinGroupCreate(name),
            () => a.leaveGroup(name),
            () => a.updateCapabilities(name, null),
            () => a.getMembers(name),
            () => a.getMembersWithCapabilities(name),
            () => a.getMemberCapabilities(name, "a"),
            () => a.getMemberCapabilities("g", name),
            () => a.getMemberInfo(name, "a"),
            () => a.getMemberInfo("g", name),
            () => a.watchJoinGroup(name, () => {}),
            () => a.watchLeaveGroup(name, () => {}),
            () => a.tick({ watch: [name] }),
            () => a.getLeader(name),
            () => a.standDownGroupLeader(name),
          ]
        ) await assert.rejects(verb(), refused, `${verb} with ${JSON.stringify(name)}`);
        assert.throws(() => a.watchElectedAsLeader(name, () => {}), refused);
        assert.throws(() => a.getLock(name), refused);
        assert.throws(() => a.election(name), refused);
        assert.throws(() => a.cron(name), refused);
        if (name !== undefined) await assert.rejects(on.member(name), refused);
      }
    });
    assert.equal(sent, 0);
  }),
  law("capabilities that are no JSON, or too long, are refused before any request", async (on) => {
    const a = await on.member("a");
    await a.joinGroupCreate("h", "as before");
    const loop: Record<string, unknown> = {};
    loop["loop"] = loop;
    const sent = await on.requests(a, async () => {
      for (const value of [...NOT_JSON, loop, "x".repeat(70_000)]) {
        const capabilities = value as unknown as string;
        for (
          const verb of [
            () => a.joinGroup("g", capabilities),
            () => a.joinGroupCreate("g", capabilities),
            () => a.updateCapabilities("h", capabilities),
          ]
        ) await assert.rejects(verb(), { name: "InvalidArgument" }, `${verb} ${typeof value}`);
      }
    });
    assert.equal(sent, 0);
    assert.equal(await a.getMemberCapabilities("h", "a"), "as before");
  }),
];
