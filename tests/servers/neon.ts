/**
 * Neon's SQL over HTTP (`POST /sql`) in front of a real PostgreSQL, or of PGlite.
 *
 * Truthful to Neon's proxy: statuses, bodies and errors; one statement per query; a batch as one
 * transaction; connections that are kept and cleaned between requests; nothing ever sent twice. Other
 * than the proxy it takes 127.0.0.1 for a host, knows no JWT, does not cancel the query of a client
 * that leaves, does not try again to connect, and waits for the rollback of a failed batch.
 */
import { randomUUID } from "node:crypto";
import { neonConfig } from "@neondatabase/serverless";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";
import type { Backend } from "./neon_backend.ts";
import { poolOf } from "./neon_pool.ts";
import {
  echoOf,
  failureOf,
  json,
  type Payload,
  readLogin,
  readPayload,
  readTransaction,
  Writer,
} from "./neon_protocol.ts";
import type { Login } from "./pg_client.ts";
import type { PostgresServer } from "./postgres.ts";

export interface NeonOptions {
  readonly port?: number;
  /** The origin that the fault `"redirect"` sends clients to. */
  readonly redirectTo?: string;
}

export interface NeonServer {
  readonly url: string;
  /** Where queries go: what a client's `fetchEndpoint` must give. */
  readonly endpoint: string;
  /** As a user would paste it, but with this front end for the host. */
  readonly connectionString: string;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  /** Ends the front end; the PostgreSQL behind it keeps running. */
  stop(): Promise<void>;
}

export function startNeon(
  postgres: PostgresServer,
  options: NeonOptions = {},
): Promise<NeonServer> {
  return serveNeon(poolOf(postgres.port), postgres.login, options);
}

/** The front end of any backend, which ends with it. */
export async function serveNeon(
  backend: Backend,
  login: Login,
  options: NeonOptions = {},
): Promise<NeonServer> {
  const { port = 0, redirectTo } = options;
  const faults = new Faults(redirectTo === undefined ? {} : { redirectTo });
  const http = await serveHttp(frontEnd(backend), faults, port);
  const { user, password, database } = login;
  const { host } = new URL(http.url);

  return {
    url: http.url,
    endpoint: `${http.url}/sql`,
    connectionString: `postgresql://${user}:${password}@${host}/${database}`,
    faults,
    get requests() {
      return http.requests;
    },
    async stop() {
      // Together, because a request that PostgreSQL does not answer ends only with its connection.
      await Promise.all([http.stop(), backend.close()]);
    },
  };
}

const vendorsEndpoint = neonConfig.fetchEndpoint;

/**
 * The vendor's client finds front ends on 127.0.0.1 and localhost from now on. There is no such
 * setting for one client alone, so every other host stays with the vendor's own rule.
 */
export function pointNeonAt(protocol: "http" | "https" = "http"): void {
  neonConfig.fetchEndpoint = (host, port, options) => {
    if (host === "127.0.0.1" || host === "localhost") return `${protocol}://127.0.0.1:${port}/sql`;
    if (typeof vendorsEndpoint === "string") return vendorsEndpoint;
    return vendorsEndpoint(host, port, options);
  };
}

function frontEnd(backend: Backend): (request: HttpRequest) => Promise<HttpReply> {
  return async (request) => {
    const reply = await answer(backend, request);
    return { ...reply, headers: { ...reply.headers, "neon-request-id": randomUUID() } };
  };
}

async function answer(backend: Backend, request: HttpRequest): Promise<HttpReply> {
  const { method, headers, body } = request;
  if (request.url.split("?")[0] !== "/sql" || !["POST", "OPTIONS"].includes(method)) {
    return json(400, JSON.stringify("query is not supported"));
  }
  const anyOrigin = { "access-control-allow-origin": "*" };
  if (method === "OPTIONS") {
    const allowed = "Authorization, Neon-Connection-String, Neon-Raw-Text-Output, " +
      "Neon-Array-Mode, Neon-Pool-Opt-In, Neon-Batch-Read-Only, Neon-Batch-Isolation-Level";
    const preflight = { allow: "OPTIONS, POST", "access-control-allow-headers": allowed };
    return { status: 200, headers: { ...anyOrigin, ...preflight }, body: "" };
  }
  let login: Login | undefined;
  let reply: HttpReply;
  try {
    login = readLogin(headers);
    const begin = readTransaction(headers);
    const payload = readPayload(body);
    const text = await run(backend, login, begin, payload, new Writer(headers));
    reply = json(200, text, "batch" in payload ? echoOf(headers) : {});
  } catch (error) {
    reply = failureOf(error, login);
  }
  return { ...reply, headers: { ...reply.headers, ...anyOrigin } };
}

function run(
  backend: Backend,
  login: Login,
  begin: string,
  payload: Payload,
  writer: Writer,
): Promise<string> {
  return backend.session(login, async (session) => {
    if ("single" in payload) {
      const { text, params, arrayMode } = payload.single;
      return writer.write(await session.query(text, params), arrayMode);
    }
    await session.query(begin, []);
    try {
      const results: string[] = [];
      for (const { text, params, arrayMode } of payload.batch) {
        results.push(writer.write(await session.query(text, params), arrayMode));
      }
      await session.query("COMMIT", []);
      return `{"results":[${results.join(",")}]}`;
    } catch (error) {
      await session.query("ROLLBACK", []).catch(() => {}); // The first error is the one to tell.
      throw error;
    }
  });
}
