/**
 * After which errors of a server a pool uses the connection again. One that leads to a server that goes
 * down, or that has become read-only, would meet the same at the next request.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mysqlPool } from "../../drivers/mysql/mysql2.ts";
import { postgresPool } from "../../drivers/postgres/pg.ts";
import { aMysql, aPostgres } from "./places.ts";

/** A pool, as far as this is about it. */
interface Pool extends AsyncDisposable {
  /** The server's number for the connection that the next request has. */
  connection(): Promise<string>;
  /** A statement that fails with this error. */
  fail(code: string): Promise<unknown>;
}

/** Each error meets a connection that was used before. */
async function kept(pool: Pool, codes: readonly string[]): Promise<string[]> {
  const kept: string[] = [];
  for (const code of codes) {
    const before = await pool.connection();
    await assert.rejects(pool.fail(code), (error: Error) => {
      const { code: state, errno } = error as Error & { code?: unknown; errno?: unknown };
      return [`${state}`, `${errno}`].includes(code);
    });
    if (await pool.connection() === before) kept.push(code);
  }
  return kept;
}

Deno.test("mysql2: a connection to a server that goes down or is read-only is not used again", async () => {
  const place = await aMysql("mariadb");
  try {
    const pool = await mysqlPool({ url: place.url });
    await using mysql: Pool = {
      connection: async () =>
        JSON.stringify(await rowsOf(pool.query("select connection_id() as id", []))),
      fail: (code) => pool.query(`signal sqlstate '45000' set mysql_errno = ${code}`, []),
      [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
    };
    const fine = ["1062", "1064", "1146", "1205", "1213", "1644"];
    const gone = ["1053", "1152", "1290", "1792", "1836", "1927", "3169", "4031"];
    assert.deepEqual(await kept(mysql, [...fine, ...gone, ...fine]), [...fine, ...fine]);
  } finally {
    await place.stop();
  }
});

Deno.test("pg: a connection to a server that goes down or is read-only is not used again", async () => {
  const place = await aPostgres();
  try {
    const pool = await postgresPool({ url: place.url });
    await using postgres: Pool = {
      connection: async () => JSON.stringify(await pool.query("select pg_backend_pid() as id", [])),
      fail: (code) =>
        pool.query(`do $$ begin raise exception using errcode = '${code}'; end $$`, []),
      [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
    };
    const fine = ["23505", "42601", "42P01", "40001", "40P01", "57014", "P0001"];
    const gone = [
      ...["08000", "08006", "57P01", "57P02", "57P03", "57P04", "57P05"],
      ...["58000", "58030", "XX000", "XX001", "25006"],
    ];
    assert.deepEqual(await kept(postgres, [...fine, ...gone, ...fine]), [...fine, ...fine]);
  } finally {
    await place.stop();
  }
});

/** What mysql2 answers has the rows first. */
async function rowsOf(answer: Promise<unknown>): Promise<unknown> {
  const [rows] = await answer as [unknown];
  return rows;
}
