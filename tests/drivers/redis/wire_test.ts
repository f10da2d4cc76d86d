/**
 * What goes to Redis: under which keys, and in which words. Processes with another version of Baton share the
 * keys, so their names may not change.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Op } from "../../../drivers/driver.ts";
import { keysIn, namesOf } from "../../../drivers/redis/keys.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { requestOf } from "../../../drivers/redis/wire.ts";

/** The keys of some seats, and their lists of the index, as every version has named them. */
const NAMES: readonly (readonly [resource: string, seat: string, at: string, list?: string])[] = [
  ["lock:x", "", "/lock:x/"],
  ["semaphore:s", "0", "/semaphore:s/0", "/438"],
  ["cron:j", "2026-01-01", "/cron:j/2026-01-01", "/200"],
  ["group:a b", "m/1", "/group:a%20b/m%2F1", "/245"],
  ["readers:{é}", "👩", "/readers:%7B%C3%A9%7D/%F0%9F%91%A9", "/488"],
];

Deno.test("a seat's keys are named as they have always been, and its list is one of its resource's", () => {
  for (const [resource, seat, at, list] of NAMES) {
    assert.deepEqual(namesOf(resource, seat, true), list ? { at, list } : { at });
    assert.deepEqual(namesOf(resource, seat, false), { at });
    const all = [...keysIn(namesOf(resource, undefined, false))];
    assert.deepEqual([all[0], all.length], [at.slice(0, at.lastIndexOf("/") + 1), 1 + 16]);
    assert(!list || all.includes(list));
  }
  assert.deepEqual(namesOf("group:g", undefined, true), { at: "/group:g/", all: "96" });
  const lists = Array.from({ length: 16 }, (_, n) => `/${96 + n}`);
  assert.deepEqual([...keysIn(namesOf("group:g", undefined, false))], ["/group:g/", ...lists]);
});

/** Each operation, what the script reads of it, and the keys that are declared for it, which cost a look each. */
const REQUESTS: readonly (readonly [op: Op, wired: object, keys: readonly string[]])[] = [
  [
    {
      ...{ op: "acquire", resource: "readers:l", seat: "r 1", id: "i/1", ttl: 5, value: "v v" },
      guard: { when: "vacant", resource: "lock:l", seat: "" },
    },
    {
      ...{ op: "acquire", at: "/readers:l/r%201", list: "/126", id: "i%2F1", ttl: "5" },
      ...{ value: "v v", guard: { when: "vacant", at: "/lock:l/" } },
    },
    ["/readers:l/r%201", "/126", "/lock:l/"],
  ],
  [
    {
      ...{ op: "acquire", resource: "groups", seat: "", id: "i", ttl: Infinity, value: "" },
      guard: { when: "held", resource: "group:g", seat: "m" },
    },
    {
      op: "acquire",
      at: "/groups/",
      id: "i",
      value: "",
      guard: { when: "held", at: "/group:g/m" },
    },
    ["/groups/", "/group:g/m"],
  ],
  [
    { op: "renew", resource: "a", seat: "s", id: "i", ttl: 7, value: "w" },
    { op: "renew", at: "/a/s", id: "i", ttl: "7", value: "w" },
    ["/a/s"],
  ],
  [
    { op: "release", resource: "a", seat: "s", id: "i" },
    { op: "release", at: "/a/s", list: "/330", id: "i" },
    ["/a/s", "/330"],
  ],
  [{ op: "inspect", resource: "a", seat: "s" }, { op: "inspect", at: "/a/s" }, ["/a/s"]],
  [
    { op: "inspect", resource: "group:g", limit: 3, before: "m/1" },
    { op: "inspect", at: "/group:g/", all: "96", last: "3", before: "/group:g/m%2F1" },
    [...keysIn(namesOf("group:g", undefined, false))],
  ],
  [
    { op: "list", prefix: "lock:{", limit: 9, after: "18446744073709551615" },
    { op: "list", at: "/lock:%7B", after: "18446744073709551615", limit: "9" },
    [],
  ],
];

Deno.test("an operation goes out in the script's words, and declares the keys that it needs and no other", () => {
  for (const [op, wired, keys] of REQUESTS) {
    const { keys: declared, json } = requestOf("{b}", [op]);
    assert.deepEqual(JSON.parse(json), [wired]);
    assert.deepEqual(declared, ["{b}", ...keys.map((key) => `{b}${key}`)]);
  }
});

Deno.test("the sender's clock goes along in whole milliseconds, and one that cannot be right as 0", async () => {
  let sent: readonly string[] = [];
  let now = 0;
  const driver = redis((command) => {
    sent = command;
    return Promise.resolve([[1]]);
  }, { now: () => now });
  const year2100 = Date.UTC(2100, 0, 1);
  const clocks = [[1, "1"], [1_700_000_000_000.9, "1700000000000"], [
    year2100 - 1,
    "4102444799999",
  ]];
  for (const wrong of [year2100, Infinity, -Infinity, NaN, 0, -1]) clocks.push([wrong, "0"]);
  for (const [clock, said] of clocks) {
    now = Number(clock);
    await driver.apply([{ op: "inspect", resource: "r", seat: "" }]);
    const [name, , count, namespace, key, clockSaid] = sent;
    assert.deepEqual([name, count, namespace, key], ["EVALSHA", "2", "{baton}", "{baton}/r/"]);
    assert.equal(clockSaid, said, `${clock}`);
  }
});
