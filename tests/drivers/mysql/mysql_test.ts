/**
 * What only the MySQL driver must hold: what errors mean, and how many requests each operation takes
 * on the wire, on servers that count rows or choose insert ids in another way.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { mysql, type MysqlAnswer, type MysqlQuery } from "../../../drivers/mysql/mysql.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { planetscale, planetscaleQuery } from "../../../drivers/mysql/planetscale.ts";
import { type MysqlKind, startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import type { PlanetscaleOptions } from "../../servers/planetscale.ts";
import { withPlanetscale } from "../../servers/with_planetscale.ts";
import { cleanUpsAfter } from "./clean_ups.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";
import { errors } from "./server_errors.ts";

const KINDS: readonly MysqlKind[] = ["mysql", "mariadb"];
const SEATS = Array.from({ length: 10 }, (_, n) => `${n}`);

function renew(seat: string, ttl = 60_000): Op {
  return { op: "renew", resource: "many", seat, id: `id-${seat}`, ttl };
}

function release(seat: string): Op {
  return { op: "release", resource: "many", seat, id: `id-${seat}` };
}

/** All ten seats, each under its id. */
function fill(ttl = 60_000): Op[] {
  return SEATS.map((seat) => acquire(`id-${seat}`, { resource: "many", seat, ttl }));
}

function oks(outcomes: readonly Outcome[]): boolean[] {
  return outcomes.map(({ ok }) => ok);
}

/** A driver whose every request answers as told; the last answer is repeated. */
function scripted(...answers: (MysqlAnswer | Error)[]): { driver: Driver; sent(): number } {
  let sent = 0;
  const query: MysqlQuery = () => {
    const answer = answers[Math.min(sent++, answers.length - 1)] as MysqlAnswer | Error;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { driver: mysql(query), sent: () => sent };
}

async function onWire(
  kind: MysqlKind,
  options: PlanetscaleOptions,
  test: (
    costs: (requests: number, ops: readonly Op[]) => Promise<readonly Outcome[]>,
  ) => Promise<void>,
): Promise<void> {
  await withPlanetscale(kind, async ({ server }) => {
    const { databaseUrl: url } = server;
    await migrate(planetscaleQuery({ url }));
    const driver = planetscale({ url });
    await test(async (requests, ops) => {
      const before = server.requests;
      let told = 0;
      const outcomes = await driver.apply(ops, { beforeRequest: () => told++ });
      const sent = server.requests - before;
      assert.equal(sent, requests + cleanUpsAfter(ops, outcomes), Deno.inspect(ops));
      assert.equal(told, sent, "beforeRequest is called for each");
      return outcomes;
    });
  }, options);
}

Deno.test("a deadlock is sent again unseen, and thirty in a row are an error that may pass", async () => {
  for (const deadlock of errors(1213)) {
    const seen = scripted(deadlock, deadlock, { insertId: "7" });
    const [outcome] = await seen.driver.apply([acquire("a")]);
    assert.deepEqual([outcome?.leases[0]?.token, seen.sent()], [7, 3]);
    const always = scripted(deadlock);
    const error = await batonErrorOf(always.driver.apply([acquire("a")]));
    assert(error instanceof ConnectionError && error.retryable, `${error}`);
    assert.match(error.message, /nothing was written/);
    assert.equal(always.sent(), 31);
  }
});

/** Lets so many requests through, and then throws. */
function atMost(requests: number): { error: Error; told(): number; beforeRequest(): void } {
  const error = new Error("no more requests");
  let told = 0;
  return {
    error,
    told: () => told,
    beforeRequest() {
      if (++told > requests) throw error;
    },
  };
}

Deno.test("a request that may not be sent is not: the error comes as it is, or as unknown after a write", async () => {
  const deadlock = errors(1213)[0]!;
  const cases = [
    { what: "the first", answers: [{ insertId: "7" }], ops: [acquire("a")], sent: 0, wrote: false },
    {
      what: "what follows a look",
      answers: [{ rows: [] }, { insertId: "7" }],
      ops: [{ op: "inspect", resource: "x" }, acquire("a")],
      sent: 1,
      wrote: false,
    },
    {
      what: "after a deadlock, which undid the statement",
      answers: [deadlock, { insertId: "7" }],
      ops: [acquire("a")],
      sent: 1,
      wrote: false,
    },
    {
      what: "the look after a write that did nothing",
      answers: [{ insertId: "0" }, { rows: [] }],
      ops: [acquire("a")],
      sent: 1,
      wrote: false,
    },
    {
      what: "the look after a write that did a part",
      answers: [{ rowsAffected: 1 }, { rows: [] }],
      ops: [renew("1"), renew("2")],
      sent: 1,
      wrote: true,
    },
    {
      what: "the second of a batch",
      answers: [{ insertId: "7" }],
      ops: [acquire("a"), acquire("b", { seat: "b" })],
      sent: 1,
      wrote: true,
    },
  ] as const;
  for (const { what, answers, ops, sent, wrote } of cases) {
    const { driver, sent: count } = scripted(...answers);
    const limit = atMost(sent);
    const told = await driver.apply(ops, limit).catch((error: unknown) => error);
    assert.deepEqual([count(), limit.told()], [sent, sent + 1], what);
    if (wrote) assert(told instanceof UnknownOutcome && told.cause === limit.error, what);
    else assert.equal(told, limit.error, what);
  }
});

Deno.test("no statement is ever sent twice byte for byte, replays after a deadlock and migrations included", async () => {
  const deadlock = errors(1213)[0]!;
  const answers: (MysqlAnswer | Error)[] = [deadlock, deadlock, { insertId: "64" }, { rows: [] }];
  const sent: string[] = [];
  const query: MysqlQuery = (sql) => {
    sent.push(sql);
    const answer = /^select @@/.test(sql)
      ? { rows: [{ level: "REPEATABLE-READ" }] }
      : answers.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? {});
  };
  for (let twice = 0; twice < 2; twice++) {
    // Two drivers of one process are apart, too.
    const driver = mysql(query);
    await driver.apply([acquire("a")]);
    answers.push({ insertId: "64" }, { rows: [] });
    await driver.apply([acquire("a")]);
    await migrate(query);
    answers.push({ insertId: "64" }, { rows: [] });
  }
  assert.equal(sent.length, 4 + 2 + 4 + 2 + 2 + 4);
  assert.equal(new Set(sent).size, sent.length);
  // What a server makes of them is the same: the nonce is a comment.
  const bare = sent.map((sql) => sql.replace(/ \/\* [\w-]+ \*\/$/, ""));
  assert.equal(new Set(bare).size, 6, sent.join("\n"));
});

