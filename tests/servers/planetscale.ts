/**
 * PlanetScale's HTTP API over a real MySQL or MariaDB. What Vitess would do in between is done only as
 * far as a client can see it: it refuses statements, words errors in its own way, and keeps sessions.
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";
import type { MysqlServer } from "./mysql.ts";
import { BackendError, Backends, type Outcome } from "./planetscale_backends.ts";
import { gatewayError, tabletError } from "./planetscale_errors.ts";
import {
  afterwards,
  Refused,
  resultOf,
  Sessions,
  type VitessSession,
} from "./planetscale_protocol.ts";
import { refusal, transactionStep, withLastInsertId } from "./planetscale_sql.ts";

export interface PlanetscaleOptions {
  readonly port?: number;
  /** The origin that the fault `"redirect"` sends clients to. */
  readonly redirectTo?: string;
  /** Whether rows count as affected that an UPDATE found and left as they were: there they do. */
  readonly foundRows?: boolean;
  /**
   * Give errors the code of their kind (`ALREADY_EXISTS`, `ABORTED`, …). The live service has been
   * seen to say `UNKNOWN` of a duplicate key, with the kind only in the text, so that is the default.
   */
  readonly errorCodes?: boolean;
  /** By default one like the service's, which has no character that a URL takes only encoded. */
  readonly password?: string;
}

export interface PlanetscaleServer {
  readonly url: string;
  /** With user and password in it, percent-encoded. */
  readonly databaseUrl: string;
  readonly username: string;
  readonly password: string;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  /** Ends the front end; the server behind it keeps running. */
  stop(): Promise<void>;
}

/** More rows than that the service does not give. */
const MOST_ROWS = 100_000;

export async function startPlanetscale(
  mysql: MysqlServer,
  options: PlanetscaleOptions = {},
): Promise<PlanetscaleServer> {
  const { port = 0, redirectTo, foundRows = true } = options;
  const username = randomBytes(10).toString("hex");
  const { password = `pscale_pw_${randomBytes(24).toString("hex")}` } = options;
  const faults = new Faults(redirectTo === undefined ? {} : { redirectTo });
  const backends = new Backends(mysql, foundRows);
  const gateway = new Gateway(mysql, backends, username, options);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const http = await serveHttp((request) => handle(request, authorization, gateway), faults, port);
  const account = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;

  return {
    url: http.url,
    databaseUrl: http.url.replace("://", `://${account}@`),
    username,
    password,
    faults,
    get requests() {
      return http.requests;
    },
    async stop() {
      // Together, because a request that the server does not answer ends only with its connection.
      await Promise.all([http.stop(), backends.close()]);
    },
  };
}

async function handle(
  { method, url, headers, body }: HttpRequest,
  authorization: string,
  gateway: Gateway,
): Promise<HttpReply> {
  try {
    if (headers.authorization !== authorization) {
      throw new Refused(401, "unauthenticated", "invalid auth credentials");
    }
    const call = /^\/psdb\.v1alpha1\.Database\/(\w+)$/.exec(url)?.[1];
    if (call !== "Execute" && call !== "CreateSession") {
      throw new Refused(404, "unimplemented", "not found");
    }
    if (method !== "POST") return { status: 405, headers: { allow: "POST" }, body: "" };
    return json(200, call === "Execute" ? await gateway.execute(body) : gateway.createSession());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return json(error.status, { error: { code: error.code, message: error.message } });
  }
}

function json(status: number, value: unknown): HttpReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

class Gateway {
  readonly #mysql: MysqlServer;
  readonly #backends: Backends;
  readonly #callerId: string;
  readonly #options: PlanetscaleOptions;
  readonly #sessions: Sessions;

  constructor(
    mysql: MysqlServer,
    backends: Backends,
    callerId: string,
    options: PlanetscaleOptions,
  ) {
    this.#mysql = mysql;
    this.#backends = backends;
    this.#callerId = callerId;
    this.#options = options;
    this.#sessions = new Sessions(options.foundRows ?? true);
  }

  createSession(): unknown {
    const session = this.#sessions.sign(this.#sessions.create());
    return { branch: "main", user: { username: this.#callerId }, session };
  }

  async execute(body: Uint8Array): Promise<unknown> {
    const { query, session: given } = this.#sessions.read(body);
    const session = given?.vitessSession ?? this.#sessions.create();
    const sign = (next: VitessSession) => this.#sessions.sign(next);
    const { errorCodes = false } = this.#options;
    const refused = refusal(query);
    if (refused !== undefined) return { session: sign(session), error: gatewayError(refused) };
    const start = performance.now();
    try {
      const [next, outcome] = await this.#run(query, session);
      const timing = (performance.now() - start) / 1_000;
      const result = outcome === undefined ? {} : resultOf(outcome);
      return { session: sign(next), result, timing };
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      const keyspace = this.#mysql.database;
      const told = { keyspace, callerId: this.#callerId, errorCodes };
      return { session: sign(session), error: tabletError(error, query, told) };
    }
  }

  async #run(
    query: string,
    session: VitessSession,
  ): Promise<[session: VitessSession, outcome?: Outcome]> {
    const { shardSessions, inTransaction: _, ...outside } = session;
    const open = shardSessions?.[0]?.transactionId;
    const step = transactionStep(query);
    if (step !== undefined && open !== undefined) {
      // To begin another one commits the first.
      await this.#backends.end(open, step === "begin" ? "commit" : step);
    }
    if (step === "begin") return [this.#within(outside, await this.#backends.begin())];
    if (step !== undefined) return [outside];
    const sql = withLastInsertId(query, session.lastInsertId ?? "0");
    const outcome =
      await (open === undefined ? this.#backends.run(sql) : this.#backends.runIn(open, sql));
    if ("rows" in outcome && outcome.rows.length > MOST_ROWS) {
      throw new BackendError(`Row count exceeded ${MOST_ROWS}`, 10_001, "HY000");
    }
    return [afterwards(session, outcome), outcome];
  }

  #within(session: VitessSession, transactionId: string): VitessSession {
    const target = { keyspace: this.#mysql.database, shard: "-", tabletType: "PRIMARY" };
    return { inTransaction: true, shardSessions: [{ target, transactionId }], ...session };
  }
}
