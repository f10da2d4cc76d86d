/**
 * Two holders at once in a real PostgreSQL: who waits for whom, and what is seen after the wait.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isStale } from "../../fencing/mod.ts";
import type { Client } from "../servers/pg_client.ts";
import { until } from "../servers/process.ts";
import { fence, onPostgres } from "./postgres_shop.ts";
import { errorOf } from "./writers.ts";

/** Two connections, and a wait until the second's statement waits for the first's commit. */
async function onTwo(
  test: (first: Client, second: Client, waiting: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await onPostgres(async (server) => {
    const waiting = () =>
      until("a statement waits", async () => {
        const rows = await server.query("select 1 from pg_locks where not granted");
        return rows.length > 0;
      });
    await test(await server.client(), await server.client(), waiting);
  });
}

const PAY = `update accounts set balance = balance - 10
where id = 'account:42' and (select baton.fence_1('account:42', $1))`;

Deno.test("PostgreSQL: the stale one waits for the newer one's commit and is refused, but passes if that rolls back", () =>
  onTwo(async (newer, stale, waiting) => {
    for (const [end, refused] of [["rollback", false], ["commit", true]] as const) {
      await newer.query("begin");
      await newer.query(PAY, [2]);
      const late = stale.query(PAY, [1]).then(() => false, isStale);
      await waiting();
      await newer.query(end);
      assert.equal(await late, refused, end);
    }
    const { rows } = await stale.query("select balance from accounts where id = 'account:42'");
    assert.equal(rows[0]?.["balance"], 80);
  }));

Deno.test("PostgreSQL: the newer one waits for an older one's commit, and writes on top of it", () =>
  onTwo(async (older, newer, waiting) => {
    await older.query("begin");
    await older.query(PAY, [1]);
    const write = newer.query(PAY, [2]);
    await waiting();
    await older.query("commit");
    await write;
    const { rows } = await newer.query("select balance from accounts where id = 'account:42'");
    assert.equal(rows[0]?.["balance"], 80);
    assert(isStale(await errorOf(older.query(PAY, [1]))));
  }));

const ONCE = `insert into charges select 7, 'newer'
where not exists (select 1 from charges where invoice = 7)`;

Deno.test("PostgreSQL: after the fence a transaction sees what it waited for; a single statement does not look again", () =>
  onTwo(async (older, newer, waiting) => {
    const charges = async () => Number((await newer.query("select 1 from charges")).rowCount);
    const race = async (write: () => Promise<unknown>): Promise<void> => {
      await newer.query("truncate charges, baton.fences");
      await older.query("begin");
      await fence(older, 1);
      await older.query("insert into charges values (7, 'older')");
      const done = write();
      await waiting();
      await older.query("commit");
      await done;
    };
    await race(async () => {
      await newer.query("begin");
      await fence(newer, 2);
      await newer.query(ONCE);
      await newer.query("commit");
    });
    assert.equal(await charges(), 1);
    // The limit that the docs tell of; a unique index, or the transaction, is what helps.
    await race(() => newer.query(`${ONCE} and (select baton.fence_1('account:42', $1))`, [2]));
    assert.equal(await charges(), 2);
  }));

Deno.test("PostgreSQL: a stricter transaction that waited fails with 40001 rather than go on with what it saw", () =>
  onTwo(async (older, newer, waiting) => {
    let token = 1;
    for (const level of ["repeatable read", "serializable"]) {
      for (const step of [0, 1]) { // The same holder's other connection, and a newer holder's.
        await older.query("begin");
        await fence(older, token);
        await newer.query(`begin isolation level ${level}`);
        const late = errorOf(fence(newer, token += step));
        await waiting();
        await older.query("commit");
        assert.equal((await late as { code?: string }).code, "40001", level);
        await newer.query("rollback");
      }
    }
  }));
