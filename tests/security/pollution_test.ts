/**
 * JSON that others wrote, in capabilities, values, cursors and replies, changes no object but its own.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Lease } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
import { redis } from "../../drivers/redis/redis.ts";
import { CoordinationError, Coordinator, type Json } from "../../mod.ts";
import { outcomeOf } from "./sinks.ts";

/** What pollutes the prototype of all objects where somebody merges carelessly. */
const POLLUTANTS: readonly string[] = [
  '{"__proto__":{"polluted":"yes"}}',
  '{"constructor":{"prototype":{"polluted":"yes"}}}',
  '{"a":{"__proto__":{"polluted":"yes"}}}',
  '[{"__proto__":{"polluted":"yes"}}]',
  '{"__proto__":null}',
  '{"toString":1,"hasOwnProperty":1,"toJSON":1,"then":1,"valueOf":{"__proto__":{"polluted":1}}}',
];

/** No object has what it was not given, whatever `run` does. */
async function unpolluted(run: () => Promise<unknown>): Promise<void> {
  const things = [Object.prototype, Array.prototype, Function.prototype, Map.prototype];
  const before = things.map((each) => Reflect.ownKeys(each));
  await run();
  assert.deepEqual(things.map((each) => Reflect.ownKeys(each)), before);
  assert.equal(Object.create({}).polluted, undefined);
}

Deno.test("the search for pollution finds it", async () => {
  const careless = () => {
    Object.defineProperty(Object.prototype, "polluted", { value: "yes", configurable: true });
    return Promise.resolve();
  };
  try {
    await assert.rejects(unpolluted(careless), assert.AssertionError);
  } finally {
    Reflect.deleteProperty(Object.prototype, "polluted");
  }
});

Deno.test("capabilities come back as they went, as properties of their own, to all who read them", () =>
  unpolluted(async () => {
    for (const text of POLLUTANTS) {
      const backend = memory();
      const [one, two] = ["__proto__", "constructor"].map((memberId) =>
        new Coordinator(backend, { memberId })
      ) as [Coordinator, Coordinator];
      const capabilities: Json = JSON.parse(text);
      await two.joinGroupCreate("g");
      await two.watchJoinGroup("g", () => {});
      await one.joinGroup("g", capabilities);
      const same = (read: unknown) => assert.equal(JSON.stringify(read), text);
      same(await two.getMemberCapabilities("g", "__proto__"));
      same((await two.getMemberInfo("g", "__proto__")).capabilities);
      same((await two.getMembersWithCapabilities("g")).get("__proto__"));
      const { events, cursor } = await two.tick({ watch: ["g"] });
      const joined = events.find((event) => event.type === "joined");
      same(joined && "capabilities" in joined ? joined.capabilities : undefined);
      assert.deepEqual((await one.tick({ since: cursor, watch: ["g"] })).events, []);
      await one.updateCapabilities("g", JSON.parse(text));
      await using shards = await two.joinPartitionedGroup("h", { weight: 1 }).then((shards) => ({
        shards,
        [Symbol.asyncDispose]: () => Promise.resolve(shards.stop()),
      }));
      await one.joinGroup("h", capabilities);
      await two.tick();
      assert.equal(shards.shards.membersForObject("x").size, 1);
      for (const each of [one, two]) await each[Symbol.asyncDispose]();
    }
  }));

Deno.test("values that no member wrote are members without capabilities, or records without sense", () =>
  unpolluted(async () => {
    const values = [
      ...POLLUTANTS,
      ...['{"capabilities":{"__proto__":{"polluted":1}}}', '"text"', "7", "null", "[]", "{", ""],
      '{"holder":{"__proto__":1},"outcome":"ran","token":{"__proto__":1},"__proto__":{"polluted":1}}',
    ];
    for (const value of values) {
      const backend = memory();
      const baton = new Coordinator(backend, { memberId: "me" });
      const foreign = { op: "acquire", ttl: 60_000, value } as const;
      await baton.createGroup("g");
      await backend.apply([
        { ...foreign, resource: "group:g", seat: "them", id: "i1" },
        { ...foreign, resource: "leader:g", seat: "", id: "i2" },
        { ...foreign, resource: "cron:j", seat: "0", id: "i3" },
        { ...foreign, resource: "cron:j", seat: "__proto__", id: "i4" },
        { ...foreign, resource: "lock:x", seat: "", id: "i5" },
      ]);
      assert.deepEqual(await baton.getMembers("g"), new Set(["them"]));
      await baton.getMembersWithCapabilities("g");
      await baton.getMemberInfo("g", "them");
      await baton.getLeader("g");
      assert((await baton.cron("j").history(9)).every(({ slot }) => slot === 0 || isNaN(slot)));
      assert.equal((await baton.getLock("x").holders())[0]?.memberId, value);
      const { cursor } = await baton.tick({ watch: ["g"] });
      await baton.tick({ since: cursor });
    }
  }));

Deno.test("an operation that is made of hostile JSON is refused, or does what its own properties say", () =>
  unpolluted(async () => {
    const driver = memory();
    for (const text of POLLUTANTS) {
      const outcome = await outcomeOf(() => driver.apply([JSON.parse(text)]));
      assert(outcome instanceof CoordinationError, `${outcome}`);
      const op = JSON.parse(
        `{"op":"acquire","resource":"x","seat":"__proto__","id":"i","ttl":1000,"value":"",` +
          `"__proto__":{"op":"release","polluted":1},"constructor":${text}}`,
      );
      const [granted] = await driver.apply([op]);
      assert.deepEqual(granted?.leases.map(({ seat }) => seat), ["__proto__"]);
      await driver.apply([{ op: "release", resource: "x", seat: "__proto__" }]);
    }
  }));

/** Replies that are JSON of the right outside, with something hostile inside. */
const REPLIES: readonly unknown[] = [
  ...POLLUTANTS.map((text) => JSON.parse(text)),
  ...POLLUTANTS.map((text) => [JSON.parse(text)]),
  ...POLLUTANTS.map((text) => [[1, JSON.parse(text), JSON.parse(text)]]),
  ...POLLUTANTS,
  [[1, "__proto__ 1 i 1000 v", 1]],
  [["__proto__", "constructor"]],
  { length: 1, 0: [1] },
  [Object.assign([1], { 1: "s 1 i 1000 v" })],
];

Deno.test("a hostile reply is an unknown outcome, or a lease of exactly the fields that leases have", () =>
  unpolluted(async () => {
    const fields = ["id", "left", "seat", "token", "value"];
    for (const reply of REPLIES) {
      const drivers: Driver[] = [
        redis(() => Promise.resolve(reply)),
        postgres(() => Promise.resolve([{ outcomes: JSON.stringify(reply) }])),
        postgres(() => Promise.resolve(reply as never)),
        mysql(() => Promise.resolve(reply as never)),
        mysql(() => Promise.resolve({ rows: reply as never })),
        mysql(() => Promise.resolve({ rows: [{ n: "__proto__", ...reply as object }] })),
      ];
      for (const driver of drivers) {
        const outcome = await outcomeOf(() => driver.apply([{ op: "inspect", resource: "x" }]));
        if (outcome instanceof CoordinationError) continue;
        assert(Array.isArray(outcome), `${driver.name}: ${Deno.inspect([reply, outcome])}`);
        const leases = (outcome as { leases: Lease[] }[]).flatMap(({ leases }) => leases);
        for (const lease of leases) {
          assert.deepEqual(Object.keys(lease).sort(), fields);
          assert.equal(Object.getPrototypeOf(lease), Object.prototype);
        }
      }
    }
  }));
