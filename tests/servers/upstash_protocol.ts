/** Upstash's REST protocol without the HTTP: how commands are read, refused, and answered. */
import { Buffer } from "node:buffer";
import type { RedisArgument, RedisCommand, RedisReply } from "./at_most_once.ts";

export type JsonReply = string | number | null | readonly JsonReply[];
export type ItemReply = { readonly result: JsonReply } | { readonly error: string };

/** A request Upstash answers with status 400. */
export class BadRequest extends Error {}

/** The words of the live service, as other projects have recorded them. */
export const UNAUTHORIZED =
  "WRONGPASS invalid or missing auth token. See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details.";

function parsed(body: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    throw new BadRequest(`ERR failed to parse ${what}`);
  }
}

function argumentOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function commandOf(values: readonly unknown[]): RedisCommand | undefined {
  const [name, ...args] = values;
  return name === undefined ? undefined : [argumentOf(name), ...args.map(argumentOf)];
}

/** The body of `POST /`. */
export function readCommand(body: Uint8Array): RedisCommand {
  const values = parsed(body, "command");
  if (!Array.isArray(values)) throw new BadRequest("ERR failed to parse command");
  const command = commandOf(values);
  if (command === undefined) throw new BadRequest("ERR empty command");
  return command;
}

/** The body of `/pipeline` or `/multi-exec`; a command without a name is `undefined`. */
export function readCommands(
  body: Uint8Array,
  what: "pipeline" | "transaction",
): readonly (RedisCommand | undefined)[] {
  const rows = parsed(body, `${what} request`);
  if (!Array.isArray(rows) || !rows.every(Array.isArray)) {
    throw new BadRequest(`ERR failed to parse ${what} request`);
  }
  if (rows.length === 0) throw new BadRequest(`ERR empty ${what} request`);
  return rows.map(commandOf);
}

/** A command in the path: then comes the body, then the query (`?EX=100`), both as arguments. */
export function readPath(path: string, query: URLSearchParams, body: Uint8Array): RedisCommand {
  const [name = "", ...args] = path.slice(1).split("/").map(decoded);
  const rest: RedisArgument[] = [...args];
  if (body.length > 0) rest.push(Buffer.from(body));
  for (const [key, value] of query) {
    if (key === "_token") continue;
    rest.push(key);
    if (value !== "") rest.push(value);
  }
  return [name, ...rest];
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new BadRequest("ERR failed to parse command");
  }
}

/** They belong to a connection, which HTTP has none of, or have a path of their own. */
const NOT_IN_REST = new Set(
  [
    ["BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP"],
    ["MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH"],
    ["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE"],
    ["MONITOR", "AUTH", "HELLO", "RESET", "SELECT", "QUIT", "CLIENT"],
  ].flat(),
);

/** Redis has them and Upstash has not; some would also end the server under test. */
const NOT_IN_UPSTASH = new Set(
  [
    ["SHUTDOWN", "DEBUG", "SAVE", "BGSAVE", "BGREWRITEAOF", "REPLICAOF", "SLAVEOF", "FAILOVER"],
    ["SYNC", "PSYNC", "MIGRATE", "CLUSTER", "ROLE", "SLOWLOG", "LATENCY", "MODULE"],
  ].flat(),
);

/** Why Upstash would not run this command at all, in its own words. */
export function refusal([name, ...args]: RedisCommand): string | undefined {
  const upper = name.toUpperCase();
  const blocks = (upper === "XREAD" || upper === "XREADGROUP") &&
    args.some((arg) => arg.toString().toUpperCase() === "BLOCK");
  if (blocks || NOT_IN_REST.has(upper)) {
    return `ERR Command "${upper}" is not allowed in REST or it has a special context path`;
  }
  return NOT_IN_UPSTASH.has(upper) ? unavailable(upper) : undefined;
}

function unavailable(name: string): string {
  return `ERR Command is not available: '${name}'. See https://upstash.com/docs/redis/overall/rediscompatibility for details`;
}

/** Redis's reply to a command as Upstash words it. */
export function itemOf(reply: RedisReply, base64: boolean): ItemReply {
  if (!(reply instanceof Error)) return { result: resultOf(reply, base64) };
  const unknown = /^ERR unknown command '([^']*)'/.exec(reply.message);
  return { error: unknown === null ? reply.message : unavailable(unknown[1] ?? "") };
}

/**
 * A plain `OK` stays readable under base64. Inside an array it is encoded all the same: the official
 * client decodes every string it finds there.
 */
function resultOf(reply: RedisReply, base64: boolean): JsonReply {
  if (Buffer.isBuffer(reply) && reply.toString() === "OK") return "OK";
  return jsonOf(reply, base64);
}

function jsonOf(reply: RedisReply, base64: boolean): JsonReply {
  if (reply === null || typeof reply === "number") return reply;
  if (Buffer.isBuffer(reply)) return reply.toString(base64 ? "base64" : "utf8");
  if (reply instanceof Error) return jsonOf(Buffer.from(reply.message), base64);
  return (reply as readonly RedisReply[]).map((each) => jsonOf(each, base64));
}
