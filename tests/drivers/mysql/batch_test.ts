/**
 * What the MySQL driver makes of a batch, statement by statement, where the server's answers are chosen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Driver, Op } from "../../../drivers/driver.ts";
import { mysql, type MysqlAnswer } from "../../../drivers/mysql/mysql.ts";
import { until } from "../../servers/process.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

/** A driver whose requests are answered in this order, and what was sent. */
function answering(...answers: (MysqlAnswer | Error)[]): { driver: Driver; sent: string[] } {
  const sent: string[] = [];
  const driver = mysql((sql) => {
    sent.push(sql);
    const answer = answers.shift() ?? assert.fail(`nobody expected ${sql}`);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { driver, sent };
}

const hex = (text: string): string => new TextEncoder().encode(text).toHex();

/** A row of a look: in the place of that number, the lease of a seat. */
function row(n: number, seat: string, more: object = {}): Record<string, unknown> {
  return {
    n: `${n}`,
    seat: hex(seat),
    id: hex("i"),
    token: "5",
    value: "",
    time_left: "9",
    ...more,
  };
}

const LOOK: Op = { op: "inspect", resource: "r" };
const DEADLOCK = Object.assign(new Error("deadlock"), { errno: 1213 });

Deno.test("an insert id is the token of a grant, however small, and without one a look says who holds", async () => {
  const [granted] = await answering({ insertId: "1" }).driver.apply([acquire("a")]);
  assert.deepEqual([granted?.ok, granted?.leases[0]?.token], [true, 1]);
  for (const none of [{}, { insertId: "0" }, { insertId: 0 }, { insertId: undefined }]) {
    const { driver, sent } = answering(none, { rows: [row(0, "")] });
    const [refused] = await driver.apply([acquire("a")]);
    assert.deepEqual([refused?.ok, refused?.leases[0]?.id, sent.length], [false, "i", 2]);
  }
});

Deno.test("one grant in 64 cleans up, whatever it finds, and nothing else does", async () => {
  for (const [token, sends] of [[63, 1], [64, 2], [65, 1], [96, 1], [192, 2]] as const) {
    const { driver, sent } = answering({ insertId: token }, { rows: [] });
    await driver.apply([acquire("a")]);
    assert.equal(sent.length, sends, `${token}`);
  }
  const dead = { rows: [{ resource: hex("r"), seat: hex("s") }] };
  for (const end of [{ rowsAffected: 1 }, new Error("the clean-up fails")]) {
    const { driver, sent } = answering({ insertId: 64 }, dead, end);
    assert.equal((await driver.apply([acquire("a")]))[0]?.ok, true);
    assert.deepEqual(sent.map((sql) => sql.split(" ")[0]), ["insert", "select", "delete"]);
  }
  // A grant that a look has found is one, too.
  const mine = answering({ insertId: 0 }, { rows: [row(0, "", { id: hex("a"), token: "64" })] }, {
    rows: [],
  });
  assert.equal((await mine.driver.apply([acquire("a")]))[0]?.leases[0]?.token, 64);
  assert.equal(mine.sent.length, 3);
  const release: Op = { op: "release", resource: "r", seat: "", id: "a" };
  assert.equal((await answering({ rowsAffected: 1 }).driver.apply([release]))[0]?.ok, true);
});

Deno.test("leases come in the order of their seats, and those of a page are its last, in whatever order rows come", async () => {
  const rows = [row(1, "b"), row(0, "y"), row(1, "c"), row(0, "x"), row(1, "a"), row(0, "z")];
  const orders = [rows, rows.toReversed(), [...rows.slice(3), ...rows.slice(0, 3)]];
  for (const order of orders) {
    const [all, page] = await answering({ rows: order }).driver.apply([
      LOOK,
      { op: "inspect", resource: "s", limit: 3, before: "d" },
    ]);
    assert.deepEqual(all?.leases.map(({ seat }) => seat), ["x", "y", "z"]);
    assert.deepEqual(page?.leases.map(({ seat }) => seat), ["a", "b", "c"]);
    assert.deepEqual([all?.after, page?.after], [undefined, "a"]);
  }
});

Deno.test("of several looks at once the answer has no limit of the session's, and of one its own statement says so", async () => {
  const { driver, sent } = answering({ rows: [] }, { rows: [] });
  await driver.apply([LOOK]);
  await driver.apply([LOOK, LOOK]);
  assert.match(sent[0]!, /lock in share mode\) \/\*/);
  assert.match(sent[1]!, /lock in share mode\) limit 4294967295 \/\*/);
});

