/**
 * What Baton hands to D1's binding, and what it makes of what comes back.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, Coordinator, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Op } from "../../../drivers/driver.ts";
import { d1, type D1Database } from "../../../drivers/sqlite/d1.ts";
import { batonErrorOf, errorOf, shown } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";
import { standIn } from "./d1_stand_in.ts";

const SEAT = { resource: "lock:x", seat: "" } as const;
const OPS: readonly Op[] = [
  acquire("a"),
  { ...acquire("b"), guard: { when: "vacant", resource: "lock:y" } },
  { op: "renew", ...SEAT, id: "a", ttl: 60_000 },
  { op: "inspect", ...SEAT },
  { op: "inspect", resource: "lock:x", limit: 1 },
  { op: "list", prefix: "lock:", limit: 10 },
  { op: "release", ...SEAT, id: "a" },
];

Deno.test("each apply is one batch in a session of its own, on the primary", async () => {
  const { database, batches } = await standIn();
  const driver = d1(database);
  for (const op of OPS) await driver.apply([op]);
  await driver.apply(OPS);
  assert.equal(batches.length, OPS.length + 1);
  for (const { constraint, statements } of batches) {
    assert.equal(constraint, "first-primary");
    for (const { args } of statements) assert.equal(args.length, 1);
  }
  // A later query of a session may be answered by a replica.
  assert.equal(new Set(batches.map(({ session }) => session)).size, batches.length);
  assert.deepEqual(await driver.apply([]), []);
  assert.equal(batches.length, OPS.length + 1);
});

Deno.test("a D1 without sessions, which has no replicas either, is used as it is", async () => {
  const { database: { prepare, batch }, batches } = await standIn();
  const [grant] = await d1({ prepare, batch }).apply([acquire("a")]);
  assert.equal(grant?.ok, true);
  assert.deepEqual(batches.map(({ constraint }) => constraint), [undefined]);
});

Deno.test("subrequests count statements, and what is beyond them is not sent at all", async () => {
  const { database, batches } = await standIn();
  const member = (subrequests: number) => new Coordinator(d1(database), { subrequests });
  const error = await errorOf(member(2).getLock("x").hold());
  assert(error instanceof ConnectionError);
  assert.match(error.message, /budget of 2 requests is used up/);
  assert.equal(batches.length, 0);
  // Once in 32 times an acquisition sweeps, which is a fourth.
  const enough = member(4 + 1 + 2);
  const lease = await enough.getLock("x").hold();
  await lease.renew();
  await lease.release();
  const statements = batches.flatMap((batch) => batch.statements);
  assert.ok([6, 7].includes(statements.length), `${statements.length} statements`);
});

Deno.test("a heartbeat of a thousand leases is one statement, and of large values a few", async () => {
  const { database, batches } = await standIn();
  const driver = d1(database);
  const seats = (count: number, value: string) =>
    Array.from({ length: count }, (_, n) => acquire(`id ${n}`, { seat: `${n}`, value }));
  const many = seats(1_000, "");
  await driver.apply(many);
  const beat = async (acquired: typeof many, value?: string): Promise<string[]> => {
    batches.length = 0;
    const outcomes = await driver.apply(
      acquired.map(({ resource, seat, id }) => (
        { op: "renew", resource, seat, id, ttl: 60_000, ...value !== undefined && { value } }
      )),
    );
    assert.ok(outcomes.every(({ ok }) => ok));
    assert.equal(batches.length, 1);
    return batches[0]!.statements.map(({ args }) => `${args[0]}`);
  };
  assert.equal((await beat(many)).length, 1);
  const texts = await beat(many.slice(0, 40), "€".repeat(20_000));
  assert.equal(texts.length, 2, "D1 takes two million bytes in a parameter");
  for (const text of texts) assert.ok(new TextEncoder().encode(text).length < 2_000_000);
});

/** Operations of one batch, and how many of them each of its statements is for. */
const SHARED: readonly (readonly [what: string, ops: readonly Op[], shares: number[]])[] = (() => {
  const renew = (seat: string): Op => ({ op: "renew", resource: "r", seat, id: "i", ttl: 1_000 });
  const look = (seat?: string): Op => ({ op: "inspect", resource: "r", seat });
  const end = (seat: string): Op => ({ op: "release", resource: "r", seat, id: "i" });
  const guarded: Op = { ...end("g"), guard: { when: "vacant", resource: "q" } } as Op;
  const page: Op = { op: "inspect", resource: "r", limit: 1 };
  const list: Op = { op: "list", prefix: "r", limit: 1 };
  return [
    ["renewals of different seats", [renew("a"), renew("b"), renew("c")], [3]],
    ["a seat that is renewed again", [renew("a"), renew("a"), renew("b")], [1, 2]],
    ["a seat that comes again later", [renew("a"), look(), renew("a"), look("a")], [1, 1, 1, 1]],
    [
      "what was shared before",
      [renew("a"), renew("b"), look(), renew("a"), renew("b"), renew("a"), renew("b")],
      [2, 1, 2, 2],
    ],
    ["looks, at the same too", [look("a"), look("a"), look(), look()], [4]],
    // A look first, and then the write.
    ["releases of different seats", [end("a"), end("b")], [2, 2]],
    ["releases of one seat", [end("a"), end("a")], [1, 1, 1, 1]],
    ["those behind guards", [end("a"), guarded, end("b")], [1, 1, 2, 1, 1, 1]],
    ["pages", [look(), page, page, look()], [1, 1, 1, 1]],
    ["lists", [list, list], [1, 1]],
    ["takings, a look and two writes each", [acquire("a"), acquire("a")], [1, 1, 1, 1, 1, 1]],
  ];
})();

