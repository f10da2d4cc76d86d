/**
 * The URLs of Turso, as it shows them: `libsql://database-organization.turso.io?authToken=…`.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";
import { decodedPart, type UrlParts } from "../kit/urls.ts";
import type { TursoOptions } from "./turso.ts";

/**
 * The options in a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function tursoOptions({ url, parameters, token }: UrlParts): TursoOptions {
  const [, password, host] = /^(?:libsql|turso):\/\/(?::([^@/]+)@)?([^@/?#]+)\/?$/i.exec(url) ?? [];
  if (!host) {
    refuse("libsql: URL", "it must be libsql://HOST, and the token be given as authToken or token");
  }
  const options = new URLSearchParams(parameters);
  const tls = options.get("tls") ?? "1";
  if (!/^[01]$/.test(tls)) refuse("tls", "it must be 0 or 1");
  return {
    url: `${tls === "0" ? "http" : "https"}://${host}`,
    authToken: token ?? options.get("authToken") ??
      (password === undefined ? undefined : decodedPart("token", password)),
  };
}
