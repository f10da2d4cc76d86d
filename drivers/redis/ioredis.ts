/**
 * The URLs of a Redis of your own, `redis:` and `rediss:`, over the client ioredis, which is loaded
 * when it is used.
 *
 * One connection serves all requests. It is opened by the first request, again after it broke, and
 * closed by `stop()`. The client repeats nothing and queues nothing: what was on its way when a
 * connection broke is an unknown outcome, and Baton sends it again under the same id. A Redis
 * Cluster is not supported by URL; see {@link CLUSTER}.
 *
 * It does not push (`guarantees.push` is `false`): a process that waits for a lease asks again after pauses.
 *
 * @module
 */

import type { Redis, RedisOptions } from "ioredis";
import { ConnectionError, InvalidArgument } from "../../errors.ts";
import { refuse } from "../kit/check.ts";
import { Parameters } from "../kit/parameters.ts";
import { clientOf, type Connections, Sender } from "../kit/clients.ts";
import { decodedPart, hostAndPort, parsed, type UrlParts } from "../kit/urls.ts";
import type { Driver } from "../driver.ts";
import { brief, redisError } from "./errors.ts";
import { redis } from "./redis.ts";

type Client = typeof import("ioredis");

/** What works where the client does not. */
const WAY =
  "give redis() of @baton/baton/drivers/redis a function that sends through a client of yours";

/** What of the client's options is set here. */
type Settings = Omit<RedisOptions, "replyMapping">;

/** The client must do nothing that Baton does not know of. */
const SETTINGS: Settings = {
  lazyConnect: true,
  // A command waits for no connection, and none is sent twice.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  // Before a request is given up, so that the error says why.
  connectTimeout: 4_000,
  // The server says by itself that it is loading. To ask it takes a right that Baton does not need.
  enableReadyCheck: false,
  disableClientInfo: true,
};

/** What is said of a server that has only some of the keys. */
const CLUSTER =
  "redis refused the request, so nothing was written: this server is part of a Redis Cluster, which a URL does not support; give redis() of " +
  "@baton/baton/drivers/redis a function that sends through the Cluster of ioredis";

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 * @throws {NotSupported} when ioredis is not installed.
 */
export async function redisAt(address: UrlParts): Promise<Driver> {
  const settings = settingsOf(address);
  const client = await clientOf<Client>("ioredis", "6.0.0", WAY);
  const sender = new Sender<Line>({
    name: "redis",
    open: () => new Lines(() => new client.Redis(settings)),
    explain: (error) => redisError("redis", error),
    // In a script, Redis 6 says more before it.
    breaks: (error) => !isReply(error) || /READONLY|MASTERDOWN/.test(brief(error)),
    check:
      "check that a Redis server is at this host and port, and that it speaks TLS with rediss: and " +
      "none with redis:",
  });
  const driver = redis(async (command, signal) => {
    try {
      return await sender.send((line) => line.client.call(...command), signal);
    } catch (error) {
      if (/^(MOVED|ASK) /.test(brief(error))) throw new ConnectionError(CLUSTER);
      throw error;
    }
  });
  return { ...driver, [Symbol.asyncDispose]: () => sender.close() };
}

/** Whether it is the server's own answer, after which a connection is as good as before. */
function isReply(error: unknown): boolean {
  return Object(error).name === "ReplyError";
}

/** A connection, which requests share. */
interface Line {
  readonly client: Redis;
  /** When it can be used. It rejects with the reason why it cannot. */
  readonly ready: Promise<void>;
  /** How many requests are on it. */
  users: number;
}

/** One connection at a time, but for those on which older requests still are. */
export class Lines implements Connections<Line> {
  readonly #make: () => Redis;
  #line: Line | undefined;
  #ended = false;

  constructor(make: () => Redis) {
    this.#make = make;
  }

  async connect(): Promise<Line> {
    const line = this.#line ??= opened(this.#make());
    line.users++;
    try {
      await line.ready;
    } catch (error) {
      this.release(line, true);
      throw error;
    }
    line.client.stream.ref?.();
    return line;
  }

