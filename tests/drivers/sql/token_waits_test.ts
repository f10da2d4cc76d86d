/**
 * The token of a grant that had to wait for its seat's row is above whatever came before it, also what
 * came while it waited.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver } from "../../../drivers/driver.ts";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import { migrate as migrateMysql } from "../../../drivers/mysql/schema.ts";
import { postgres } from "../../../drivers/postgres/postgres.ts";
import { migrate as migratePostgres } from "../../../drivers/postgres/schema.ts";
import { startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { until } from "../../servers/process.ts";

/** A server with Baton's table. */
interface Place {
  readonly driver: Driver;
  /** Runs SQL on a connection that the driver does not use. */
  other(sql: string): Promise<unknown>;
  /** Whether anybody waits for a row. */
  waits(): Promise<boolean>;
  readonly table: string;
  stop(): Promise<void>;
}

async function onPostgres(): Promise<Place> {
  const server = await startPostgres();
  await migratePostgres((text) => server.query(text));
  const [one, two] = [await server.client(), await server.client()];
  return {
    driver: postgres(async (text, params) => (await one.query(text, [...params])).rows),
    other: (sql) => two.query(sql),
    waits: async () => (await server.query("select 1 from pg_locks where not granted")).length > 0,
    table: "baton.leases",
    stop: () => server.stop(),
  };
}

async function onMysql(kind: "mysql" | "mariadb"): Promise<Place> {
  const server = await startMysql(kind);
  const [one, two, watching] = [
    await server.client(),
    await server.client(),
    await server.client(),
  ];
  await migrateMysql(queryThrough(one));
  return {
    driver: mysql(queryThrough(one)),
    other: (sql) => two.query(sql),
    waits: async () => {
      const [rows] = await watching.query(
        "select 1 from information_schema.innodb_trx where trx_state = 'LOCK WAIT'",
      );
      return (rows as unknown[]).length > 0;
    },
    table: "baton_leases",
    stop: () => server.stop(),
  };
}

const SEAT = { resource: "lock:x", seat: "" };
const acquire = (id: string): Acquire => ({ op: "acquire", ...SEAT, id, ttl: 60_000, value: "" });
/** Further than any clock is ahead. */
const AHEAD = 1_000_000_000;

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  PostgreSQL: onPostgres,
  MySQL: () => onMysql("mysql"),
  MariaDB: () => onMysql("mariadb"),
};

for (const [name, start] of Object.entries(PLACES)) {
  Deno.test(`${name}: a grant that waited for its row has a token above what was granted meanwhile`, async () => {
    const place = await start();
    try {
      const { driver, table } = place;
      const first = await driver.apply([acquire("a"), { op: "release", ...SEAT, id: "a" }]);
      const before = Number(first[0]?.leases[0]?.token);
      // Others have had the seat meanwhile, and far more often than once a millisecond.
      await place.other("begin");
      await place.other(
        `update ${table} set token = token + ${AHEAD} where resource = 'lock:x' and seat = ''`,
      );
      const answer = driver.apply([acquire("b")]);
      await until("it waits", () => place.waits());
      await place.other("commit");
      const [granted] = await answer;
      const token = Number(granted?.leases[0]?.token);
      assert.equal(granted?.ok, true);
      assert(token > before + AHEAD, `${token} after ${before + AHEAD}`);
      // The answer is what lies in the table.
      const [seen] = await driver.apply([{ op: "inspect", ...SEAT }]);
      assert.equal(seen?.leases[0]?.token, token);
    } finally {
      await place.stop();
    }
  });
}
