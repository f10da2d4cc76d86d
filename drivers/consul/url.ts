/**
 * The URLs of Consul: `consul://:TOKEN@host:8500`, and `consul+https:` for TLS.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { decodedPart, parsed, type UrlParts } from "../kit/urls.ts";
import { consul, type ConsulOptions } from "./consul.ts";

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function consulAt({ url, parameters, token }: UrlParts): Driver {
  const web = /^consul\+https:/i.test(url) ? "https" : "http";
  // Without a scheme of its own, a URL's port and path would not be read.
  const { username, password, host, pathname, hash } =
    parsed(url.replace(/^consul(\+https)?:/i, `${web}:`)) ?? {};
  if (!host || hash || !/^consul(\+https)?:\/\//i.test(url)) {
    throw new InvalidArgument(
      "Cannot use this consul: URL: it must be consul://HOST:PORT or consul+https://HOST:PORT; give the " +
        "ACL token as the option token, or before the host as :TOKEN@",
    );
  }
  const { ns, partition, acl_token, minTtl, ...rest } = Object.fromEntries(
    new URLSearchParams(parameters),
  );
  if (ns !== undefined || partition !== undefined) {
    throw new InvalidArgument(
      "Cannot use this consul: URL: Baton does not support namespaces and admin partitions of Consul " +
        "Enterprise; leave ns and partition out, and give keyPrefix a name of its own",
    );
  }
  const given = token ?? (decodedPart("token", password || username || "") || acl_token);
  // Consul's own port, unless the URL has one: a URL parser drops 80 and 443.
  const port = /:\d+$/.test(host) || pathname !== "/" || web === "https" ? "" : ":8500";
  return consul({
    url: `${web}://${host}${port}${pathname}`,
    ...given && { token: given },
    ...rest,
    ...minTtl !== undefined && { minTtl: Number(minTtl) },
  } as ConsulOptions);
}