Deno.test("an error after a part of the batch was written is unknown, whatever it is", async () => {
  for (const error of [1045, 1146, 1205, 1290].flatMap(errors)) {
    const { driver } = scripted({ rowsAffected: 1 }, error);
    const told = await batonErrorOf(driver.apply([renew("1"), acquire("b")]));
    assert(told instanceof UnknownOutcome, `${told}`);
    assert.match(told.message, /part of the batch was written/);
    assert.doesNotMatch(Deno.inspect(told), /canary/);
  }
});

Deno.test("a look's answer of any other form is an unknown outcome", async () => {
  const good = { n: "0", seat: "61", id: "62", token: "7", value: "", time_left: "5" };
  const inspect: Op = { op: "inspect", resource: "x", seat: "a" };
  const [outcome] = await scripted({ rows: [good] }).driver.apply([inspect]);
  assert.deepEqual(outcome?.leases, [{ seat: "a", id: "b", token: 7, value: "", left: 5 }]);
  const odd: Record<string, unknown>[] = [
    ...["9007199254740993", "x", "7.5", null, undefined].map((token) => ({ ...good, token })),
    ...["6", "6g", "ff", 61, null, undefined].map((seat) => ({ ...good, seat })),
    ...["1", "-1", "x", undefined].map((n) => ({ ...good, n })),
    ...["x", undefined].map((time_left) => ({ ...good, time_left })),
  ];
  for (const rows of [undefined, null, [null], ...odd.map((row) => [row])]) {
    const told = await batonErrorOf(scripted({ rows } as MysqlAnswer).driver.apply([inspect]));
    assert(told instanceof UnknownOutcome, `${Deno.inspect(rows)} ${told}`);
  }
});

