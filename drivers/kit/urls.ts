/**
 * What drivers ask about a URL.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import { refuse } from "./check.ts";

/** A URL in its parts, for the driver of its scheme. */
export interface UrlParts {
  /** All before the `?`, unchanged. It may hold a credential, so no error should repeat it. */
  readonly url: string;
  /** The vendor's own options after the `?`, such as `sslmode=require`. */
  readonly parameters?: string | undefined;
  /** The credential that was given beside the URL. It takes precedence over one in the URL. */
  readonly token?: string | undefined;
}

/** Like `URL.parse()`, which Node has from 22.1 on. */
export function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/**
 * A part of a URL without its percent-encoding.
 *
 * @param what The part, for the message, which does not repeat it.
 * @throws {InvalidArgument} when the encoding is broken.
 */
export function decodedPart(what: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidArgument(
      `Cannot use the ${what} of this URL: its percent-encoding is broken`,
    );
  }
}

/** The name of a URL without one. */
const NAME = "baton";

/**
 * The name in a URL like `ipc:NAME`, or `ipc://NAME`. Default: `"baton"`.
 *
 * @throws {InvalidArgument} when it has anything besides.
 */
export function nameOf(scheme: string, url: string): string {
  // What has a colon or an @ is more likely an account of a server than a name.
  const [, name] = /^[a-z]+:(?:\/\/)?([^/?#:@]*)\/?$/i.exec(url) ?? [];
  if (name !== undefined) return decodedPart("name", name) || NAME;
  throw new InvalidArgument(
    `Cannot use this ${scheme}: URL: it must be ${scheme}:NAME, with /, :, @, ?, # and % in the name ` +
      "percent-encoded",
  );
}

/**
 * Checks a credential that goes into a header. No message repeats it.
 *
 * @throws {InvalidArgument} when no header can carry it.
 */
export function checkToken(token: string): void {
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    refuse("token", "it is empty or has white space");
  }
}

/**
 * A URL to which a secret may be sent: `https:`, or `http:` on this machine, and without an account, a
 * query and a fragment. `undefined` for any other text.
 */
export function secureUrl(text: string): URL | undefined {
  const url = parsed(text);
  if (!url || url.username || url.password || url.search || url.hash) return undefined;
  const { protocol, host } = url;
  return protocol === "https:" || (protocol === "http:" && isLoopback(host)) ? url : undefined;
}

/**
 * Whether a host, with or without a port, is this machine. Only there may a secret go unencrypted.
 */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}

/** A login to servers over sockets. */
export interface Login {
  /** The user. */
  readonly user?: string | undefined;
  /** The user's password. */
  readonly password?: string | undefined;
  /** How TLS is spoken; `false` sends the password unencrypted. */
  readonly tls?: unknown;
}

/**
 * Whether there is a login.
 *
 * @throws {InvalidArgument} when a part of it is missing, or it would go unencrypted to another machine
 *   without having been allowed to.
 */
export function hasLogin({ user, password, tls }: Login, hosts: readonly string[]): boolean {
  if (user === undefined && password === undefined) return false;
  if (!user || !password) refuse("user", "give a user and a password, or neither");
  // Those of `hostAndPort()` have no brackets.
  if (tls === undefined && !hosts.every((host) => host === "::1" || isLoopback(host))) {
    refuse(
      "password",
      "it needs tls: true (in a URL use_ssl=true); with false it is sent unencrypted",
    );
  }
  return true;
}

/**
 * The parts of `HOST:PORT`. No message repeats it, because a whole URL with a password may be there.
 *
 * @param what What it is the place of, for the message.
 * @param usual The port if none is given.
 * @throws {InvalidArgument} when it is none.
 */
export function hostAndPort(
  what: string,
  text: string,
  usual: number,
): { readonly host: string; readonly port: number } {
  const [, name, address, port = usual] =
    /^(?:([\w.-]+)|\[([\da-fA-F:.]+)\])(?::(\d+))?$/.exec(typeof text === "string" ? text : "") ??
      [];
  const host = name ?? address;
  if (!host || Number(port) < 1 || Number(port) > 65_535) {
    refuse(what, `it must be HOST:PORT, such as 10.0.0.1:${usual} or [::1]:${usual}`);
  }
  return { host, port: Number(port) };
}
