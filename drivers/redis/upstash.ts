/**
 * The transport for Upstash Redis, over `@upstash/redis`.
 *
 * What it does **not** promise, beyond what `./redis.ts` says: Upstash replicates asynchronously
 * and the last writer wins after a split brain, so an acknowledged lease can vanish in a fail-over.
 * Use it where a rare second holder is caught by a fencing token, and keep eviction off.
 *
 * @module
 */

import { Redis } from "@upstash/redis/cloudflare";
import { refuse } from "../kit/check.ts";
import { noStore } from "../kit/no_store.ts";
import { textOf } from "../kit/plain_words.ts";
import { isLoopback } from "../kit/urls.ts";
import type { Driver } from "../driver.ts";
import { redis, type RedisOptions } from "./redis.ts";

/** Where the database is, and the token for it. */
export interface UpstashOptions extends RedisOptions {
  /** The REST URL, `https://….upstash.io` (`UPSTASH_REDIS_REST_URL`); `http:` only for loopback. */
  url: string;
  /** The REST token (`UPSTASH_REDIS_REST_TOKEN`), not the Redis password. */
  token: string;
}

/** The part of an existing `@upstash/redis` client that {@link upstashClient} needs. */
export interface UpstashClient {
  /** Sends any command. */
  exec(command: [command: string, ...args: string[]]): Promise<unknown>;
}

/**
 * Makes the driver from a URL and a token. Each `apply` is one request, sent once.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { upstash } from "@baton/baton/drivers/upstash";
 *
 * declare const env: { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string };
 * const baton = new Coordinator(
 *   upstash({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }),
 * );
 * ```
 * @throws {InvalidArgument} when the URL or the token cannot be right.
 */
export function upstash(options: UpstashOptions): Driver {
  const { token } = options;
  const url = checkedUrl(options.url);
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    refuse("token", "it is empty or has white space");
  }
  let signal: AbortSignal | undefined;
  const client = new Redis({
    url,
    token,
    // The client sends again on its own (`retry: false` still sends twice). Only a signal given as
    // a function rejects when aborted; a plain one resolves with made-up data.
    retry: { retries: 0 },
    signal: () => signal ?? new AbortController().signal,
    // Our strings must come back as they went: no guessing of numbers and JSON, no base64 that a
    // server may ignore, no waiting for neighbours.
    automaticDeserialization: false,
    responseEncoding: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    // A script is a write and runs on the primary, so no token for reading one's writes is needed;
    // browsers cap a keep-alive body at 64 KiB.
    readYourWrites: false,
    keepAlive: false,
  });
  // A `fetch` that a framework has patched may answer from memory. The client for Workers hands this on
  // to `fetch`, but has no option for it; the one for Node has, but always says it, and old Workers
  // refuse that. Should it move, the nonce in each request still does the same.
  Object.assign((client as unknown as { client?: Hidden }).client?.options ?? {}, noStore());
  return redis(
    (command, abort) => {
      // `exec` reads the signal before it first waits, so calls never see each other's.
      signal = abort;
      const reply = client.exec(command as [string, ...string[]]);
      signal = undefined;
      return reply.catch((error: unknown) => {
        throw withoutSecret(error, token);
      });
    },
    named(options),
  );
}

/**
 * Makes the driver over a client that you already have. Its hidden re-sends, deserialisation and
 * pipelining do no harm here, for every operation is safe to send twice and every reply is checked;
 * but it has no signal per call, so an aborted call goes on in the background.
 *
 * @throws {InvalidArgument} when it is not such a client.
 * @example
 * ```ts
 * import { Redis } from "@upstash/redis";
 * import { upstashClient } from "@baton/baton/drivers/upstash";
 *
 * const driver = upstashClient(Redis.fromEnv());
 * ```
 */
export function upstashClient(client: UpstashClient, options: RedisOptions = {}): Driver {
  if (typeof client?.exec !== "function") {
    refuse("client", "it has no exec(), as @upstash/redis has");
  }
  return redis((command) => client.exec(command as [string, ...string[]]), named(options));
}

function named(options: RedisOptions): RedisOptions {
  return { ...options, name: options.name ?? "upstash" };
}

/** What the vendor's client keeps to itself. */
interface Hidden {
  readonly options?: object | undefined;
}

/** A checked REST URL. No message repeats it, because people paste redis://default:PASSWORD@…. */
function checkedUrl(text: string): string {
  const href = URL.canParse(text) ? new URL(text).href : "";
  const [, secure, host = ""] = /^http(s?):\/\/([\w.:[\]-]+)\/[^?#]*$/.exec(href) ?? [];
  if (!host || (secure === "" && !isLoopback(host))) {
    refuse("URL", "it must be https://HOST alone; http:// is for a server on this machine only");
  }
  return href;
}

/** An error that does not repeat the token, whatever a server or proxy put into it. */
function withoutSecret(error: unknown, token: string): unknown {
  const text = textOf(error);
  return text.includes(token) ? new Error(text.replaceAll(token, "[token]")) : error;
}
