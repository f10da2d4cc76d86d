/**
 * A client of `@libsql/client` that the application has already, on libSQL's own engine.
 *
 * @module
 */

import { createClient } from "@libsql/client/web";
import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import { libsql } from "../../../drivers/sqlite/libsql.ts";
import { migrate } from "../../../drivers/sqlite/migration.ts";
import type { SqliteBatch } from "../../../drivers/sqlite/send.ts";
import { startLibsql } from "../../servers/libsql.ts";
import { startProxy } from "../../servers/proxy.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire, TRICKY } from "../acquire.ts";

const SEAT = { resource: "lock:x", seat: "" } as const;

Deno.test("through a client of libSQL's every operation is one request, and does what it should", async (t) => {
  const server = await startLibsql();
  const front = await startProxy(server.url);
  const client = createClient({ url: front.url, authToken: server.token });
  const send: SqliteBatch = (statements) => client.batch(statements, "write");
  try {
    const driver = libsql(send);
    await t.step("without tables it is refused, with what to run", async () => {
      const error = await batonErrorOf(driver.apply([acquire("a")]));
      assert(error instanceof ConnectionError && !error.retryable, `${error}`);
      assert.match(error.message, /run migrate\(\)/);
    });
    await migrate(send);
    await t.step("operations", async () => {
      const before = front.requests;
      const [grant] = await driver.apply([acquire("a")]);
      const [lease] = grant!.leases;
      assert.deepEqual([grant!.ok, lease!.value], [true, TRICKY]);
      const outcomes = await driver.apply([
        acquire("a"),
        acquire("b"),
        { op: "renew", ...SEAT, id: "a", ttl: 60_000, value: "renewed" },
        { op: "inspect", ...SEAT },
        { op: "list", prefix: "lock:", limit: 1 },
        { op: "release", ...SEAT, id: "a", guard: { when: "vacant", resource: "lock:y" } },
        { op: "inspect", resource: "lock:x", limit: 1 },
      ]);
      assert.deepEqual(outcomes.map(({ ok }) => ok), [true, false, true, true, true, true, true]);
      assert.deepEqual(
        outcomes.map(({ leases: [found] }) => found && [found.token, found.value]),
        [
          [lease!.token, TRICKY],
          [lease!.token, TRICKY],
          undefined,
          [lease!.token, "renewed"],
          [lease!.token, "renewed"],
          undefined,
          undefined,
        ],
      );
      assert.equal(front.requests - before, 2);
    });
    await t.step("what was cut is unknown, and so is what was aborted", async () => {
      front.faults.next("truncate");
      assert(await batonErrorOf(driver.apply([acquire("c")])) instanceof UnknownOutcome);
      const [replayed] = await driver.apply([acquire("c")]);
      assert.equal(replayed?.ok, true);
      front.faults.next("hang-reply");
      const stop = new AbortController();
      const call = batonErrorOf(driver.apply([acquire("c")], { signal: stop.signal }));
      stop.abort();
      assert(await call instanceof UnknownOutcome);
    });
  } finally {
    client.close();
    await front.stop();
    await server.stop();
  }
});

Deno.test("a client in the place of a function is refused, and a slip in the function is named", async () => {
  assert.throws(() => libsql({} as SqliteBatch), (error: Error) => {
    assert(error instanceof InvalidArgument);
    assert.match(error.message, /not a function that sends/);
    return true;
  });
  const slip = libsql(() => (undefined as unknown as { batch(): never }).batch());
  const error = await batonErrorOf(slip.apply([acquire("a")]));
  assert.equal(error.code, "misuse");
  const nothing = libsql(() => Promise.resolve(undefined as never));
  assert(await batonErrorOf(nothing.apply([acquire("a")])) instanceof UnknownOutcome);
});
