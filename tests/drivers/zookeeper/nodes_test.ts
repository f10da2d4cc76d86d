/**
 * How nodes are named, and what a seat's node says.
 *
 * @module
 */

import assert from "node:assert/strict";
import { bucketOf, held, Nodes, textIn, written } from "../../../drivers/zookeeper/nodes.ts";

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
