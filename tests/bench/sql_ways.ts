/**
 * The ways to a SQL database: the vendor's client over HTTP, and a pool of sockets. Each has a driver
 * of ours, and sends any other statement just as barely.
 */
import { neon as neonConnect } from "@neondatabase/serverless";
import { Client as PlanetscaleClient } from "@planetscale/database";
import mysql2, { type RowDataPacket } from "mysql2/promise";
// @ts-types="@types/pg"
import pg from "pg";
import type { Driver } from "../../drivers/driver.ts";
import { mysql, type MysqlQuery } from "../../drivers/mysql/mysql.ts";
import { neon, neonQuery } from "../../drivers/postgres/neon.ts";
import { planetscale, planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { postgres, type PostgresQuery } from "../../drivers/postgres/postgres.ts";
import type { Login } from "../backends/table.ts";
import { pointNeonAt } from "../servers/neon.ts";
import { type Child, startChild } from "./child.ts";
import { queryThrough } from "../servers/mysql_query.ts";

/** The backends, by their keys. */
export type SqlKind = "neon" | "mysql" | "mariadb";

/** What the child says: the front end's address, as `getCoordinator()` takes it, and the server's own. */
export interface SqlHello {
  readonly url: string;
  readonly direct: Login;
}

/** One statement as it leaves a driver. */
export interface Sent {
  readonly sql: string;
  readonly values: readonly string[];
}

/** A way to the database. */
export interface Way {
  readonly name: string;
  readonly kind: SqlKind;
  /** Ours, as its users make it. */
  driver(): Driver;
  /** Ours, telling of each statement it sends. */
  recorded(record: (sent: Sent) => void): Driver;
  /** The client itself. One at a time may have a signal. */
  send(sent: Sent, signal?: AbortSignal): Promise<unknown>;
}

/** A running server with its front end. */
export interface SqlBackend extends AsyncDisposable {
  readonly kind: SqlKind;
  /** Through the vendor's client. */
  readonly vendor: Way;
  /** Through a pool of sockets. */
  readonly sockets: Way;
  /** One more connection, for whoever keeps a session. */
  session(): Promise<Session>;
  /** HTTP requests since it was last asked. */
  readonly requests: () => Promise<number>;
}

/** A connection that is held. */
export interface Session {
  /** The first column of the first row. */
  ask(sql: string): Promise<unknown>;
}

/** As many sockets as the throughput has clients. */
const SOCKETS = 16;

/** How anybody sends the same, with a time limit, as one must who does not want to hang. */
export async function limited<T>(send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), 5_000);
  try {
    return await send(limit.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Starts it, with Baton's schema; it ends with the bench. */
export async function startSql(kind: SqlKind): Promise<SqlBackend> {
  const child = await startChild<SqlHello>("sql_server.ts", [kind]);
  return kind === "neon" ? postgresOf(child) : mysqlOf(child, kind);
}

function postgresOf(child: Child<SqlHello>): SqlBackend {
  const { direct } = child.hello;
  const url = child.hello.url.replace(/^neon:/, "postgresql:");
  pointNeonAt();
  const kind = "neon";
  const client = neonConnect(url);
  const pool = new pg.Pool({ ...direct, host: "127.0.0.1", max: SOCKETS });
  const sessions: pg.PoolClient[] = [];
  const held = new pg.Pool({ ...direct, host: "127.0.0.1", max: SOCKETS });
  // One that takes leave may hear of the server's end before its own is through.
  for (const each of [pool, held]) each.on("connect", (client) => client.on("error", () => {}));
  const pooled: PostgresQuery = async (text, params) => (await pool.query(text, [...params])).rows;
  const record = (query: PostgresQuery, tell: (sent: Sent) => void): Driver =>
    postgres((sql, values, signal) => {
      tell({ sql, values });
      return query(sql, values, signal);
    });
  return {
    kind,
    vendor: {
      kind,
      name: "Neon's client, PostgreSQL",
      driver: () => neon({ url }),
      recorded: (tell) => record(neonQuery(url), tell),
      // As in `drivers/neon.ts`, less what it does to errors.
      send: ({ sql, values }, signal) =>
        client.query(sql, [...values], { fetchOptions: signal ? { signal } : {} }),
    },
    sockets: {
      kind,
      name: "pg, PostgreSQL",
      driver: () => postgres(pooled),
      recorded: (tell) => record(pooled, tell),
      send: ({ sql, values }) => pool.query(sql, [...values]),
    },
    async session() {
      const session = await held.connect();
      sessions.push(session);
      return {
        async ask(sql) {
          const { rows: [row] } = await session.query<Record<string, unknown>>(sql);
          return Object.values(row ?? {})[0];
        },
      };
    },
    requests: () => child.ask("count"),
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.release();
      await Promise.all([pool.end(), held.end()]);
      await child[Symbol.asyncDispose]();
    },
  };
}

function mysqlOf(child: Child<SqlHello>, kind: SqlKind): SqlBackend {
  const { direct } = child.hello;
  const url = child.hello.url.replace(/^planetscale\+/, "");
  const server = kind === "mysql" ? "MySQL" : "MariaDB";
  let signal: AbortSignal | undefined;
  // One client, to which each call's signal is handed by the side: the least anybody can do.
  const client = new PlanetscaleClient({
    url,
    fetch: (to, init) => fetch(to, { ...init as RequestInit, ...(signal && { signal }) }),
  });
  const settings = { ...direct, host: "127.0.0.1", connectionLimit: SOCKETS };
  const pool = mysql2.createPool(settings);
  const held = mysql2.createPool(settings);
  const pooled = queryThrough(pool);
  const record = (query: MysqlQuery, tell: (sent: Sent) => void): Driver =>
    mysql((sql, signal) => {
      tell({ sql, values: [] });
      return query(sql, signal);
    });
  return {
    kind,
    vendor: {
      kind,
      name: `PlanetScale's client, ${server}`,
      driver: () => planetscale({ url }),
      recorded: (tell) => record(planetscaleQuery({ url }), tell),
      send: ({ sql, values }, limit) => {
        signal = limit;
        return client.execute(sql, [...values]);
      },
    },
    sockets: {
      kind,
      name: `mysql2, ${server}`,
      driver: () => mysql(pooled),
      recorded: (tell) => record(pooled, tell),
      send: ({ sql, values }) => pool.query(sql, [...values]),
    },
    async session() {
      const session = await held.getConnection();
      return {
        async ask(sql) {
          const [[row]] = await session.query<RowDataPacket[]>(sql);
          return Object.values(row ?? {})[0];
        },
      };
    },
    requests: () => child.ask("count"),
    async [Symbol.asyncDispose]() {
      await Promise.all([pool.end(), held.end()]);
      await child[Symbol.asyncDispose]();
    },
  };
}
