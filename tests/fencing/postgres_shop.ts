/** What the tests on PostgreSQL write to. */
import { fencePostgres, migratePostgresFences } from "../../fencing/mod.ts";
import type { Client } from "../servers/pg_client.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { RESOURCES } from "./writers.ts";

/** An account for each resource, and charges. */
export const SHOP = `
create table accounts (id text primary key, balance int not null default 100,
  history text[] not null default '{}');
create table charges (invoice int not null, payer text not null)`;

/** A server with fences and a shop, for the length of one test. */
export async function onPostgres(test: (server: PostgresServer) => Promise<void>): Promise<void> {
  const server = await startPostgres();
  try {
    await migratePostgresFences((text) => server.query(text));
    await server.query(SHOP);
    await server.query("insert into accounts select unnest($1::text[])", [RESOURCES]);
    await test(server);
  } finally {
    await server.stop();
  }
}

/** Fences as the first statement of a transaction. */
export function fence(client: Client, token: number, resource = "account:42"): Promise<void> {
  return fencePostgres((text, params) => client.query(text, params), { resource, token });
}
