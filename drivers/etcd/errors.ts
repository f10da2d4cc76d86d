/**
 * What an error from etcd, or from the network, shows about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import { failure, isTlsFailure, isUnreachable, noAnswer as noAnswerOf } from "../kit/failure.ts";
import { plain, textOf } from "../kit/plain_words.ts";

/** An answer that is not a success. */
export class Answer extends Error {
  /** gRPC's code, if the answer is etcd's. */
  readonly code: number | undefined;

  /** Reads an answer's text. */
  constructor(status: number, text: string) {
    const { message, code } = errorIn(text);
    super(message ?? (text.length < 100 ? text.trim() : `HTTP status ${status}`));
    this.code = message?.startsWith("etcdserver: ") ? code : undefined;
  }
}

const VERSION = "the gateway has another version: give api_version, v3 or v3beta";
/** What a server says that is not etcd's gateway, and what to change. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "Not Found": VERSION,
  "404 page not found": `this is not etcd's client port, or ${VERSION}`,
  "Client sent an HTTP request to an HTTPS server.": "write etcd+https: instead of etcd:",
};
/** What a server may do that takes no TLS: it hangs up before its words are read. */
const RESET = /reset/;
const SCHEME = "check that the scheme fits the port (etcd: or etcd+https:), and";
/** Authentication failed or is missing: gRPC's codes, and messages that have the code 3. */
const UNAUTHORIZED = /^etcdserver: (user name is empty|authentication failed)/;
/** gRPC's codes that etcd gives before it writes anything. */
const REFUSED = new Set<number | undefined>([3, 5, 7, 8, 9, 11, 12, 16]);

/** The error that Baton throws. The original may contain what was `sent`, which is not repeated. */
export function etcdError(error: unknown, sent: string, signal?: AbortSignal): CoordinationError {
  return failure("etcd", error, () => {
    const text = textOf(error);
    const { code } = error as Partial<Answer>;
    const answered = error instanceof Answer;
    const elsewhere = answered ? ELSEWHERE[text] : undefined;
    const tls = !answered && isTlsFailure(error);
    const unauthorized = code === 7 || code === 16 || UNAUTHORIZED.test(text);
    return {
      said: plain(text, sent),
      refused: elsewhere !== undefined || tls || REFUSED.has(code),
      unauthorized,
      // Too many requests, or no space.
      mayPass: code === 8,
      advice: elsewhere ??
        (unauthorized
          ? "check the user, the password and the rights"
          : tls
          ? `${SCHEME} the certificate`
          : RESET.test(`${text} ${textOf(Object(error).cause)}`)
          ? `${SCHEME} look at the server`
          : isUnreachable(error)
          ? "check the URL and the network"
          : "look at the server"),
    };
  }, signal);
}

/** Whether the token has ended or was never valid, so that a new one may help. */
export function isStaleToken(error: unknown): boolean {
  return /^etcdserver: (invalid auth token|revision of auth store is old)/.test(textOf(error));
}

function errorIn(text: string): { message?: string; code?: number } {
  try {
    const { message, error = message, code } = Object(JSON.parse(text));
    return { ...typeof error === "string" && { message: error }, code };
  } catch {
    return {};
  }
}

/** The error for a reply that is not etcd's. */
export function noAnswer(): CoordinationError {
  return noAnswerOf("etcd", "the reply is not etcd's");
}
