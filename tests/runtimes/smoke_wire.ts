/** What is lost on the way. */
import assert from "node:assert/strict";
import { retrying } from "../../coordination/leases/retrying.ts";
import { Coordinator, systemRuntime } from "../../mod.ts";
import { acquire, inspect, release } from "../conformance/operations.ts";
import type { SmokeCase } from "./smoke.ts";

const TRY = { timeout: 0 };
/** What has not happened within so many ms never will, however busy the machine is. */
const NEVER = 60_000;
/** To the same place, so that whoever followed it would be answered well. */
const REDIRECT = { status: 307, body: "", headers: { location: "?again" } } as const;
/** More than any answer has. */
const TOO_LARGE = { statusAfter: 200, body: `{${" ".repeat(33 * 2 ** 20)}` } as const;
const BAD_GATEWAY = { statusAfter: 502, body: "<html>bad gateway</html>" } as const;

/** Cases about lost replies. */
export const wireSmoke: readonly SmokeCase[] = [
  {
    name: "a grant whose reply is lost is asked for again, and is the same grant",
    // Twice, because Deno's fetch by itself sends once more over a connection that it had used.
    faults: ["drop-reply", "drop-reply"],
    async run(driver) {
      const a = new Coordinator(driver(), { memberId: "a" });
      const name = crypto.randomUUID();
      const lease = await a.getLock(name).hold(TRY);
      const [holder, ...others] = await new Coordinator(driver()).getLock(name).holders();
      assert.deepEqual(others, []);
      assert.deepEqual([holder?.memberId, holder?.token], ["a", lease.token]);
      assert.equal(await lease.release(), true);
    },
  },
  {
    name:
      "without any reply the outcome is unknown, and what was granted can be found and released",
    faults: ["hang-reply"],
    async run(driver) {
      // Long enough for the request to arrive from any runtime, or another would have its fault.
      const once = retrying(driver(), { retries: 0, timeout: 3_000 });
      // Without an end, for on Consul a lease that ends needs a session before it.
      const mine = acquire(crypto.randomUUID(), { ttl: Infinity });
      await assert.rejects(once.apply([mine]), { name: "OperationTimedOut", retryable: true });
      const look = async () => (await driver().apply([inspect(mine.resource)]))[0]?.leases[0];
      // It was given up by us, and the server may still be at it.
      let seen = await look();
      for (const end = Date.now() + NEVER; !seen && Date.now() < end;) seen = await look();
      assert.equal(seen?.id, mine.id);
      const [again] = await driver().apply([mine]);
      assert.equal(again?.leases[0]?.token, seen?.token);
      await driver().apply([release(mine)]);
    },
  },
  {
    name: "a redirect is not followed, and its outcome is unknown",
    faults: [REDIRECT],
    async run(driver) {
      const mine = acquire(crypto.randomUUID());
      await assert.rejects(driver().apply([mine]), { name: "UnknownOutcome", retryable: true });
      assert.deepEqual((await driver().apply([inspect(mine.resource)]))[0]?.leases, []);
    },
  },
  {
    name: "an answer that is far too large is unknown, and what was granted can be released",
    faults: [TOO_LARGE],
    async run(driver) {
      // Without an end, for the same reason.
      const mine = acquire(crypto.randomUUID(), { ttl: Infinity });
      const error = await driver().apply([mine]).then(() => assert.fail("it answered"), String);
      const said = driver().name === "upstash" ? /more than 32 MiB/ : /outcome is unknown/;
      assert.match(error, said);
      assert.equal((await driver().apply([release(mine)]))[0]?.ok, true);
    },
  },
  {
    name: "a cron claim that never had a reply has not run, and gives its slot back",
    faults: [BAD_GATEWAY, BAD_GATEWAY, BAD_GATEWAY, BAD_GATEWAY],
    async run(driver) {
      const background: Promise<void>[] = [];
      const runtime = systemRuntime({ waitUntil: (work) => void background.push(work) });
      const cron = new Coordinator(driver(), { runtime }).cron(crypto.randomUUID());
      const slot = Date.now();
      let runs = 0;
      await assert.rejects(cron.run({ slot }, () => ++runs), { name: "UnknownOutcome" });
      assert.equal(runs, 0);
      await Promise.all(background);
      assert.equal(background.length, 1);
      assert.equal((await cron.run({ slot }, () => ++runs)).outcome, "ran");
      assert.equal(runs, 1);
    },
  },
  {
    name: "a call that is called off while nothing answers ends at once, with the caller's reason",
    faults: ["black-hole"],
    async run(driver) {
      const background: Promise<void>[] = [];
      const runtime = systemRuntime({ waitUntil: (work) => void background.push(work) });
      const lock = new Coordinator(driver(), { runtime }).getLock(crypto.randomUUID());
      const stop = new AbortController();
      const acquiring = lock.acquire({ signal: stop.signal });
      setTimeout(() => stop.abort(new Error("the user left")), 50);
      await assert.rejects(acquiring, /the user left/);
      await Promise.all(background);
      assert.deepEqual(await lock.holders(), []);
    },
  },
];
