/**
 * Eight processes that want one lock, of which one is killed and one is frozen again and again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { until } from "../../servers/process.ts";
import { SIZES } from "../../tools/size_of_proofs.ts";
import { Crowd } from "./crowd.ts";

const SIZE = 8;
/** For how long one is frozen, in ms: longer than a lease lives. */
const FREEZE = 600;
/** How many grants must have been the part of each until it is judged whether it is left behind. */
const TELLING = 100;
/** A process that has had this share of its part is not left behind: a busy machine may give it much less. */
const SHARE = 1 / 20;

Deno.test("of eight processes, killed and frozen, no two believe at once, and none is left behind", async () => {
  const crowd = await Crowd.start(SIZE);
  try {
    for (let round = 0; round < SIZES.ipcRounds; round++) {
      await Promise.all([
        crowd.replace(round % SIZE),
        crowd.freeze((round + 3) % SIZE, FREEZE),
      ]);
    }
    await until(
      "each has run for long enough",
      () => crowd.shares().every(({ part }) => part >= TELLING),
    );
  } finally {
    await crowd.stop();
  }
  // By now all is read that they have said.
  const shares = crowd.shares();
  assert.ok(shares.every(({ had, part }) => had >= part * SHARE), JSON.stringify(shares));
  assert.deepEqual(crowd.deserters, []);
  const inOrder = crowd.beliefs.toSorted((one, two) => one.token - two.token);
  for (const [n, { token, from }] of inOrder.entries()) {
    const before = inOrder[n - 1];
    if (!before) continue;
    assert.ok(before.token < token, `${token} twice`);
    assert.ok(before.to <= from, `${JSON.stringify(before)} and ${JSON.stringify(inOrder[n])}`);
  }
});
