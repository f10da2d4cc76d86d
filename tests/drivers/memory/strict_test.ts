/**
 * A strict memory refuses what a server refuses, so that a test does not pass where production throws.
 *
 * @module
 */

import assert from "node:assert/strict";
import { memory } from "../../../drivers/memory.ts";
import type { Driver, Lease } from "../../../drivers/driver.ts";
import { Coordinator, InvalidArgument } from "../../../mod.ts";
import * as testing from "../../conformance/mod.ts";
import { tokensFollow } from "../tokens_follow.ts";

/** What production refuses, of a memory on a clock that stands, so that no lease of some ms ends. */
async function refusals(open: (now: () => number) => Driver): Promise<string[]> {
  const { now, runtime } = new testing.FakeClock();
  const baton = new Coordinator(open(now), { runtime });
  const slot = now();
  const tries = {
    "a lock of 600 ms": () => baton.getLock("x").tryAcquire({ ttl: 600 }),
    "a permit of 10 ms": () => baton.getSemaphore("x", 2).tryAcquire({ ttl: 10 }),
    "a cron run of 60 ms": () => baton.cron("j").run({ slot, ttl: 60 }, () => {}),
    "a membership of a second": () => baton.joinGroupCreate("g", null, { ttl: 1_000 }),
    "leadership of a second": () => baton.election("g").campaign({ ttl: 1_000 }),
  };
  const refused: string[] = [];
  for (const [what, attempt] of Object.entries(tries)) {
    try {
      await attempt();
    } catch (error) {
      assert.ok(error instanceof InvalidArgument, what);
      assert.match(error.message, /use 1021 or more/);
      refused.push(what);
    }
  }
  await baton[Symbol.asyncDispose]();
  return refused;
}

Deno.test("a strict memory refuses every ttl that a server's clock makes useless, and another none", async () => {
  assert.equal((await refusals((now) => memory({ strict: true, now }))).length, 5);
  assert.equal((await refusals((now) => testing.memory({ now }))).length, 5);
  assert.deepEqual(await refusals((now) => memory({ now })), []);
  assert.deepEqual(await refusals((now) => testing.memory({ strict: false, now })), []);
});

Deno.test("a strict memory says of itself what a server says, and wakes nobody", async () => {
  const after = (): never => assert.fail("it set a timer to wake somebody");
  const { guarantees } = memory({ strict: true, after, now: () => 1_800_000_000_000 });
  assert.deepEqual([guarantees.clock, guarantees.push], ["server", false]);
  assert.equal(memory().guarantees.push, true);
  const clock = new testing.FakeClock();
  const backend = testing.memory({ now: clock.now });
  const [one, two] = ["one", "two"].map((memberId) =>
    new Coordinator(backend, { memberId, runtime: clock.runtime })
  );
  const lease = await one!.getLock("x").hold();
  let granted = false;
  const waiting = two!.getLock("x").hold().then(() => granted = true);
  await clock.pass(10);
  await lease.release();
  await clock.pass(0);
  assert.equal(granted, false, "it was woken");
  await clock.pass(2_000);
  assert.equal(await waiting, true);
});

for (const strict of [false, true]) {
  Deno.test(`what is done to an answer of a memory changes nothing in it (strict: ${strict})`, async () => {
    const driver = memory({ strict });
    const place = { resource: "x", seat: "" };
    const acquire = { op: "acquire", ...place, id: "a", ttl: 60_000, value: "mine" } as const;
    for (const op of [acquire, acquire, { op: "inspect", ...place } as const]) {
      const [outcome] = await driver.apply([op]);
      const [lease] = outcome!.leases as { -readonly [K in keyof Lease]: Lease[K] }[];
      Object.assign(lease!, { value: "theirs", id: "b", token: 0 });
    }
    const [seen] = await driver.apply([{ op: "inspect", ...place }]);
    assert.deepEqual(seen!.leases.map(({ id, value }) => [id, value]), [["a", "mine"]]);
    assert.ok(seen!.leases[0]!.token > 0);
  });
}

Deno.test("tokens of a memory follow the clock, and never go back", async () => {
  await tokensFollow((now) => memory({ now }));
});
