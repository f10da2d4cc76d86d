/** A MySQL or MariaDB, a PlanetScale front end over it, and the vendor's client, for one test. */
import { Client } from "@planetscale/database";
import { type MysqlKind, type MysqlServer, startMysql } from "./mysql.ts";
import {
  type PlanetscaleOptions,
  type PlanetscaleServer,
  startPlanetscale,
} from "./planetscale.ts";

export interface PlanetscaleFixture {
  /** Sees what really happened, past the front end. */
  readonly mysql: MysqlServer;
  readonly server: PlanetscaleServer;
  /** The vendor's client as it comes. */
  readonly client: Client;
}

export async function withPlanetscale(
  kind: MysqlKind,
  test: (fixture: PlanetscaleFixture) => Promise<void>,
  options: PlanetscaleOptions = {},
): Promise<void> {
  const mysql = await startMysql(kind);
  try {
    const server = await startPlanetscale(mysql, options);
    try {
      await test({ mysql, server, client: new Client({ url: server.databaseUrl }) });
    } finally {
      await server.stop();
    }
  } finally {
    await mysql.stop();
  }
}

export interface RawReply {
  readonly status: number;
  readonly text: string;
}

/** A plain request with the right credentials, unless `init` says otherwise. */
export async function raw(
  server: PlanetscaleServer,
  call: string,
  body: unknown,
  init: RequestInit = {},
): Promise<RawReply> {
  const authorization = `Basic ${btoa(`${server.username}:${server.password}`)}`;
  const response = await fetch(`${server.url}/psdb.v1alpha1.Database/${call}`, {
    method: "POST",
    body: JSON.stringify(body),
    ...init,
    headers: { authorization, "content-type": "application/json", ...init.headers },
  });
  return { status: response.status, text: await response.text() };
}
