/**
 * A database and its vendor's front end in a process of their own, so that the server's work does not
 * share the event loop with the clients that are measured. A line on standard input is answered by
 * the number of HTTP requests since the line before. It ends when standard input closes, so a bench
 * that was killed leaves nothing behind.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { type MysqlKind, startMysql } from "../servers/mysql.ts";
import { startNeon } from "../servers/neon.ts";
import { startPlanetscale } from "../servers/planetscale.ts";
import { startPostgres } from "../servers/postgres.ts";
import type { SqlHello, SqlKind } from "./sql_ways.ts";

interface Running {
  readonly hello: SqlHello;
  readonly front: { readonly requests: number; stop(): Promise<void> };
  readonly server: { stop(): Promise<void> };
}

async function startNeonOverPostgres(): Promise<Running> {
  const server = await startPostgres();
  const front = await startNeon(server);
  const hello = { url: front.connectionString, direct: { ...server.login, port: server.port } };
  return { hello, front, server };
}

async function startPlanetscaleOver(kind: MysqlKind): Promise<Running> {
  const server = await startMysql(kind);
  const front = await startPlanetscale(server);
  const { port, user, password, database } = server;
  return {
    hello: { url: front.databaseUrl, direct: { port, user, password, database } },
    front,
    server,
  };
}

const kind = process.argv[2] as SqlKind;
const { hello, front, server } = kind === "postgres"
  ? await startNeonOverPostgres()
  : await startPlanetscaleOver(kind);
try {
  process.stdout.write(`${JSON.stringify(hello)}\n`);
  let seen = front.requests;
  for await (const _ of createInterface({ input: process.stdin })) {
    process.stdout.write(`${front.requests - seen}\n`);
    seen = front.requests;
  }
  await front.stop();
} finally {
  await server.stop();
}
process.exit(0);
