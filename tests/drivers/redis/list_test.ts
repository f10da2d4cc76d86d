/**
 * Listing a namespace of Redis: SCAN inside the script, one request a page.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import { InvalidArgument } from "../../../mod.ts";
import type { Driver, Lease } from "../../../drivers/driver.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { until } from "../../servers/process.ts";
import { acquire, over, withRedis } from "./with_redis.ts";

/** All pages of a list, and how many there were. */
async function listAll(
  driver: Driver,
  prefix: string,
  limit = 100,
): Promise<{ leases: Lease[]; pages: number }> {
  const leases: Lease[] = [];
  let after: string | undefined;
  for (let pages = 1;; pages++) {
    const [outcome] = await driver.apply([{ op: "list", prefix, after, limit }]);
    assert.equal(outcome?.ok, true);
    leases.push(...outcome?.leases ?? []);
    after = outcome?.after;
    if (after === undefined) return { leases, pages };
  }
}

/** Keys of somebody else in the same database. */
async function strangers(client: Redis, count: number): Promise<void> {
  for (let i = 0; i < count; i += 5_000) {
    const pairs = Array.from({ length: 5_000 }, (_, n) => [`session:${i + n}/a/b`, "x"]);
    await client.mset(pairs.flat());
  }
}

Deno.test("a prefix means the very characters: no pattern, no half of an escape, no other resource", () =>
  withRedis(async (_, client) => {
    const resources = [
      ...["lock:*", "lock:a", "lock:ab", "lock:a?", "lock:[ab]", "lock:\\a", "lock:a\\", "lock:é"],
      ...[
        "lock:e\u0301",
        "lock:è",
        "lock:%",
        "lock:%C3%A9",
        "lock:%C3",
        "lock:a/b",
        "lock:a b",
        "l",
      ],
      ...[
        "lock:{baton}",
        "lock:👩‍🚀",
        "lock:👩",
        "app/lock:a",
        "app",
        "*",
        "?",
        "^",
        "[",
        "-",
        "'()!~",
      ],
    ];
    for (const keyPrefix of ["baton", "b*[a]?\\", "}{/ é"]) {
      const driver = over(client, { keyPrefix });
      for (const [n, resource] of resources.entries()) {
        const seat = n % 2 ? "" : `seat ${resource}`;
        await driver.apply([acquire(`${n}`, { resource, seat })]);
      }
      const prefixes = new Set(["", "nobody's"]);
      for (const resource of resources) {
        const letters = Array.from(resource);
        letters.forEach((_, n) => prefixes.add(letters.slice(0, n + 1).join("")));
      }
      for (const prefix of prefixes) {
        const { leases } = await listAll(driver, prefix);
        const expected = resources.filter((resource) => resource.startsWith(prefix));
        const found = new Set(leases.map(({ resource }) => resource));
        assert.deepEqual([...found].sort(), expected.sort(), `${keyPrefix} ${prefix}`);
      }
    }
  }));

Deno.test("a list finds what is under a client's keyPrefix, be it made of the characters of patterns", () =>
  withRedis(async (_, client) => {
    for (const keyPrefix of ["a[p]p:", "a?:", "\\a\\:", "*", "[^a]-"]) {
      const prefixed = client.duplicate({ keyPrefix });
      const driver = over(prefixed);
      await driver.apply([acquire("a"), acquire("b", { resource: "group:g", seat: "m" })]);
      const { leases } = await listAll(driver, "");
      await prefixed.quit();
      assert.deepEqual(leases.map(({ resource }) => resource).sort(), ["group:g", "lock:x"]);
    }
  }));

Deno.test("a list tells of each lease what a look tells, and nothing of what is released or over", () =>
  withRedis(async (driver, client) => {
    const tricky = { resource: "group:a b", seat: "m/1", value: '{"é": "a  b"}\n' };
    const [granted] = await driver.apply([
      acquire("id", tricky),
      acquire("2", { resource: "groups", seat: "a b", ttl: Infinity }),
      acquire("3", { resource: "group:a b", seat: "gone" }),
      acquire("4", { resource: "group:a b", seat: "dead", ttl: 1 }),
      { op: "release", resource: "group:a b", seat: "gone", id: "3" },
    ]);
    const over = async (): Promise<boolean> => !await client.exists("{baton}/group:a%20b/dead");
    await until("one is over", over);
    const { leases } = await listAll(driver, "group:");
    const { token } = granted!.leases[0]!;
    const { seat, value, resource } = tricky;
    assert.deepEqual(leases, [{ resource, seat, id: "id", token, value, left: 60_000 }]);
    const { leases: groups } = await listAll(driver, "groups");
    assert.deepEqual(groups.map(({ seat, left }) => [seat, left]), [["a b", Infinity]]);
  }));

