/**
 * How nodes are named, what a seat's node says, and who hears that one has changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Listener, Listeners } from "../../../drivers/zookeeper/news.ts";
import { bucketOf, held, Nodes, textIn, written } from "../../../drivers/zookeeper/nodes.ts";
import { UnknownOutcome } from "../../../errors.ts";

Deno.test("ZooKeeper: nodes have names that all versions of Baton and of ZooKeeper read alike", () => {
  const nodes = new Nodes("/apps/baton");
  assert.deepEqual([nodes.root, nodes.clock], ["/apps/baton", "/apps/baton/clock"]);
  assert.deepEqual(nodes.ancestors, ["/apps", "/apps/baton"]);
  assert.equal(nodes.buckets.length, 256);
  assert.deepEqual([nodes.buckets[0], nodes.buckets[9], nodes.buckets[255]], [
    "/apps/baton/b00",
    "/apps/baton/b09",
    "/apps/baton/bff",
  ]);
  const place = { resource: "lock:a/é", seat: ".." };
  const bucket = nodes.buckets[bucketOf("lock:a/é")];
  assert.equal(nodes.resource(place.resource), `${bucket}/rlock%3Aa%2F%C3%A9`);
  assert.equal(nodes.seat(place), `${nodes.resource(place.resource)}/s..`);
  assert.equal(nodes.marker(place, "i"), `${nodes.seat(place)}/ii`);
  assert.equal(textIn("slock%3Aa%2F%C3%A9"), "lock:a/é");
});

Deno.test("ZooKeeper: a resource's bucket is its FNV-1a, folded to eight bits", () => {
  for (const name of ["", "a", "lock:payments", "é".repeat(40), "group:g"]) {
    let hash = 0x811c9dc5n;
    for (const letter of name) {
      hash = ((hash ^ BigInt(letter.charCodeAt(0))) * 0x01000193n) % 2n ** 32n;
    }
    const folded = (hash ^ (hash >> 8n) ^ (hash >> 16n) ^ (hash >> 24n)) % 256n;
    assert.equal(bucketOf(name), Number(folded), name);
  }
});

Deno.test("ZooKeeper: what a seat's node says is read as it was written, and anything else is none", () => {
  const lease = { id: "i", ttl: 5_000, value: "v" };
  assert.equal(written(lease), '["i",5000,"v"]');
  assert.equal(written({ ...lease, ttl: Infinity }), '["i",null,"v"]');
  assert.deepEqual(held('["i",5000,"v"]'), lease);
  assert.deepEqual(held('["i",null,"v"]'), { ...lease, ttl: Infinity });
  for (const text of ["", "x", "{}", "[]", '[1,5000,"v"]', '["i",5000]', '["i",5000,1]']) {
    assert.throws(() => held(text), text);
  }
});

Deno.test("ZooKeeper: each change of a node is heard by all that listen to it, once, and a lost session by all", async () => {
  const listeners = new Listeners();
  const [a, also, b] = ["/a", "/a", "/b"].map((path) => new Listener(path)) as [
    Listener,
    Listener,
    Listener,
  ];
  assert.equal(listeners.none, true);
  for (const one of [a, also, b]) listeners.add(one);
  assert.equal(listeners.none, false);
  listeners.tell("/c");
  listeners.tell("/a");
  assert.deepEqual(
    await Promise.all([a, also, b].map((one) => one.within(0, undefined))),
    ["changed", "changed", undefined],
  );
  // They listen no longer.
  assert.deepEqual([listeners.remove(a), listeners.none], [false, false]);
  listeners.add(a);
  listeners.lose();
  assert.equal(listeners.none, true);
  assert.equal(await b.within(600_000, undefined), "lost");
  // What was heard first counts.
  assert.equal(await a.within(600_000, undefined), "changed");
});

Deno.test("ZooKeeper: the last that listens to a node is known, and no other is taken for it", () => {
  const listeners = new Listeners();
  const [one, two] = [new Listener("/a"), new Listener("/a")];
  for (const each of [one, two]) listeners.add(each);
  assert.deepEqual([listeners.remove(one), listeners.remove(one), listeners.remove(two)], [
    false,
    false,
    true,
  ]);
  assert.equal(listeners.none, true);
  assert.equal(listeners.remove(two), false);
});

Deno.test("ZooKeeper: who listens is woken by the news, and by an abort", async () => {
  const [one, two] = [new Listener("/a"), new Listener("/a")];
  const heard = one.within(600_000, undefined);
  one.hear("changed");
  one.hear("lost");
  assert.equal(await heard, "changed");
  const stop = new AbortController();
  const waits = two.within(600_000, stop.signal);
  stop.abort();
  await assert.rejects(waits, UnknownOutcome);
});
