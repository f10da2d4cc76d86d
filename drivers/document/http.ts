/**
 * Requests of stores that speak HTTP: each is sent once, follows no redirect and is answered by no cache.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import type { ApplyOptions } from "../driver.ts";
import { failure, isTlsFailure, isUnreachable, noAnswer } from "../kit/failure.ts";
import { plainRequest, textIn } from "../kit/http.ts";
import type { DocumentOptions } from "./document.ts";

/** Who is asked. */
export interface Asked {
  /** The name of the driver, for messages. */
  readonly name: string;
  /** The refusals of that store, before which it writes nothing. */
  refusalIn(refused: Refused): Refusal | undefined;
}

/** What to do about a refusal, and which error that is. */
export type Refusal = readonly [advice: string, kind?: "unauthorized" | "busy" | undefined];

/** What is sent: where to, and what `fetch` is to be given. */
export interface Sending {
  /** Where to. */
  readonly url: string;
  /** The HTTP method. */
  readonly method: string;
  /** The headers. */
  readonly headers: HeadersInit;
  /** The body; `null` if there is none. */
  readonly body: string | null;
}

/** What was answered. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The body. */
  readonly text: string;
  /** The headers. */
  readonly headers: Headers;
}

/** A store answered with something else than what was asked for. Its message is the store's word for it. */
export class Refused extends Error {
  /** The HTTP status. */
  readonly status: number;

  /** Without a word, nobody knows who has answered. */
  constructor(status: number, word: string) {
    super(word);
    this.status = status;
  }
}

/**
 * Sends one request.
 *
 * @param sending Makes the request.
 * @param read What is made of the answer. It throws {@link Refused} for one that was not asked for.
 * @throws {ConnectionError} when nothing was sent, or the store refused.
 * @throws {UnknownOutcome} for every other failure.
 */
export async function ask<T>(
  asked: Asked,
  sending: () => Sending | Promise<Sending>,
  { signal, beforeRequest }: ApplyOptions,
  read: (answer: Answer) => T,
): Promise<T> {
  beforeRequest?.();
  try {
    const { url, ...sent } = await sending();
    const response = await fetch(url, { ...plainRequest(), ...sent, ...signal && { signal } });
    const { status, headers } = response;
    return read({ status, headers, text: await textIn(asked.name, response) });
  } catch (error) {
    throw storeError(asked, error, signal);
  }
}

/** Nothing is sent to a server without a certificate that the runtime trusts. */
const TLS =
  "check whether the port speaks TLS, and the certificate (NODE_EXTRA_CA_CERTS, DENO_CERT)";

function storeError(
  { name, refusalIn }: Asked,
  error: unknown,
  signal: AbortSignal | undefined,
): CoordinationError {
  const refused = error instanceof Refused ? error : undefined;
  if (refused?.message === "") return noAnswer(name, `status ${refused.status}`);
  return failure(name, error, () => {
    const [advice, kind] = refused ? refusalIn(refused) ?? [] : isTlsFailure(error) ? [TLS] : [];
    return {
      said: refused
        ? `status ${refused.status}: ${refused.message}`
        : isUnreachable(error)
        ? "no connection"
        : "a broken connection",
      refused: advice !== undefined,
      unauthorized: kind === "unauthorized",
      mayPass: kind === "busy",
      advice: advice ?? "check the URL and the network",
    };
  }, signal);
}

/** What stores have in common whose clock is {@link clockOf}, and which keep several copies of a document. */
export const BY_DATE: Pick<DocumentOptions, "guarantees" | "unit"> = {
  guarantees: {
    consistency: "linearizable",
    clock: "server",
    durability: "replicas",
    minTtl: 1_000,
    overrun: 3,
  },
  unit: 1_000,
};

/**
 * The server's clock, which counts whole seconds, in ms since 1970.
 *
 * @throws {UnknownOutcome} when the answer has none, or comes from a cache: it is as old as its text then.
 */
export function clockOf(name: string, headers: Headers): number {
  const now = Date.parse(headers.get("date") ?? "");
  if (!(now > 0)) throw noAnswer(name, "the answer has no Date");
  if (headers.has("age")) throw noAnswer(name, "a cache answered, which must not be on the way");
  return now;
}
