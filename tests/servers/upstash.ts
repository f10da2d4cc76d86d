/**
 * Upstash's REST API over a real Redis. Where the two differ and Redis cannot tell: Upstash takes back
 * what a script wrote before it failed, and counts quota; here a failed script leaves its writes.
 */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { linkTo, type RedisCommand, type RedisLink } from "./at_most_once.ts";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";
import type { RedisServer } from "./redis.ts";
import { renamed } from "./renamed_keys.ts";
import {
  BadRequest,
  itemOf,
  type ItemReply,
  readCommand,
  readCommands,
  readPath,
  refusal,
  UNAUTHORIZED,
} from "./upstash_protocol.ts";

export interface UpstashOptions {
  readonly token?: string;
  readonly port?: number;
  /** The origin that the fault `"redirect"` sends clients to. */
  readonly redirectTo?: string;
  /** Put before every key on its way, as a tenant's proxy does. */
  readonly keyPrefix?: string;
}

export interface UpstashServer {
  readonly url: string;
  readonly token: string;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  /**
   * Calls by command, in lower case, since the last reset: EVAL and each command inside it count, as
   * they do on Upstash's bill. Whatever else talks to the same Redis is counted, too.
   */
  commandStats(): Promise<Record<string, number>>;
  resetCommandStats(): Promise<void>;
  /** Ends the front end; the Redis behind it keeps running. */
  stop(): Promise<void>;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT"]);

export async function startUpstash(
  redis: RedisServer,
  options: UpstashOptions = {},
): Promise<UpstashServer> {
  const { token = randomUUID(), port = 0, redirectTo, keyPrefix } = options;
  const faults = new Faults(redirectTo === undefined ? {} : { redirectTo });
  const link = () => renaming(linkTo(redis.port), keyPrefix);
  const [commands, transactions] = [link(), link()];
  const statistics = linkTo(redis.port);
  const http = await serveHttp(frontEnd(token, commands, transactions), faults, port);

  return {
    url: http.url,
    token,
    faults,
    get requests() {
      return http.requests;
    },
    commandStats: () => readCommandStats(statistics),
    async resetCommandStats() {
      const reply = await statistics.send(["CONFIG", "RESETSTAT"]);
      if (reply instanceof Error) throw reply;
    },
    async stop() {
      // Together, because a request that Redis does not answer ends only with its connection.
      await Promise.all(
        [http, commands, transactions, statistics].map((each) =>
          "stop" in each ? each.stop() : each.close()
        ),
      );
    },
  };
}

function frontEnd(
  token: string,
  commands: RedisLink,
  transactions: RedisLink,
): (request: HttpRequest) => Promise<HttpReply> {
  const origin = randomUUID();
  let executed = 0;
  // Opaque to clients; they send the last one back so that they read what they wrote.
  const syncToken = () => Buffer.from(`${origin}:${++executed}`).toString("base64");

  return async (request) => {
    const [path = "/", search = ""] = request.url.split("?", 2);
    const query = new URLSearchParams(search);
    if (!authorized(request, query, token)) return json(401, { error: UNAUTHORIZED });
    if (!METHODS.has(request.method)) return { status: 405, headers: {}, body: "" };
    const base64 = request.headers["upstash-encoding"] === "base64";
    try {
      const reply = await route(path, query, request.body, base64);
      return { ...reply, headers: { ...reply.headers, "upstash-sync-token": syncToken() } };
    } catch (error) {
      if (error instanceof BadRequest) return json(400, { error: error.message });
      const message = error instanceof Error ? error.message : String(error);
      return json(500, { error: `ERR Redis cannot be reached: ${message}` });
    }
  };

  async function route(
    path: string,
    query: URLSearchParams,
    body: Uint8Array,
    base64: boolean,
  ): Promise<HttpReply> {
    switch (path.replace(/\/$/, "")) {
      case "":
        return single(await run(commands, readCommand(body), base64));
      case "/pipeline": {
        const replies: ItemReply[] = [];
        // One after the other, each awaited: other clients' commands get in between, as they do there.
        for (const command of readCommands(body, "pipeline")) {
          replies.push(await run(commands, command, base64));
        }
        return json(200, replies);
      }
      case "/multi-exec":
        return await transaction(transactions, readCommands(body, "transaction"), base64);
      default:
        return single(await run(commands, readPath(path, query, body), base64));
    }
  }
}

function renaming(link: RedisLink, keyPrefix: string | undefined): RedisLink {
  if (keyPrefix === undefined) return link;
  return {
    send: (command) => link.send(renamed(keyPrefix, command)),
    transaction: (commands) => link.transaction(commands.map((each) => renamed(keyPrefix, each))),
    close: () => link.close(),
  };
}

function authorized(request: HttpRequest, query: URLSearchParams, token: string): boolean {
  const [scheme, bearer] = request.headers.authorization?.split(" ") ?? [];
  return scheme?.toLowerCase() === "bearer" ? bearer === token : query.get("_token") === token;
}

async function run(
  link: RedisLink,
  command: RedisCommand | undefined,
  base64: boolean,
): Promise<ItemReply> {
  if (command === undefined) return { error: "ERR empty pipeline command" };
  const refused = refusal(command);
  return refused === undefined ? itemOf(await link.send(command), base64) : { error: refused };
}

async function transaction(
  link: RedisLink,
  rows: readonly (RedisCommand | undefined)[],
  base64: boolean,
): Promise<HttpReply> {
  const commands: RedisCommand[] = [];
  for (const command of rows) {
    if (command === undefined) throw new BadRequest("ERR empty transaction command");
    const refused = refusal(command);
    if (refused !== undefined) throw new BadRequest(refused);
    commands.push(command);
  }
  const outcome = await link.transaction(commands);
  if (outcome instanceof Error) return single(itemOf(outcome, base64));
  return json(200, outcome.map((reply) => itemOf(reply, base64)));
}

function single(reply: ItemReply): HttpReply {
  return json("error" in reply ? 400 : 200, reply);
}

function json(status: number, value: unknown): HttpReply {
  const headers = { "content-type": "application/json" };
  return { status, headers, body: JSON.stringify(value) };
}

/** What this module itself sends to count is left out. */
const OWN = new Set(["info", "config|resetstat"]);

async function readCommandStats(link: RedisLink): Promise<Record<string, number>> {
  const reply = await link.send(["INFO", "commandstats"]);
  if (!Buffer.isBuffer(reply)) throw new Error(`INFO answered ${String(reply)}`);
  const stats: Record<string, number> = {};
  for (const match of reply.toString().matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    const [, name = "", calls] = match;
    if (!OWN.has(name)) stats[name] = Number(calls);
  }
  return stats;
}
