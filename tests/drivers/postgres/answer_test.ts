/**
 * What the Postgres driver makes of errors and answers, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { CoordinationError } from "../../../errors.ts";
import type { Driver, Op } from "../../../drivers/driver.ts";
import { postgres } from "../../../drivers/postgres/postgres.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

/** What an error of the server's with this code becomes. */
function told(code: unknown): Promise<CoordinationError> {
  const error = Object.assign(new Error("as the server says"), { code });
  return batonErrorOf(postgres(() => Promise.reject(error)).apply([acquire("a")]));
}

Deno.test("a SQLSTATE proves that nothing was written, but for those of a server that went down", async () => {
  for (
    const code of [
      ...["40P01", "40001", "55P03", "57014", "57P03", "53300", "53100", "53200"],
      // A fail-over, a replica, a pooled connection with the rest of another's work.
      ...["25006", "BT001", "26000", "42P05", "0A000", "25P02", "25P03"],
    ]
  ) {
    const error = await told(code);
    assert(error instanceof ConnectionError && error.retryable, `${code} ${error}`);
    assert.match(error.message, /nothing was written \(SQLSTATE .*as the server says/);
  }
  for (const code of ["42601", "BT003", "22P02", "23505", "54000", "42703", "2D000", "25001"]) {
    const error = await told(code);
    assert(error instanceof ConnectionError && !error.retryable, `${code} ${error}`);
    assert.equal(error.code, "connection");
  }
  // Others have these digits elsewhere.
  for (const code of ["22008", "22P58", "BT028", "BT040", "BT053"]) {
    const error = await told(code);
    assert.deepEqual([error.code, error.retryable], ["connection", false], code);
    assert.match(error.message, /nothing was written .*; check URL, network and database$/);
  }
  for (const code of ["3F000", "42P01", "42703", "42883"]) {
    assert.match((await told(code)).message, /lacks version 3 .*run migrate\(\) of @baton/);
  }
  for (const code of ["2D000", "25001"]) {
    assert.match((await told(code)).message, /within an open transaction.*outside of begin/);
  }
  for (const code of ["28P01", "28000", "42501", "3D000"]) {
    const error = await told(code);
    assert(error instanceof ConnectionError && !error.retryable, `${code} ${error}`);
    assert.equal(error.code, "unauthorized");
    assert.match(error.message, /; check user, password, database and the role's rights$/);
  }
  const none = [
    ...[undefined, null, "", 500, "ECONNRESET", "ETIMEDOUT", "EPIPE", "57p01", "4000"],
    ...["ERR_HTTP2", "HTTP2_ERROR", "HTTP2ERROR"],
  ];
  const down = ["57P01", "57P02", "57P05", "08000", "08006", "08P01", "58000", "58030", "XX000"];
  for (const code of [...none, ...down, "40003"]) {
    const error = await told(code);
    assert(error instanceof UnknownOutcome && error.retryable, `${code} ${error}`);
    assert.match(error.message, /outcome is unknown .*sending it again is safe/);
  }
  assert(await told("ECONNREFUSED") instanceof ConnectionError);
  for (const thrown of [undefined, null, "text", { code: "57P01" }, 7]) {
    const error = await batonErrorOf(postgres(() => Promise.reject(thrown)).apply([acquire("a")]));
    assert(error instanceof UnknownOutcome, `${error}`);
  }
});

Deno.test("a list has its leases' resources and a page its last seats, each with where the next begins", async () => {
  const rows = [["b", "i", 7, "v", 5], ["a", "j", 8, "", null]];
  const listed = [[...rows[0]!, "lock:x"], [...rows[1]!, "lock:y"]];
  const one = { seat: "b", id: "i", token: 7, value: "v", left: 5 };
  const two = { seat: "a", id: "j", token: 8, value: "", left: Infinity };
  const of = (leases: unknown, op: Op) =>
    postgres(() => Promise.resolve([{ outcomes: JSON.stringify([[true, leases]]) }])).apply([op]);
  const list = (limit: number): Op => ({ op: "list", prefix: "lock:", limit });
  const leases = [{ resource: "lock:x", ...one }, { resource: "lock:y", ...two }];
  assert.deepEqual(await of(listed, list(3)), [{ ok: true, leases }]);
  assert.deepEqual(await of(listed, list(2)), [{ ok: true, leases, after: '["lock:y","a"]' }]);
  const look = (limit?: number, seat?: string): Op => ({
    op: "inspect",
    resource: "r",
    limit,
    seat,
  });
  assert.deepEqual(await of(rows, look(3)), [{ ok: true, leases: [two, one] }]);
  assert.deepEqual(await of(rows, look(2)), [{ ok: true, leases: [two, one], after: "a" }]);
  assert.deepEqual(await of(rows, look(undefined)), [{ ok: true, leases: [two, one] }]);
  assert.deepEqual(await of([rows[0]], look(1, "b")), [{ ok: true, leases: [one] }]);
  await assert.rejects(of(rows, list(3)), UnknownOutcome, "a list's rows have their resource");
});

Deno.test("a batch of several requests is answered in its order, and one that fails leaves what was before it written", async () => {
  const ops = Array.from({ length: 1_001 }, (_, n) => acquire(`${n}`, { seat: `${n}` }));
  let left = Infinity;
  const driver = postgres((_text, [text = ""]) => {
    if (left-- === 0) return Promise.reject(Object.assign(new Error("no"), { code: "42601" }));
    const told = JSON.parse(text).ops.map((op: { seat: string; id: string }) => [
      true,
      [[op.seat, op.id, 1, "", 1]],
    ]);
    return Promise.resolve([{ outcomes: JSON.stringify(told) }]);
  });
  const outcomes = await driver.apply(ops);
  assert.deepEqual(outcomes.map(({ leases }) => leases[0]?.id), ops.map(({ id }) => id));
  left = 1;
  const error = await batonErrorOf(driver.apply(ops));
  assert(error instanceof UnknownOutcome, `${error}`);
  assert.match(error.message, /^A part of the batch was written, and then: postgres refused/);
});

Deno.test("a slip in the query function is no outage, and waiting does not mend it", async () => {
  const query = (text: string) => Promise.resolve((text as unknown as { a: { b: never } }).a.b);
  const error = await batonErrorOf(
    postgres(async (text) => await query(text)).apply([acquire("a")]),
  );
  assert.equal(error.code, "misuse");
  assert.match(error.message, /Cannot use this query: Cannot read properties of undefined/);
});

Deno.test("a deadlock is sent again unseen, eleven in a row are an error that may pass, and an abort ends it", async () => {
  const deadlock = Object.assign(new Error("deadlock detected"), { code: "40P01" });
  let [sent, deadlocks] = [0, 2];
  const driver = postgres(() => {
    if (sent++ < deadlocks) return Promise.reject(deadlock);
    return Promise.resolve([{ outcomes: "[[false,[]]]" }]);
  });
  let told = 0;
  const [outcome] = await driver.apply([acquire("a")], { beforeRequest: () => void told++ });
  assert.deepEqual([outcome?.ok, sent, told], [false, 3, 3]);
  [sent, deadlocks] = [0, Infinity];
  const error = await batonErrorOf(driver.apply([acquire("a")]));
  assert(error instanceof ConnectionError && error.retryable, `${error}`);
  assert.equal(sent, 11);
  const aborter = new AbortController();
  const { signal } = aborter;
  sent = 0;
  const beforeRequest = () => {
    if (sent === 2) aborter.abort();
  };
  const aborted = await batonErrorOf(driver.apply([acquire("a")], { signal, beforeRequest }));
  assert(aborted instanceof UnknownOutcome, `${aborted}`);
  assert.match(aborted.message, /the call was aborted/);
  assert.equal(sent, 3);
  await assert.rejects(driver.apply([acquire("a")], { signal }), { name: "AbortError" });
  assert.equal(sent, 3);
});

Deno.test("a query function that answers in another form is named by it, without a server too", async () => {
  const look = { op: "inspect", resource: "r" } as const;
  const list = { op: "list", prefix: "", limit: 1 } as const;
  const of = (rows: unknown, ...ops: Op[]) =>
    batonErrorOf(postgres(() => Promise.resolve(rows as never)).apply(ops));
  for (const ops of [[look], [list], [look, list]]) {
    const error = await of([["[[true,[]]]"]], ...ops);
    assert(error instanceof InvalidArgument, `${error}`);
    assert.match(error.message, /rows as arrays; leave out rowMode, arrayMode/);
  }
  const renewal = { op: "renew", resource: "r", seat: "", id: "i", ttl: 1 } as const;
  for (const ops of [[acquire("a")], [renewal], [look, acquire("a")], [acquire("a"), list]]) {
    const error = await of([["[[true,[]]]"]], ...ops);
    assert(error instanceof UnknownOutcome && !error.retryable, `${error}`);
    assert.match(error.message, /rows as arrays; leave out rowMode/);
  }
  for (const ops of [[look], [acquire("a")]]) {
    const error = await of(undefined, ...ops);
    assert(error instanceof UnknownOutcome && !error.retryable, `${error}`);
    assert.match(error.message, /it returns undefined, not the client's answer/);
  }
  const other = await of([{ other: 1 }], look);
  assert(other instanceof UnknownOutcome && other.retryable, `${other}`);
});

Deno.test("whatever is not exactly the function's answer is an unknown outcome", async () => {
  const lease = ["s", "i", 7, "v", 5];
  const good = JSON.stringify([[true, [lease]]]);
  const driver = (rows: unknown): Driver => postgres(() => Promise.resolve(rows as never));
  const [outcome] = await driver([{ outcomes: good }]).apply([acquire("a")]);
  assert.deepEqual(outcome, {
    ok: true,
    leases: [{ seat: "s", id: "i", token: 7, value: "v", left: 5 }],
  });
  const odd = [
    [undefined, null, [], {}, [{}], [{ outcomes: null }], [{ apply_1: good }], "text"],
    ["", "not json", "null", "{}", "[]", "true", good.slice(0, -1), `${good}${good}`].map(answer),
    [[1], [null], [true], [[]], [["true", []]], [[1, []]], [[true]], [[true, {}]]].map(json),
    [[[true, []], [true, []]], [[true, [null]]], [[true, [[]]]], [[true, [{}]]]].map(json),
    ["9007199254740993", '"7"', "7.5", "null", "1e999"].map((token) =>
      answer(good.replace(",7,", `,${token},`))
    ),
    [[1, "i", 7, "v", 5], ["s", null, 7, "v", 5], ["s", "i", 7, {}, 5], ["s", "i", 7, "v", "5"]]
      .map(
        (row) => json([[true, [row]]]),
      ),
  ].flat();
  for (const rows of odd) {
    const error = await batonErrorOf(driver(rows).apply([acquire("a")]));
    assert(error instanceof UnknownOutcome, `${Deno.inspect(rows)} ${error.stack}`);
  }
});

function answer(outcomes: string): unknown {
  return [{ outcomes }];
}

function json(value: unknown): unknown {
  return answer(JSON.stringify(value));
}