Deno.test("a row is a lease if it has a token and some time left, however little", async () => {
  const lefts = [["5", 5], ["1", 1], ["0", 1], ["-3", 1], [null, Infinity]] as const;
  for (const [time_left, left] of lefts) {
    const { driver } = answering({ rows: [row(0, "s", { time_left, token: "1" })] });
    const lease = { seat: "s", id: "i", token: 1, value: "", left };
    assert.deepEqual(await driver.apply([LOOK]), [{ ok: true, leases: [lease] }]);
  }
  const odd: object[] = [{ token: "0" }, { token: "-1" }, { time_left: "x" }, { n: "1" }];
  for (const more of odd) {
    const error = await batonErrorOf(answering({ rows: [row(0, "s", more)] }).driver.apply([LOOK]));
    assert(error instanceof UnknownOutcome && error.retryable, `${error}`);
    assert.match(error.message, /outcome is unknown \(the answer is not to Baton's statement\)/);
  }
});

Deno.test("renewals that a write counts whole need no look, and what it counts too few of is unknown", async () => {
  const renewal = (seat: string, ttl: number, value?: string): Op => ({
    ...{ op: "renew", resource: "r", seat, id: "i", ttl, ...(value !== undefined && { value }) },
  });
  const of = (rowsAffected: number, rows: Record<string, unknown>[], ops: readonly Op[]) =>
    answering({ rowsAffected }, { rows }).driver.apply(ops).then(
      (outcomes) => outcomes.map(({ ok, leases }) => leases.length === 0 && ok),
      (error) => error.code,
    );
  const both = [row(0, "a"), row(1, "b")];
  const [finite, endless] = [9, Infinity].map((ttl) => [renewal("a", ttl), renewal("b", ttl)]);
  assert.deepEqual(await of(2, [], finite!), [true, true]);
  assert.deepEqual(await of(1, [both[0]!], finite!), [true, false]);
  assert.deepEqual(await of(1, [both[1]!], finite!), [false, true]);
  assert.deepEqual(await of(1, [row(0, "a", { id: hex("j") }), both[1]!], finite!), [false, true]);
  assert.deepEqual(await of(0, [], finite!), [false, false]);
  assert.deepEqual(await of(1, both, finite!), "unknown-outcome");
  assert.deepEqual(await of(0, [both[0]!], finite!), "unknown-outcome");
  // Of leases without end those count that change.
  assert.deepEqual(await of(0, both, endless!), [true, true]);
  assert.deepEqual(await of(1, both, endless!), [true, true]);
  assert.deepEqual(await of(0, both, [endless![0]!, finite![1]!]), "unknown-outcome");
  assert.deepEqual(await of(1, both, [endless![0]!, finite![1]!]), [true, true]);
  const said = row(0, "a", { value: hex("w") });
  assert.deepEqual(await of(0, [said], [renewal("a", Infinity, "w")]), [true]);
  assert.deepEqual(await of(0, [said], [renewal("a", Infinity, "v")]), "unknown-outcome");
  assert.deepEqual(await of(0, [said], [renewal("a", 9, "w")]), "unknown-outcome");
});

Deno.test("rows in a form that a client's options make are named by these, and no other rows", async () => {
  const nothing = { a: null, b: "x", c: 7 };
  const forms: readonly (readonly [row: unknown, says: RegExp])[] = [
    [["0", "73"], /rows as arrays; leave out rowsAsArray/],
    [{ ...nothing, seat: new Uint8Array(1) }, /bytes for texts; leave out typeCast/],
    [
      { ...nothing, seat: new Uint8Array(1), at: new Date(0) },
      /bytes for texts; leave out typeCast/,
    ],
    [{ ...nothing, it: row(0, "s") }, /rows within rows; leave out nestTables/],
  ];
  for (const [form, says] of forms) {
    const error = await batonErrorOf(answering({ rows: [form as never] }).driver.apply([LOOK]));
    assert(error instanceof InvalidArgument, `${error}`);
    assert.match(error.message, says);
  }
  for (const rows of [[nothing], [null], ["text"], "text", {}, 7]) {
    const error = await batonErrorOf(answering({ rows: rows as never }).driver.apply([LOOK]));
    assert(error instanceof UnknownOutcome, `${error}`);
  }
});

Deno.test("a write that left a transaction open is not done, which the flags of its answer say", async () => {
  const fine = answering({ insertId: 7, serverStatus: 2 }, { insertId: 9, serverStatus: 0x4002 });
  const outcomes = await fine.driver.apply([acquire("a"), acquire("b", { seat: "b" })]);
  assert.deepEqual(outcomes.map(({ ok }) => ok), [true, true]);
  for (const serverStatus of [1, 3, 0x4001]) {
    const { driver } = answering({ insertId: 7, serverStatus });
    const error = await batonErrorOf(driver.apply([acquire("a")]));
    assert(error instanceof UnknownOutcome && !error.retryable, `${error}`);
    assert.match(error.message, /outcome is unknown: .*a transaction is open/);
  }
});

Deno.test("of a guard that wants somebody there one is enough, and of one that wants nobody all are listed", async () => {
  for (
    const [when, ends] of [["held", "limit 1 lock"], ["vacant", "limit 4294967295 lock"]] as const
  ) {
    const { driver, sent } = answering({ insertId: 0 }, {
      rows: when === "held" ? [] : [row(1, "s")],
    });
    const [refused] = await driver.apply([acquire("a", { guard: { when, resource: "g" } })]);
    assert.deepEqual([refused?.ok, refused?.leases.length], [false, when === "held" ? 0 : 1]);
    const [own = "", guarded = ""] = sent[1]!.split("union all");
    assert(own.includes("limit 4294967295 lock") && guarded.includes(ends), guarded);
  }
});

/** A server on which each statement waits until the test answers it. */
function held() {
  const waiting: (PromiseWithResolvers<MysqlAnswer> & { signal: AbortSignal | undefined })[] = [];
  const driver = mysql((_sql, _params, signal) => {
    const answer = Promise.withResolvers<MysqlAnswer>();
    waiting.push({ ...answer, signal });
    return answer.promise;
  });
  return { driver, waiting };
}

Deno.test("statements go out at once; only what a deadlock has undone waits for its turn, also after one that failed", async () => {
  const { driver, waiting } = held();
  const { signal } = new AbortController();
  const calls = ["a", "b"].map((id) => driver.apply([acquire(id)], { signal }));
  await until("both were sent", () => waiting.length === 2);
  for (const each of waiting.splice(0)) each.reject(DEADLOCK);
  await until("one is sent again", () => waiting.length === 1);
  assert.equal(waiting[0]!.signal, signal, "the caller's signal goes along");
  const third = driver.apply([acquire("c")]);
  await until("another goes out at once", () => waiting.length === 2);
  waiting[1]!.resolve({ insertId: 3 });
  assert.equal((await third)[0]?.ok, true);
  waiting[0]!.reject(Object.assign(new Error("no"), { errno: 1146 }));
  const [first, second] = calls;
  assert(await batonErrorOf(first!) instanceof ConnectionError);
  await until("the next has its turn", () => waiting.length === 3);
  waiting[2]!.resolve({ insertId: 4 });
  assert.equal((await second!)[0]?.ok, true);
});

Deno.test("a slip in the query function is no outage, and waiting does not mend it", async () => {
  const query = (sql: string) => Promise.resolve((sql as unknown as { a: { b: never } }).a.b);
  const error = await batonErrorOf(mysql(async (sql) => await query(sql)).apply([LOOK]));
  assert.equal(error.code, "misuse");
  assert.match(error.message, /Cannot use this query: Cannot read properties of undefined/);
});
