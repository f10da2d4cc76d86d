/**
 * The URLs of memcached, ours and Tooz's: `memcached://user:password@host:port/KEY`.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { Parameters } from "../kit/parameters.ts";
import { decodedPart, type UrlParts } from "../kit/urls.ts";
import { memcached } from "./memcached.ts";

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function memcachedAt({ url, parameters, token }: UrlParts): Driver {
  const [, account, server, key] =
    /^memcached:\/\/(?:([^@/]*)@)?([^@/?#,]+)(?:\/([^/?#]*))?$/i.exec(url) ?? [];
  if (!server) {
    throw new InvalidArgument(
      "Cannot use this memcached: URL: it must be memcached://host:port, or memcached://host:port/KEY, of " +
        "one server; user:password@ may come before it, percent-encoded",
    );
  }
  const [user = "", password] =
    account?.split(/:(.*)/s).map((part) => decodedPart("user or password", part)) ?? [];
  const options = new Parameters(parameters);
  options.none(["max_pool_size"], "one connection serves all calls; leave it out");
  options.none(
    ["ca_cert", "ssl_cert", "ssl_key", "ssl_key_password", "ssl_ciphers"],
    "no files are read here; give memcached() tls: { ca } or a function connect that opens sockets, and " +
      "its driver to new Coordinator() or as one of the option schemes",
  );
  if (options.flag("ssl_check_hostname") === false) {
    refuse("option ssl_check_hostname", "it can only be true here");
  }
  const tls = options.flag("use_ssl");
  return memcached({
    server,
    ...key && { key: decodedPart("key", key) },
    ...(user || token !== undefined) && { user, password: token ?? password },
    ...tls !== undefined && { tls },
  });
}
