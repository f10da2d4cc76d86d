/**
 * The URLs of etcd, ours and Tooz's: `etcd://user:password@host:port,host:port`.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { decodedPart, type UrlParts } from "../kit/urls.ts";
import { etcd } from "./etcd.ts";

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function etcdAt({ url, parameters, token }: UrlParts): Driver {
  const [, tls, account, hosts] =
    /^etcd3?(?:\+http(s?))?:\/\/(?:([^@/]*)@)?([^@/?#,]+(?:,[^@/?#,]+)*)\/?$/i.exec(url) ?? [];
  if (!hosts) {
    throw new InvalidArgument(
      "Cannot use this etcd: URL: it must be etcd://host:port, or with several members " +
        "etcd://host:port,host:port; user:password@ may come before them, percent-encoded",
    );
  }
  const [user = "", password] =
    account?.split(/:(.*)/s).map((part) => decodedPart("user or password", part)) ??
      [];
  return etcd({
    url: hosts.split(",").map((host) => `http${tls ?? ""}://${withPort(host)}`),
    apiVersion: versionIn(parameters),
    ...(user || token !== undefined) && { user, password: token ?? password },
  });
}

function withPort(host: string): string {
  return /:\d+$/.test(host) ? host : `${host}:2379`;
}

function versionIn(parameters: string | undefined): "v3" | undefined {
  const options = new URLSearchParams(parameters);
  for (const name of ["ca_cert", "cert_key", "cert_cert"]) {
    if (!options.has(name)) continue;
    refuse(
      name,
      "no files are read here; give etcd() a function that sends requests with the certificate, and " +
        "its driver to new Coordinator() or as one of the option schemes",
    );
  }
  return (options.get("api_version") ?? undefined) as "v3" | undefined;
}
