/**
 * Runs, hundreds or many more, in which everything goes wrong that can, and the proof that it did go wrong.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SIZES } from "../tools/size_of_proofs.ts";
import { runAll } from "./batch.ts";
import { FAULTS, HOST_FAULTS, REQUEST_FAULTS, SERVER_FAULTS } from "./faults.ts";
import { World } from "./world.ts";

const SEEDS = SIZES.simulatedSeeds;
/** What was met less often than this in all runs was not tried. */
const OFTEN = SEEDS / 100;

const REQUESTS = ["acquire", "renew", "release", "inspect", "claim", "tick"];

/** What a run must get into now and then, or its laws are kept by luck. */
const RARE = [
  "a grant was asked for again",
  "a late request was granted after its lease had ended",
  "a renewal came after the release",
  "a second release met a successor",
  "a grant came too late to be believed",
  "a stale token was refused",
  "a holder was killed",
  "a holder was stopped beyond its ttl",
  "data was lost while leases lived",
  "a lock was taken",
  "a lock was refused",
  "a lease was confirmed",
  "a permit was taken",
  "a permit was refused",
  "a leader was elected",
  "a slot began (once)",
  "a slot began (retry)",
  "a slot began again (retry)",
  "a member joined",
  "a member was there",
  "a watcher was told: joined",
  "a watcher was told: restarted",
  "a watcher was told: left",
  "a watcher was told: capabilities",
  "a waiter was granted",
  "stop × wait",
  "stop × campaign",
  "stop × join",
  "stop × tick",
  "stop × run",
  "a slot began (edge once)",
  "a slot began (edge retry)",
  "a trigger came too early for retain",
  "a trigger came too late for retain",
  "a trigger at an edge was refused its slot",
];

Deno.test(`${SEEDS} seeds break no law, and each fault met each kind of request`, async () => {
  const { seeds, requests, seen, broken } = await runAll({ from: 1, count: SEEDS });
  const [first] = broken;
  assert.ok(
    !first,
    `seed ${first?.seed} breaks a law: ${first?.law}: ${first?.message}\n` +
      `To see it: deno task simulate --from ${first?.seed} --seeds 1`,
  );
  assert.equal(seeds, SEEDS);
  const cells = [
    ...[...REQUEST_FAULTS, "refusals"].flatMap((fault) =>
      REQUESTS.map((request) => `${fault} × ${request}`)
    ),
    ...HOST_FAULTS,
    ...SERVER_FAULTS,
    ...RARE,
  ];
  const seldom = cells.filter((cell) => (seen.get(cell) ?? 0) < OFTEN)
    .map((cell) => `${cell}: ${seen.get(cell) ?? 0}`);
  assert.deepEqual(seldom, [], `met less than ${OFTEN} times`);
  const least = Math.min(...cells.map((cell) => seen.get(cell) ?? 0));
  // deno-lint-ignore no-console -- what was tried is what the proof is worth
  console.log(`    ${requests} requests; each of ${cells.length} cells met ${least} times or more`);
});

Deno.test("a seed is the same run each time, and another seed another", async () => {
  for (const seed of [3, 4, 5]) {
    const [one, two, other] = [
      await new World(seed).run(),
      await new World(seed).run(),
      await new World(seed + 100).run(),
    ];
    assert.deepEqual([two.digest, two.struck, two.events], [one.digest, one.struck, one.events]);
    assert.notEqual(other.digest, one.digest);
  }
});

Deno.test("only the faults that are asked for strike, and they strike as they did", async () => {
  const { struck } = await new World(4).run();
  assert.ok(struck.length > 3);
  assert.ok(struck.every((name) => FAULTS.some((fault) => name.startsWith(`${fault} @ `))));
  assert.deepEqual((await new World(4, new Set()).run()).struck, []);
  const [first = ""] = struck;
  assert.deepEqual((await new World(4, new Set([first])).run()).struck, [first]);
});