Deno.test("among 10,000 leases and 30,000 keys of strangers, what lives throughout is listed while others come and go", () =>
  withRedis(async (driver, client, another) => {
    await strangers(client, 30_000);
    const steady = Array.from(
      { length: 10_000 },
      (_, n) => acquire(`steady-${n}`, { resource: `lock:${n}` }),
    );
    for (let n = 0; n < steady.length; n += 1_000) await driver.apply(steady.slice(n, n + 1_000));
    const dead = steady.slice(0, 500).map(({ resource, seat, id }) => ({ resource, seat, id }));
    await driver.apply(dead.map((each) => ({ op: "release", ...each }) as const));
    let stop = false;
    const clients = Array.from({ length: 8 }, async (_, who) => {
      const busy = over(another());
      for (let n = 0; !stop; n++) {
        const op = acquire(`${who}-${n}`, { resource: `lock:busy-${who}-${n % 50}` });
        await busy.apply([op]);
        await busy.apply([{ op: "release", resource: op.resource, seat: "", id: op.id }]);
      }
    });
    const { leases, pages } = await listAll(driver, "lock:", 500);
    stop = true;
    await Promise.all(clients);
    const found = new Set(leases.map(({ id }) => id));
    for (const { id } of steady.slice(500)) assert(found.has(id), `${id} is missing`);
    for (const { id } of dead) assert(!found.has(id), `${id} is listed`);
    // A page has at least what a SCAN of its limit finds: a fourth of the keys are leases.
    assert(pages < 100, `${pages} pages`);
  }));

Deno.test("a page costs little however many keys strangers have: it may be empty and go on", () =>
  withRedis(async (driver, client) => {
    await strangers(client, 60_000);
    await driver.apply([acquire("only", { resource: "lock:only" })]);
    for (const limit of [1, 10, 1_000]) {
      await client.config("RESETSTAT");
      const { leases, pages } = await listAll(driver, "lock:", limit);
      const stats = await client.info("commandstats");
      const calls = (name: string): number =>
        Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
      // A rehash of the server's table may show it twice.
      assert(leases.length >= 1 && leases.every(({ id }) => id === "only"));
      assert(pages >= 3 && pages <= 20, `${pages} pages`);
      assert.equal(calls("evalsha") + calls("eval"), pages + Number(calls("eval") > 0));
      assert(calls("scan") <= 16 * pages, `${calls("scan")} steps`);
      assert(calls("mget") <= 2 * pages);
    }
  }));

Deno.test("a list that is to go on where none has ended is refused before anything is sent", async () => {
  const driver = redis(() => assert.fail("it was sent"));
  for (const after of ["x", "-1", "1.5", "0x10", '["r",""]', " 1", "9".repeat(21)]) {
    await assert.rejects(
      driver.apply([{ op: "list", prefix: "", after, limit: 1 }]),
      (error) => error instanceof InvalidArgument && error.message.includes("after"),
    );
  }
});

Deno.test("a list whose reply is not a cursor and rows is no list", async () => {
  const row = " /lock:a/ 5 i 1000 v";
  for (const reply of [[["0", row]], [["17", " /else/ 5 i 1000 v"]], [[0]]]) {
    const driver = redis(() => Promise.resolve(reply));
    const [outcome] = await driver.apply([{ op: "list", prefix: "lock:", limit: 1 }]);
    assert(outcome?.leases.every(({ resource }) => resource === "lock:a"));
    assert.equal(outcome?.after, reply[0]?.[0] === "17" ? "17" : undefined);
  }
  for (const reply of [[["x"]], [[]], [[-1]], [[null]], [["0", "lock:a"]], [["0", 7]]]) {
    const driver = redis(() => Promise.resolve(reply));
    const call = driver.apply([{ op: "list", prefix: "lock:", limit: 1 }]);
    await assert.rejects(call, /outcome is unknown/, JSON.stringify(reply));
  }
});
