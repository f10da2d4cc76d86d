/**
 * Who hears that a node has changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Listener, Listeners } from "../../../drivers/zookeeper/news.ts";
import { UnknownOutcome } from "../../../errors.ts";

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