  release(line: Line, broken: boolean): void {
    if (broken && this.#line === line) this.#line = undefined;
    if (--line.users > 0) return;
    if (this.#ended || this.#line !== line) hangUp(line.client);
    // An idle connection keeps no process alive.
    else line.client.stream.unref?.();
  }

  end(): Promise<void> {
    this.#ended = true;
    if (this.#line?.users === 0) hangUp(this.#line.client);
    return Promise.resolve();
  }
}

/**
 * Ends a connection at once. The client alone would wait for the other side for two seconds, by a timer
 * that keeps the process alive; and that also if the connection has ended by itself.
 */
function hangUp(client: Redis): void {
  if (client.stream?.destroyed) return;
  client.disconnect();
  client.stream?.destroy();
}

function opened(client: Redis): Line {
  let reason: unknown;
  // The client tells why it has failed here, and rejects with less. It also goes on after some
  // errors, such as those of SELECT, and would then use another database.
  client.on("error", (error) => reason ??= error);
  const ready = client.connect().then(() => {
    if (reason) throw reason;
  }, (error) => {
    throw reason ?? error;
  });
  return { client, ready, users: 0 };
}

/**
 * What the client is made with.
 *
 * @throws {InvalidArgument} when the URL cannot be used, with what to change.
 */
export function settingsOf({ url, parameters, token }: UrlParts): Settings {
  const { protocol, username, password, hostname, port, pathname, hash } = parsed(url) ?? {};
  const isSocket = !hostname && /^rediss?:\/\/\/[^/]/i.test(url);
  const database = /^\/?(\d{0,5})\/?$/.exec(pathname ?? "x")?.[1];
  if (hash || !(hostname || isSocket) || (!isSocket && database === undefined)) {
    throw new InvalidArgument(
      "Cannot use this redis: URL: it must be redis://user:password@host:port/database, or rediss: for " +
        "TLS, percent-encoded; the database is a number, 0 by default",
    );
  }
  const given = new Parameters(parameters);
  given.none(
    ["ssl_certfile", "ssl_keyfile", "ssl_ca_certs"],
    "no files are read here; give redis() a function that sends through a client of yours",
  );
  given.none(
    ["retry_on_timeout", "health_check_interval", "encoding", "executor"],
    "leave it out: Baton repeats a request under its id by itself, opens a broken connection again, and " +
      "has neither threads nor encodings to choose from",
  );
  if (given.flag("socket_keepalive") === false) {
    refuse("option socket_keepalive", "connections are always kept alive; leave it out");
  }
  const db = given.number("db") ?? Number(isSocket ? 0 : database);
  if (!Number.isInteger(db)) refuse("option db", "it must be the number of a database");
  const [connect, silence] = ["socket_connect_timeout", "socket_timeout"].map((name) =>
    given.number(name)
  );
  const tls = given.flag("ssl") ?? protocol === "rediss:";
  const part = (what: string, text = "") => decodedPart(what, text) || undefined;
  const secret = token ?? part("password", password);
  const user = part("user", username);
  return {
    ...SETTINGS,
    ...isSocket
      ? { path: decodedPart("path", pathname ?? "") }
      : placeOf(hostname!, Number(port) || undefined, given, tls),
    ...user && { username: user },
    ...secret && { password: secret },
    ...tls && { tls: {} },
    ...connect && { connectTimeout: Math.ceil(connect * 1_000) },
    ...silence && { socketTimeout: Math.ceil(silence * 1_000) },
    db,
  };
}

/** A server, or the sentinels that know which one is the primary. */
function placeOf(
  hostname: string,
  port: number | undefined,
  given: Parameters,
  tls: boolean,
): Settings {
  // A URL has brackets around such an address, and a socket has none.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const name = given.text("sentinel");
  if (!name) {
    given.none(
      ["sentinel_fallback", "sentinel_username", "sentinel_password", "sentinel_ssl"],
      "it needs the option sentinel, the name of the primary",
    );
    return { host, ...port && { port } };
  }
  const [user, password] = [given.text("sentinel_username"), given.text("sentinel_password")];
  const others = given.all("sentinel_fallback").map((each) =>
    hostAndPort("option sentinel_fallback", each, SENTINEL_PORT)
  );
  return {
    name,
    sentinels: [{ host, port: port ?? SENTINEL_PORT }, ...others],
    ...user && { sentinelUsername: user },
    ...password && { sentinelPassword: password },
    ...given.flag("sentinel_ssl") && { sentinelTLS: {} },
    enableTLSForSentinelMode: tls,
  };
}

const SENTINEL_PORT = 26_379;
