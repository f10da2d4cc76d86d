/**
 * The driver over R2's binding, on workerd's own R2: that its conditions are what the driver takes them
 * for, that its clock is R2's, and what its errors prove. All laws are tried on a bucket in this process,
 * whose conditions are the same; on workerd's, where each call takes long, some of them are tried here, and
 * all in `deno task prove`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { r2, type R2Bucket } from "../../../drivers/document/r2.ts";
import type { Driver, Op } from "../../../drivers/driver.ts";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { granted, isGranted, isOutcome, lists, step } from "../../conformance/expect.ts";
import { electionCases } from "../../conformance/coordination/elections.ts";
import { lockCases } from "../../conformance/coordination/locks.ts";
import type { CoordinationCase } from "../../conformance/coordination/place.ts";
import { listenerCase } from "../../laws/listeners.ts";
import { freezeCases } from "../../conformance/frozen.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { OwnBucket } from "../../backends/own_bucket.ts";
import { r2 as entry } from "../../backends/r2.ts";
import { sideBySide } from "../../laws/side_by_side.ts";
import { startR2 } from "../../servers/r2.ts";

Deno.test("on workerd's R2", async (t) => {
  const server = await startR2();
  const connect = (): Driver => r2(server.bucket);
  try {
    await conditions(t, server.bucket);
    await t.step("of sixteen that make the document and race for a seat one wins", async () => {
      for (let round = 0; round < 3; round++) {
        const clients = Array.from(
          { length: 16 },
          () => r2(server.bucket, { key: `race ${round}` }),
        );
        const bids = clients.map(() => acquire("lock:a"));
        const outcomes = await Promise.all(
          clients.map((driver, n) => step(driver, bids[n] ?? acquire("lock:a"))),
        );
        const winner = outcomes.findIndex(({ ok }) => ok);
        const bid = bids[winner];
        assert(bid && outcomes.filter(({ ok }) => ok).length === 1);
        const lease = isGranted(outcomes[winner], bid);
        for (const outcome of outcomes) isOutcome(outcome, outcome.ok, [lease]);
      }
    });
    await t.step(
      "a write is three calls, what changes nothing is two, and all are reported",
      async () => {
        const count = async (calls: number, ...ops: Op[]): Promise<void> => {
          const before = server.requests;
          let reported = 0;
          await connect().apply(ops, { beforeRequest: () => void reported++ });
          assert.deepEqual([server.requests - before, reported], [calls, calls]);
        };
        const mine = acquire("lock:calls");
        await count(3, mine);
        await count(2, mine, acquire("lock:calls"), inspect("lock:calls"));
        await count(3, renew(mine));
        await count(3, release(mine));
      },
    );
    await t.step("a call that may not be made is not made, whichever of them it is", async () => {
      const [op, reason] = [acquire("lock:forbidden"), new ConnectionError("enough")];
      for (let allowed = 0; allowed < 3; allowed++) {
        let reported = 0;
        const beforeRequest = (): void => {
          if (reported++ === allowed) throw reason;
        };
        const call = connect().apply([op], { beforeRequest });
        await assert.rejects(call, (error) => error === reason);
        await lists(connect(), inspect(op.resource), []);
      }
    });
    await t.step("tokens are of R2's clock, to the ms, and leases end by it", async () => {
      const before = Date.now();
      const mine = acquire("lock:clock", { ttl: 40 });
      const { token } = await granted(connect(), mine);
      // One machine, one clock: that of workerd is the test's.
      assert(token >= before && token <= Date.now(), `${token - before}`);
      while ((await step(connect(), inspect("lock:clock"))).leases.length > 0);
      assert(Date.now() >= token + 40);
    });
  } finally {
    await server.stop();
  }
});

Deno.test("the bucket in this process keeps the same conditions", (t) => {
  return conditions(t, new OwnBucket());
});

/** What the driver relies on. */
async function conditions(t: Deno.TestContext, bucket: R2Bucket): Promise<void> {
  await t.step("an object is made once, and replaced by whoever names its version", async () => {
    const put = async (value: string, onlyIf: Parameters<R2Bucket["put"]>[2]) =>
      await bucket.put("k", value, onlyIf) !== null;
    const etag = async (): Promise<string> => (await bucket.get("k"))?.etag ?? "";
    assert.equal(await bucket.get("k"), null);
    assert.equal(await put("x", { onlyIf: { etagMatches: "0".repeat(32) } }), false);
    assert.equal(await put("one", { onlyIf: { etagDoesNotMatch: "*" } }), true);
    assert.equal(await put("two", { onlyIf: { etagDoesNotMatch: "*" } }), false);
    const first = await etag();
    assert.equal(await put("three", { onlyIf: { etagMatches: first } }), true);
    assert.equal(await put("four", { onlyIf: { etagMatches: first } }), false);
    const onlyIf = { etagMatches: await etag() };
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => put(`${n}`, { onlyIf })));
    assert.equal(all.filter(Boolean).length, 1);
  });
}