for (const kind of KINDS) {
  for (const foundRows of [true, false]) {
    Deno.test(`${kind}, ${foundRows ? "matched" : "changed"} rows counted: every operation answers right, in the requests that it should`, () =>
      onWire(kind, { foundRows }, async (costs) => {
        const seat = acquire("id-0", { resource: "many", seat: "0" });
        const [granted] = await costs(1, [seat]);
        const [again] = await costs(2, [seat]);
        const [refused] = await costs(2, [{ ...seat, id: "other" }]);
        assert.deepEqual([granted?.ok, again?.ok, refused?.ok], [true, true, false]);
        assert.equal(again?.leases[0]?.token, granted?.leases[0]?.token);
        assert.equal(refused?.leases[0]?.id, "id-0");
        for (let twice = 0; twice < 2; twice++) {
          assert.deepEqual(oks(await costs(1, [renew("0")])), [true]);
        }
        assert.deepEqual(oks(await costs(1, [release("0")])), [true]);
        assert.deepEqual(await costs(2, [release("0")]), [{ ok: false, leases: [] }]);
        assert.deepEqual(oks(await costs(2, [renew("0")])), [false]);

        assert.deepEqual(oks(await costs(10, fill())), SEATS.map(() => true));
        assert.deepEqual(oks(await costs(1, SEATS.map((n) => renew(n)))), SEATS.map(() => true));
        await costs(2, [release("3"), release("7")]);
        const lost = SEATS.map((n) => n !== "3" && n !== "7");
        assert.deepEqual(oks(await costs(2, SEATS.map((n) => renew(n)))), lost);
        const places = ["0", "3", "9"].map((n): Op => ({
          op: "inspect",
          resource: "many",
          seat: n,
        }));
        const looked = await costs(1, places);
        assert.deepEqual(looked.map(({ leases }) => leases.length), [1, 0, 1]);
        assert.deepEqual(oks(await costs(8 + 2 * 2, SEATS.map(release))), lost);

        // A lease without end is left unchanged by its renewal.
        await costs(10, fill(Infinity));
        for (let twice = 0; twice < 2; twice++) {
          const forever = await costs(foundRows ? 1 : 2, SEATS.map((n) => renew(n, Infinity)));
          assert.deepEqual(oks(forever), SEATS.map(() => true));
        }

        const group = { resource: "groups", seat: "g" };
        const joined = await costs(2, [
          acquire("g", group),
          acquire("m", { resource: "group:g", seat: "m", guard: { when: "held", ...group } }),
        ]);
        assert.deepEqual(oks(joined), [true, true]);
        const vacant = { when: "vacant", resource: "group:g" } as const;
        const [kept] = await costs(2, [{ op: "release", ...group, id: "g", guard: vacant }]);
        assert.deepEqual([kept?.ok, kept?.leases[0]?.seat], [false, "m"]);
      }));
  }

  Deno.test(`${kind}: no lease lives longer than the time that a look says is left`, async () => {
    const server = await startMysql(kind);
    try {
      const connection = await server.client();
      const query = queryThrough(connection);
      await migrate(query);
      const driver = mysql(query);
      const left = async (now: number): Promise<number | undefined> => {
        await connection.query(`set timestamp = ${now}`);
        const [found] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
        return found?.leases[0]?.left;
      };
      await connection.query("set timestamp = 1700000000");
      await driver.apply([acquire("a", { ttl: 1_000 })]);
      assert.equal(await left(1_700_000_000.0005), 1_000);
      assert.equal(await left(1_700_000_000.9995), 1);
      assert.equal(await left(1_700_000_001), undefined);
    } finally {
      await server.stop();
    }
  });

  Deno.test(`${kind}: mysql2 is one line`, async () => {
    const server = await startMysql(kind);
    try {
      const connection = await server.client();
      const query = queryThrough(connection);
      await migrate(query);
      const driver = mysql(query, Object.freeze({ name: "mine" }));
      const value = "\uFEFF'\\ 👩‍🚀";
      const [granted] = await driver.apply([acquire("a", { value })]);
      assert.equal(granted?.ok, true);
      const [, [refused]] = [await driver.apply(fill()), await driver.apply([acquire("b")])];
      assert.deepEqual([refused?.ok, refused?.leases[0]?.value], [false, value]);
      assert.equal(refused?.leases[0]?.token, granted?.leases[0]?.token);
      assert.throws(() => mysql(query, { table: "a;drop table x" }), InvalidArgument);
    } finally {
      await server.stop();
    }
  });
}
