/**
 * Through the whole stack, over a real Redis: the front end commits, then drops the connection.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator, type CoordinatorOptions, systemRuntime } from "../../../mod.ts";
import { upstash } from "../../../drivers/redis/upstash.ts";
import type { Fault } from "../../servers/faults.ts";
import { until } from "../../servers/process.ts";
import { type UpstashFixture, withUpstash } from "../../servers/with_upstash.ts";

function member(
  { server }: UpstashFixture,
  memberId: string,
  options: CoordinatorOptions = {},
): Coordinator {
  return new Coordinator(upstash({ url: server.url, token: server.token }), {
    memberId,
    ttl: 10_000,
    ...options,
  });
}

/** Twice, because Deno's fetch by itself sends once more over a connection that it had used. */
const LOST: readonly (readonly [string, readonly Fault[]])[] = [
  ["the reply is lost", ["drop-reply", "drop-reply"]],
  ["the reply is lost, and the runtime sends again unasked", ["drop-reply"]],
  ["the request is lost", ["drop-request", "drop-request"]],
  ["a proxy answers for it", [{ statusAfter: 502, body: "<html>" }]],
  ["it is delivered twice", ["duplicate"]],
  ["first the request is lost, then the reply", [
    "drop-request",
    "drop-request",
    "drop-reply",
    "drop-reply",
  ]],
];

for (const [what, faults] of LOST) {
  Deno.test(`acquire, renew and release end right when ${what}`, async () => {
    await withUpstash(async (fixture) => {
      const { server, direct } = fixture;
      const [a, b] = [member(fixture, "a"), member(fixture, "b")];
      await a.start();

      server.faults.next(...faults);
      const lease = await a.getLock("x").hold({ timeout: 0 });
      assert.equal(lease.held, true);
      const [holder, ...others] = await b.getLock("x").holders();
      assert.deepEqual(others, []);
      assert.deepEqual([holder?.memberId, holder?.token], ["a", lease.token]);
      // One grant in all: the counter has moved once.
      assert.equal(await direct.get("{baton}"), `${lease.token}`);

      server.faults.clear();
      server.faults.next(...faults);
      assert.equal(await lease.renew(), true);
      assert.equal(await direct.get("{baton}"), `${lease.token}`);

      server.faults.clear();
      server.faults.next(...faults);
      assert.equal(await lease.release(), true);

      server.faults.clear();
      const next = await b.getLock("x").hold({ timeout: 0 });
      assert(next.token > lease.token);
      await next.release();
      assert.deepEqual(await direct.keys("*"), ["{baton}"]);
      await a.stop();
    });
  });
}

Deno.test("a claim whose reply is lost runs its slot once", async () => {
  await withUpstash(async (fixture) => {
    const slot = Date.now();
    let runs = 0;
    fixture.server.faults.next("drop-reply");
    const results = await Promise.all(
      ["a", "b", "c"].map((id) => member(fixture, id).cron("j").run({ slot }, () => runs++)),
    );
    assert.equal(runs, 1);
    assert.deepEqual(results.map(({ outcome }) => outcome).sort(), ["ran", "skipped", "skipped"]);
  });
});

Deno.test("with one reply in five lost, a counter under the lock loses no update", async () => {
  await withUpstash(async (fixture) => {
    let requests = 0;
    fixture.server.faults.always(() => ++requests % 5 === 0 ? "drop-reply" : "pass");
    let counter = 0;
    let highest = 0;
    const members = Array.from({ length: 8 }, (_, i) => member(fixture, `m${i}`));
    await Promise.all(members.map(async (each) => {
      for (let i = 0; i < 10; i++) {
        await each.getLock("counter").with(async ({ token }) => {
          assert(token > highest, "tokens grow from holder to holder");
          highest = token;
          const read = counter;
          await new Promise((resolve) => setTimeout(resolve, 1));
          counter = read + 1;
        });
      }
    }));
    assert.equal(counter, 80);
    assert(fixture.server.faults.count("drop-reply") > 30);
  });
});

Deno.test("an acquire aborted while its request is held up is released behind its back", async () => {
  await withUpstash(async (fixture) => {
    const { server, direct } = fixture;
    const gate = Promise.withResolvers<void>();
    const background: Promise<void>[] = [];
    const runtime = systemRuntime({ waitUntil: (work) => void background.push(work) });
    const a = member(fixture, "a", { runtime });
    await a.start();
    const stop = new AbortController();
    server.faults.next({ hold: gate.promise });
    const acquiring = a.getLock("x").acquire({ signal: stop.signal, ttl: 3_000 });
    const rejected = assert.rejects(acquiring, /the user left/);
    await until("the request arrives", () => server.faults.count("hold") > 0);
    stop.abort(new Error("the user left"));
    await rejected;
    await Promise.all(background);
    assert.equal(background.length, 1);
    // It lands all the same, after its release: such a lease lives for its ttl, and no longer.
    gate.resolve();
    await until("the late request lands", async () => await direct.exists("{baton}") === 1);
    await (await member(fixture, "b").getLock("x").hold({ timeout: 60_000 })).release();
    await a.stop();
  });
});