Deno.test("on workerd's R2 a client that was frozen revives nothing, and signals keep no listeners", async () => {
  const backend = await entry.start();
  try {
    for (const { name, run } of freezeCases) {
      if (/look|guard/.test(name)) await run(backend.apart?.() ?? backend);
    }
    await listenerCase.run(backend);
  } finally {
    await backend.stop();
  }
});

Deno.test("on workerd's R2 coordinators lock and lead as the laws say", async (test) => {
  const backend = await entry.start();
  try {
    const laws = [...lockCases, ...electionCases].filter(({ crowd }) => !crowd);
    const on = (law: CoordinationCase) => {
      const { connect, pass, tick } = backend.apart?.() ?? backend;
      return { ...law, run: () => law.run({ driver: connect, pass, tick }) };
    };
    await sideBySide(test, laws.map(on), 8);
  } finally {
    await backend.stop();
  }
});

/** A binding that fails as R2's does. */
function failing(message: string): R2Bucket {
  const fail = () => Promise.reject(new Error(message));
  return { get: fail, put: fail };
}

Deno.test("only R2's refusal of too many writes proves that nothing was written, and no text is repeated", async () => {
  const op = acquire("lock:a");
  const busy = "put: Reduce your rate of simultaneous requests on the same object. (10058)";
  await assert.rejects(r2(failing(busy)).apply([op]), (error: ConnectionError) => {
    assert(error instanceof ConnectionError && error.retryable);
    assert.match(error.message, /one write of an object a second/);
    return true;
  });
  for (
    const said of ["get: We encountered an internal error. (10001)", "Network connection lost."]
  ) {
    await assert.rejects(r2(failing(said)).apply([op]), UnknownOutcome);
  }
  await assert.rejects(r2(failing(`${op.id} (10001)`)).apply([op]), (error: Error) => {
    return error instanceof UnknownOutcome && !error.message.includes(op.id);
  });
});

Deno.test("a call that is aborted ends at once, and its outcome is unknown", async () => {
  const never = new Promise<never>(() => {});
  const stop = new AbortController();
  const driver = r2({ get: () => never, put: () => never });
  const call = assert.rejects(
    driver.apply([acquire("lock:a")], { signal: stop.signal }),
    UnknownOutcome,
  );
  stop.abort();
  await call;
});

Deno.test("what is no binding, and a write without a time, are refused", async () => {
  assert.throws(() => r2({} as R2Bucket), InvalidArgument);
  assert.throws(() => r2(undefined as unknown as R2Bucket), InvalidArgument);
  const timeless = { get: () => Promise.resolve(null), put: () => Promise.resolve(null) };
  await assert.rejects(r2(timeless).apply([inspect("lock:a")]), UnknownOutcome);
  await lists(
    r2({
      ...timeless,
      put: () => Promise.resolve({ uploaded: new Date() }),
    }),
    inspect("lock:a"),
    [],
  );
});

Deno.test("64 objects show the time, each in turn, and each driver begins with another one", async () => {
  const keys: string[] = [];
  const bucket = {
    get: () => Promise.resolve(null),
    put: (key: string) => Promise.resolve((keys.push(key), { uploaded: new Date() })),
  };
  const look = async (driver: Driver) => {
    keys.length = 0;
    await driver.apply([inspect("lock:a")]);
    return [...keys];
  };
  const driver = r2(bucket, { key: "k" });
  const round: string[] = [];
  for (let n = 0; n < 128; n++) round.push(...await look(driver));
  assert.equal(new Set(round).size, 64);
  assert.deepEqual(round.slice(64), round.slice(0, 64));
  for (const key of round) assert.match(key, /^k\.clock\/([0-9]|[1-5][0-9]|6[0-3])$/);
  const first = new Set<string>();
  for (let n = 0; n < 40; n++) for (const key of await look(r2(bucket))) first.add(key);
  assert.ok(first.size > 1, "by chance");
});