for (const [what, ops, shares] of SHARED) {
  Deno.test(`those operations share statements that can: ${what}`, async () => {
    const { database, batches } = await standIn();
    const outcomes = await d1(database).apply(ops);
    assert.equal(outcomes.length, ops.length);
    const [{ statements } = { statements: [] }] = batches;
    assert.deepEqual(
      statements.map(({ args }) => JSON.parse(`${args[0]}`).of.length),
      shares,
    );
  });
}

Deno.test("a value goes out once, with the statement that writes it", async () => {
  const { database, batches } = await standIn();
  // It sweeps, too, which is a statement more.
  await d1(database).apply([acquire(" ", { value: "a-long-value" })]);
  const [{ statements } = { statements: [] }] = batches;
  assert.deepEqual(
    statements.map(({ args }) => `${args[0]}`.includes("a-long-value")),
    [false, true, false, false],
  );
});

Deno.test("an aborted call stops waiting, is unknown, and the lease may be there", async () => {
  const { database, behave } = await standIn();
  const driver = d1(database);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  behave(async (run) => {
    const answers = await run();
    await held;
    return answers;
  });
  const stop = new AbortController();
  const call = errorOf(driver.apply([acquire("a")], { signal: stop.signal }));
  stop.abort(new ConnectionError("nothing was written"));
  assert((await call) instanceof UnknownOutcome);
  release();
  behave((run) => run());
  const [found] = await driver.apply([{ op: "inspect", ...SEAT }]);
  assert.equal(found?.leases.length, 1);
});

/** What D1 says, and whether it means that nothing was written; and that waiting helps. */
const ERRORS: readonly (readonly [text: string, definite: boolean, passes?: boolean])[] = [
  ["D1_ERROR: no such table: baton_state: SQLITE_ERROR", true, false],
  ["D1_ERROR: malformed JSON: SQLITE_ERROR", true, false],
  ["D1_ERROR: database is locked: SQLITE_BUSY", true, true],
  ["D1_ERROR: database or disk is full: SQLITE_FULL", true, false],
  ["D1_ERROR: D1 DB is overloaded. Requests queued for too long.", true, true],
  ["D1_ERROR: D1 DB is overloaded. Too many requests queued.", true, true],
  ["D1_ERROR: disk I/O error: SQLITE_IOERR", false],
  ["D1_ERROR: Network connection lost.", false],
  ["D1_ERROR: D1 DB reset because its code was updated.", false],
  ["D1_ERROR: Internal error in D1 DB storage caused object to be reset.", false],
  ["D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.", false],
  ["D1_ERROR: D1 DB exceeded its CPU time limit and was reset.", false],
  ["Too many API requests by single worker invocation.", false],
  ["", false],
];

Deno.test("an error is definite only where D1's words prove it", async (t) => {
  const { database, behave } = await standIn();
  const driver = d1(database);
  for (const [text, definite, passes = true] of ERRORS) {
    await t.step(text, async () => {
      behave(() => Promise.reject(new Error(text)));
      const error = await batonErrorOf(driver.apply([acquire("a")]));
      assert.equal(error.code, definite ? "connection" : "unknown-outcome", error.message);
      assert.equal(error.retryable, passes);
    });
  }
});

Deno.test("no error repeats what was sent", async () => {
  const { database, behave } = await standIn();
  const secret = "s3cr3tIdOfTheLease";
  for (const how of ["D1_ERROR: near WORDS: SQLITE_ERROR", "WORDS"]) {
    behave(() => Promise.reject(new Error(how.replace("WORDS", `${secret} is in it`))));
    const error = await batonErrorOf(d1(database).apply([acquire(secret)]));
    assert.ok(!shown(error).includes(secret), shown(error));
  }
});

Deno.test("an answer that is not one to Baton's statements is unknown, and never an outcome", async (t) => {
  const { database, behave } = await standIn();
  const driver = d1(database);
  await driver.apply([acquire("a")]);
  const row = { n: 0, seat: "", id: "a", token: 7, value: "", time_left: 1 };
  const answers: readonly (readonly unknown[])[] = [
    [],
    [{}],
    [{ results: [] }, { results: [] }],
    [{ results: null }],
    [{ results: [{ ...row, n: 9 }] }],
    ...Object.entries({
      ...{ seat: [1], id: [null], value: [{}] },
      token: [0.5, 0, -1, 2 ** 53],
      time_left: ["soon", 0, -1],
    }).flatMap(([field, values]) =>
      values.map((value) => [{ results: [{ ...row, [field]: value }] }])
    ),
  ];
  for (const [n, answer] of answers.entries()) {
    await t.step(`${n + 1}`, async () => {
      behave(() => Promise.resolve(answer as { results?: unknown }[]));
      const error = await batonErrorOf(driver.apply([{ op: "inspect", ...SEAT }]));
      assert(error instanceof UnknownOutcome, `${error}`);
    });
  }
});

Deno.test("a seat that was free at the look and not at the write is unknown, not refused", async () => {
  const { database, behave } = await standIn();
  // As where the clock was set back between the two.
  behave(async (run) => (await run(), [{ results: [] }, { results: [] }, { results: [] }]));
  const error = await batonErrorOf(d1(database).apply([acquire("b")]));
  assert(error instanceof UnknownOutcome, `${error}`);
});

Deno.test("what is no D1 is refused before anything is sent", () => {
  for (const wrong of [undefined, null, {}, "DB", () => {}]) {
    assert.throws(() => d1(wrong as unknown as D1Database), (error: Error) => {
      assert(error instanceof InvalidArgument);
      assert.match(error.message, wrong ? /env\.DB/ : /the binding in wrangler/);
      return true;
    });
  }
});
