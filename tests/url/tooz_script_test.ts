/**
 * One script, as a user of Tooz has it, on every URL: groups, watches, an election, locks.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { GroupEvent } from "../../mod.ts";
import { getCoordinator } from "../../url.ts";
import { PLACES } from "./places.ts";

/** It knows nothing of the backend but its URL. */
async function script(url: string): Promise<void> {
  const one = await getCoordinator(`${url}?timeout=20&lock_timeout=15&namespace=tooz`, "one");
  const two = await getCoordinator(`${url}?timeout=20&lock_timeout=15&namespace=tooz`, "two");
  await one.start();
  await two.start();

  const seen: string[] = [];
  const note = (event: GroupEvent) => void seen.push(`${event.type} ${Object(event).memberId}`);
  await one.createGroup("workers");
  await assert.rejects(two.createGroup("workers"), { code: "group-already-exist" });
  await one.watchJoinGroup("workers", note);
  await one.watchLeaveGroup("workers", note);
  await one.joinGroup("workers", { weight: 1 });
  await two.joinGroup("workers", { weight: 2 });
  await one.runWatchers();
  assert.deepEqual(seen.sort(), ["joined one", "joined two"]);
  assert.deepEqual([...await two.getMembers("workers")].sort(), ["one", "two"]);
  assert.deepEqual(await one.getMemberCapabilities("workers", "two"), { weight: 2 });
  await two.updateCapabilities("workers", { weight: 3 });
  assert.deepEqual(await one.getMemberCapabilities("workers", "two"), { weight: 3 });

  const elected: string[] = [];
  for (const each of [one, two]) {
    await each.watchElectedAsLeader(
      "workers",
      (event) => void elected.push(Object(event).memberId),
    );
  }
  await one.runWatchers();
  await two.runWatchers();
  assert.deepEqual(elected, ["one"]);
  assert.equal((await two.getLeader("workers"))?.memberId, "one");
  assert(await one.standDownGroupLeader("workers"));
  await two.runWatchers();
  assert.deepEqual(elected, ["one", "two"]);

  const [mine, theirs] = [one.getLock("table"), two.getLock("table")];
  const lease = await mine.acquire();
  assert(lease);
  assert.equal(await theirs.acquire({ blocking: false }), null);
  assert((await one.heartbeat()) > 0);
  assert.equal(await mine.isStillOwner(), true);
  assert.equal(await mine.release(), true);
  const next = await theirs.acquire({ timeout: 5_000 });
  assert(next && next.token > lease.token);
  assert.equal(await theirs.release(), true);

  seen.length = 0;
  await two.stop();
  await one.runWatchers();
  assert.deepEqual(seen, ["left two"]);
  await one.leaveGroup("workers");
  await one.deleteGroup("workers");
  assert.equal((await one.getGroups()).size, 0);
  await one.stop();
  // What was closed is opened again.
  await one.start();
  assert(await one.getLock("b").acquire({ blocking: false }));
  await one.stop();
}

for (const [scheme, start] of Object.entries(PLACES)) {
  Deno.test(`a script of Tooz's runs unchanged on ${scheme}`, async () => {
    const place = await start();
    try {
      await script(place.url);
    } finally {
      await place.stop();
    }
  });
}
