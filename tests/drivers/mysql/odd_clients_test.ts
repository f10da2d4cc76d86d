/**
 * The application's own client with the application's own options, and servers that contradict themselves:
 * each ends, and says what is wrong.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createPool } from "mysql2/promise";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Op } from "../../../drivers/driver.ts";
import { mysql, type MysqlAnswer, type MysqlQuery } from "../../../drivers/mysql/mysql.ts";
import { planetscaleClient } from "../../../drivers/mysql/planetscale.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

const SEAT = { resource: "lock:x", seat: "" } as const;
const FORMS = {
  rowsAsArray: [{ rowsAsArray: true }, /rows as arrays; leave out rowsAsArray/],
  nestTables: [{ nestTables: true }, /rows within rows; leave out nestTables/],
  typeCast: [{ typeCast: false }, /bytes for texts; leave out typeCast/],
} as const;

Deno.test("a mysql2 pool with options that change answers is named by its option, whatever is asked", async (t) => {
  const server = await startMysql("mysql");
  try {
    await migrate(queryThrough(await server.client()));
    const { port, user, password, database } = server;
    for (const [name, [options, says]] of Object.entries(FORMS)) {
      await t.step(name, async () => {
        const pool = createPool({ host: "127.0.0.1", port, user, password, database, ...options });
        const driver = mysql(queryThrough(pool));
        try {
          const [granted] = await driver.apply([acquire("a")]);
          assert.equal(granted?.ok, true);
          const reads: Op[] = [
            { op: "inspect", ...SEAT },
            { op: "list", prefix: "", limit: 10 },
            // These write nothing, and ask why.
            acquire("b"),
            { op: "release", ...SEAT, id: "b" },
          ];
          for (const op of reads) {
            const error = await batonErrorOf(driver.apply([op]));
            assert(error instanceof InvalidArgument, `${op.op} ${error.stack}`);
            assert.match(error.message, says);
          }
          // Here something is written before the answer that nobody can read.
          const error = await batonErrorOf(
            driver.apply([acquire("c", { seat: "2" }), acquire("b")]),
          );
          assert(error instanceof UnknownOutcome, `${error}`);
          assert.match(error.message, says);
          await driver.apply([{ op: "release", resource: "lock:x", seat: "2" }]);
          await driver.apply([{ op: "release", ...SEAT, id: "a" }]);
        } finally {
          await pool.end();
        }
      });
    }
  } finally {
    await server.stop();
  }
});

Deno.test("a query that is no function, and a client without execute, are refused when the driver is made", () => {
  for (const query of [undefined, null, {}, "select", createPool]) {
    if (typeof query === "function") continue;
    assert.throws(() => mysql(query as never), (error) => {
      return error instanceof InvalidArgument &&
        /query.*not a function that sends; docs/.test(error.message);
    });
    assert.throws(() => planetscaleClient(query as never), InvalidArgument);
  }
});

Deno.test("a query function that gives no count of rows says so: what it wrote is unknown", async () => {
  const seat = { ...SEAT, id: "a" };
  const ops: Op[] = [{ op: "renew", ...seat, ttl: 1_000 }, { op: "release", ...seat }];
  for (const answer of [undefined, {}, { rowsAffected: "many" }, { rowsAffected: null }]) {
    for (const op of ops) {
      const error = await batonErrorOf(mysql(() => Promise.resolve(answer as never)).apply([op]));
      assert(
        error instanceof UnknownOutcome && !error.retryable,
        `${Deno.inspect(answer)} ${error}`,
      );
      assert.match(error.message, /the query function gives no rowsAffected$/);
    }
  }
});

/** Refuses every write, and shows nothing in its way: a proxy that sends looks to a replica. */
function splitting(sent: string[], aborter?: AbortController, after = Infinity): MysqlQuery {
  return (sql): Promise<MysqlAnswer> => {
    if (sent.push(sql) >= after) aborter?.abort(new Error("the caller has gone"));
    return Promise.resolve(/^\(select/.test(sql) ? { rows: [] } : { insertId: 0, rowsAffected: 0 });
  };
}

const CLAIMS: Op[] = [
  acquire("a"),
  acquire("a", { guard: { when: "vacant", resource: "y" } }),
  { op: "release", ...SEAT, guard: { when: "vacant", resource: "y" } },
];

Deno.test("where looks and writes contradict each other, an operation ends with a definite error", async () => {
  for (const op of CLAIMS.slice(0, 2)) {
    const sent: string[] = [];
    const error = await batonErrorOf(mysql(splitting(sent)).apply([op]));
    assert(error instanceof ConnectionError && error.retryable, `${error.stack}`);
    assert.match(
      error.message,
      /refused 30 times to acquire .*nothing was written; send every statement to the primary/,
    );
    assert.equal(sent.length, 60);
  }
});

Deno.test("a batch that is given up sends nothing more, between operations and within one", async () => {
  for (const after of [1, 2, 3, 7]) {
    for (const op of CLAIMS.slice(0, 2)) {
      const [sent, aborter]: [string[], AbortController] = [[], new AbortController()];
      const call = mysql(splitting(sent, aborter, after)).apply([op], { signal: aborter.signal });
      await assert.rejects(call, { message: "the caller has gone" });
      assert.equal(sent.length, after);
    }
  }
  const [sent, aborter]: [string[], AbortController] = [[], new AbortController()];
  const query: MysqlQuery = (sql) => {
    if (sent.push(sql) === 3) aborter.abort();
    return Promise.resolve({ insertId: 65, rowsAffected: 1 });
  };
  const ops = Array.from({ length: 20 }, (_, n): Op => ({ op: "release", ...SEAT, id: `${n}` }));
  const error = await batonErrorOf(mysql(query).apply(ops, { signal: aborter.signal }));
  assert(error instanceof UnknownOutcome, `${error}`);
  assert.equal(sent.length, 3);
});

Deno.test("a lease without end that is renewed with a value just before its own late acquisition lands is not said to have it", async () => {
  const lease = { n: "0", seat: "", id: "61", token: "7", time_left: null };
  const renewal: Op = { op: "renew", ...SEAT, id: "a", ttl: Infinity, value: "new" };
  const answering = (value: string): MysqlQuery => (sql) =>
    Promise.resolve(
      sql.startsWith("update") ? { rowsAffected: 0 } : { rows: [{ ...lease, value }] },
    );
  const error = await batonErrorOf(mysql(answering("6f6c64")).apply([renewal]));
  assert(error instanceof UnknownOutcome && error.retryable, `${error}`);
  // Where it has the value already, a server that counts changes counts none.
  const [outcome] = await mysql(answering("6e6577")).apply([renewal]);
  assert.equal(outcome?.ok, true);
});
