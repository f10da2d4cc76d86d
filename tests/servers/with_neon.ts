/** A PostgreSQL, a Neon front end over it, and a client of each, for the length of one test. */
import { neon, type NeonQueryFunction } from "@neondatabase/serverless";
import { type NeonOptions, type NeonServer, pointNeonAt, startNeon } from "./neon.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";

export interface NeonFixture {
  /** Its `query` sees what really happened, past the front end. */
  readonly postgres: PostgresServer;
  readonly server: NeonServer;
  /** The vendor's client as it comes. */
  readonly sql: NeonQueryFunction<false, false>;
}

export async function withNeon(
  test: (fixture: NeonFixture) => Promise<void>,
  options: NeonOptions = {},
): Promise<void> {
  const postgres = await startPostgres();
  try {
    const server = await startNeon(postgres, options);
    try {
      await test({ postgres, server, sql: clientOf(server) });
    } finally {
      await server.stop();
    }
  } finally {
    await postgres.stop();
  }
}

/** The vendor's client of a front end. */
export function clientOf(server: NeonServer): NeonQueryFunction<false, false> {
  pointNeonAt();
  return neon(server.connectionString);
}

export interface RawReply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** A plain request with the right connection string and raw text, unless `headers` says otherwise. */
export async function post(
  server: NeonServer,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const response = await fetch(server.endpoint, {
    method: "POST",
    headers: {
      "neon-connection-string": server.connectionString,
      "neon-raw-text-output": "true",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
