/**
 * A connection to Redis that sends each command at most once. A front end that silently re-sent one
 * would hide the very failures the tests are about.
 */
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";

/** One argument: text, or bytes that must not pass through a string. */
export type RedisArgument = string | Buffer;
export type RedisCommand = readonly [name: string, ...args: RedisArgument[]];
/** An `Error` is Redis's own: a command that was refused or failed, not a lost connection. */
export type RedisReply = Buffer | number | null | Error | readonly RedisReply[];

export interface RedisLink {
  /** Throws only when the connection is or gets lost: the outcome is then unknown. */
  send(command: RedisCommand): Promise<RedisReply>;
  /** MULTI … EXEC. One `Error` when Redis discards the transaction, otherwise a reply per command. */
  transaction(commands: readonly RedisCommand[]): Promise<Error | readonly RedisReply[]>;
  close(): Promise<void>;
}

export function linkTo(port: number): RedisLink {
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    protocol: 2,
    lazyConnect: true,
    // Connecting again is left to the next request, so that no timer runs between requests.
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    // Neither may add commands of its own: commands are counted.
    enableReadyCheck: false,
    disableClientInfo: true,
    // A paused Redis does not take part in closing the connection.
    disconnectTimeout: 50,
  });
  redis.on("error", () => {}); // Commands report it; the event would only be printed.
  let connecting: Promise<void> | undefined;
  let closed = false;

  const ready = async () => {
    if (redis.status === "ready") return;
    if (closed) throw new Error("the connection to Redis has been closed");
    connecting ??= redis.connect().finally(() => {
      connecting = undefined;
    });
    await connecting;
  };

  // In capitals, because ioredis reshapes the arguments and replies of the lower-case names it knows.
  const write = ([name, ...args]: RedisCommand) => redis.callBuffer(name.toUpperCase(), args);

  return {
    async send(command) {
      await ready();
      return await settled(write(command));
    },
    async transaction(commands) {
      await ready();
      // All of it is written in one go, so that nothing else on this connection can get in between.
      const queued = [write(["MULTI"]), ...commands.map(write)].map(settled);
      const outcome = settled(write(["EXEC"]));
      const [reply] = await Promise.all([outcome, ...queued]);
      if (reply instanceof Error || Array.isArray(reply)) return reply;
      throw new Error("EXEC answered neither replies nor an error");
    },
    async close() {
      closed = true;
      await connecting?.catch(() => {});
      if (redis.status === "wait" || redis.status === "end") return;
      await new Promise<void>((resolve) => {
        redis.once("end", () => resolve());
        redis.disconnect();
      });
    },
  };
}

async function settled(reply: Promise<unknown>): Promise<RedisReply> {
  try {
    return replyOf(await reply);
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError") return error;
    throw error;
  }
}

function replyOf(value: unknown): RedisReply {
  if (value === null || typeof value === "number") return value;
  if (Buffer.isBuffer(value) || value instanceof Error) return value;
  if (Array.isArray(value)) return value.map(replyOf);
  throw new Error(`Redis answered something unexpected: ${typeof value}`);
}
