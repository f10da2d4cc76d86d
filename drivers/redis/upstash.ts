/**
 * The transport for Upstash Redis, and for servers that speak its REST protocol, by plain `fetch`. It
 * needs no package. For a client of `@upstash/redis` that you already have, see `docs/clients.md`.
 *
 * What it does **not** promise, beyond what `./redis.ts` says: Upstash replicates asynchronously
 * and the last writer wins after a split brain, so an acknowledged lease can vanish in a fail-over.
 * Use it where a rare second holder is caught by a fencing token, and keep eviction off. An answer of
 * more than 32 MiB is not read, so what one request lists must fit into that.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { checkGiven } from "../kit/slips.ts";
import { checkToken, isLoopback } from "../kit/urls.ts";
import type { Driver } from "../driver.ts";
import { redis, type RedisOptions } from "./redis.ts";
import { restSender } from "./rest.ts";
import type { SendCommand } from "./send.ts";

/** Where the database is, and the token for it. */
export interface UpstashOptions extends RedisOptions {
  /** The REST URL, `https://….upstash.io` (`UPSTASH_REDIS_REST_URL`); `http:` only for loopback. */
  url: string;
  /** The REST token (`UPSTASH_REDIS_REST_TOKEN`), not the Redis password. */
  token: string;
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
  checkOptions(options, "url token name keyPrefix now");
  const { url, token, name = NAME, ...rest } = options;
  return redis(upstashCommand({ url, token, name }), { name, ...rest });
}

/**
 * What sends a command to Upstash, for `fencedRedis()`. Each command is one request, sent once.
 *
 * @example
 * ```ts
 * import { upstashCommand } from "@baton/baton/drivers/upstash";
 * import { fencedRedis } from "@baton/baton/fencing";
 *
 * declare const env: { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string };
 * const fenced = fencedRedis(
 *   upstashCommand({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }),
 * );
 * ```
 * @throws {InvalidArgument} when the URL or the token cannot be right.
 */
export function upstashCommand(
  options: Pick<UpstashOptions, "url" | "token" | "name">,
): SendCommand {
  checkOptions(options, "url token name");
  const { token, name = NAME } = options;
  checkGiven("URL", options.url, "UPSTASH_REDIS_REST_URL");
  checkGiven("token", token, "UPSTASH_REDIS_REST_TOKEN");
  const url = checkedUrl(options.url);
  checkToken(token);
  return restSender({ name, url, token });
}

const NAME = "upstash";

/** A checked REST URL. No message repeats it, because people paste redis://default:PASSWORD@…. */
function checkedUrl(text: string): string {
  const href = URL.canParse(text) ? new URL(text).href : "";
  const [, secure, host = ""] = /^http(s?):\/\/([\w.:[\]-]+)\/[^?#]*$/.exec(href) ?? [];
  if (!host || (secure === "" && !isLoopback(host))) {
    refuse(
      "URL",
      "it must be https://HOST alone, as UPSTASH_REDIS_REST_URL is; http: is for this machine only",
    );
  }
  return href;
}
