/**
 * The databases that speak SQL, each met in two ways: over a connection of its own, which is quick
 * enough for thousands of rounds, and through the front end of its vendor, with faults.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import { migrate as migrateMysql, type MysqlQuery, sweep } from "../../drivers/mysql/schema.ts";
import { neon } from "../../drivers/postgres/neon.ts";
import { planetscale } from "../../drivers/mysql/planetscale.ts";
import { postgres, type PostgresQuery } from "../../drivers/postgres/postgres.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import type { Faults } from "../servers/faults.ts";
import { answerOf } from "../servers/mysql_query.ts";
import { type MysqlKind, startMysql } from "../servers/mysql.ts";
import { pointNeonAt, startNeon } from "../servers/neon.ts";
import { startPlanetscale } from "../servers/planetscale.ts";
import { startPostgres } from "../servers/postgres.ts";

/** A row as it lies in the table; tokens as text, for not every client reads such numbers. */
export interface Row {
  readonly resource: string;
  readonly seat: string;
  readonly id: string;
  readonly token: string;
}

/** A running database with Baton's table, and the vendor's front end over it. */
export interface SqlPlace {
  /** How often which error that ends a deadlock or a wait was seen, by number or SQLSTATE. */
  readonly told: Map<string, number>;
  readonly faults: Faults;
  /** A driver over a connection of its own. */
  direct(): Promise<Driver>;
  /** A driver through the vendor's front end. */
  front(): Driver;
  /** What lies in the table, dead or alive. */
  rows(): Promise<readonly Row[]>;
  /** On a connection of its own: makes a dead row one that has been dead for hours. */
  aging(): Promise<(resource: string, seat: string) => Promise<void>>;
  /** On a connection of its own: deletes such rows, and tells how many there are fewer. */
  sweeping(): Promise<() => Promise<number>>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** The table. */
export const SQL_DATABASES: readonly { name: string; start(): Promise<SqlPlace> }[] = [
  { name: "PostgreSQL", start: startOnPostgres },
  { name: "MySQL", start: () => startOnMysql("mysql") },
  { name: "MariaDB", start: () => startOnMysql("mariadb") },
];

/** Deadlocks and waits that lasted too long. */
const NOTED = ["40P01", "55P03", "1213", "1205", "1020"];

/** Notes what ends a deadlock, and hands it on. */
function note(told: Map<string, number>): (error: unknown) => never {
  return (error) => {
    const { code, errno } = Object(error) as Record<string, unknown>;
    const number = String(errno ?? code);
    if (NOTED.includes(number)) told.set(number, (told.get(number) ?? 0) + 1);
    throw error;
  };
}

async function startOnPostgres(): Promise<SqlPlace> {
  const server = await startPostgres();
  const front = await startNeon(server);
  pointNeonAt();
  const told = new Map<string, number>();
  const send = async (): Promise<PostgresQuery> => {
    const client = await server.client();
    return async (text, params) => (await client.query(text, [...params]).catch(note(told))).rows;
  };
  await migratePostgres(await send());
  const clock = "extract(epoch from clock_timestamp()) * 1000";
  return {
    told,
    faults: front.faults,
    direct: async () => postgres(await send()),
    front: () => neon({ url: front.connectionString }),
    rows: async () =>
      await server.query("select resource, seat, id, token::text from baton.leases") as never,
    async aging() {
      const query = await send();
      return async (resource, seat) => {
        await query(
          `update baton.leases set expires = expires - interval '3 hours', token = token - 10800000
where resource = $1 and seat = $2 and expires <= clock_timestamp()
and token < ${clock} - 1 and token > ${clock} - 3600000`,
          [resource, seat],
        );
      };
    },
    async sweeping() {
      const query = await send();
      const count = async () =>
        Number((await query("select count(*) as rows from baton.leases", []))[0]?.["rows"]);
      return async () => {
        const before = await count();
        await query("select baton.sweep_1()", []);
        return before - await count();
      };
    },
    kill: server.kill,
    restart: server.restart,
    pause: server.pause,
    resume: server.resume,
    async stop() {
      await front.stop();
      await server.stop();
    },
  };
}

async function startOnMysql(kind: MysqlKind): Promise<SqlPlace> {
  const server = await startMysql(kind);
  const front = await startPlanetscale(server);
  const told = new Map<string, number>();
  const send = async (): Promise<MysqlQuery> => {
    const client = await server.client();
    return async (sql) => answerOf(await client.query(sql).catch(note(told)));
  };
  await migrateMysql(await send());
  const clock = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000";
  return {
    told,
    faults: front.faults,
    direct: async () => mysql(await send()),
    front: () => planetscale({ url: front.databaseUrl }),
    rows: async () =>
      await server.query(
        `select convert(resource using utf8mb4) as resource, convert(seat using utf8mb4) as seat,
convert(id using utf8mb4) as id, cast(token as char) as token from baton_leases`,
      ) as never,
    async aging() {
      const client = await server.client();
      return async (resource, seat) => {
        await client.query(
          `update baton_leases set expires = expires - interval 3 hour, token = token - 10800000
where resource = ? and seat = ? and expires <= utc_timestamp(6)
and token < ${clock} - 1 and token > ${clock} - 3600000`,
          [resource, seat],
        );
      };
    },
    async sweeping() {
      const query = await send();
      return () => sweep(query);
    },
    kill: server.kill,
    restart: server.restart,
    pause: server.pause,
    resume: server.resume,
    async stop() {
      await front.stop();
      await server.stop();
    },
  };
}
