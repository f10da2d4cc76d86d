/**
 * Requests of stores that speak HTTP: each is sent once, follows no redirect and is answered by no cache.
 *
 * @module
 */

import { noAnswer } from "../kit/failure.ts";
import { plainRequest, textIn } from "../kit/http.ts";
import type { DocumentOptions } from "./document.ts";

/** What is sent. */
export interface Sending {
  /** Where to. */
  readonly url: string;
  /** The HTTP method. */
  readonly method: string;
  /** The headers. */
  readonly headers: HeadersInit;
  /** The body, if there is one. */
  readonly body?: string | undefined;
  /** Ends the wait for the answer. */
  readonly signal?: AbortSignal | undefined;
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

/**
 * Sends one request.
 *
 * @param name The name of the driver, for messages.
 * @throws {UnknownOutcome} when the answer is a redirect, or too long.
 * @throws what `fetch` throws.
 */
export async function send(
  name: string,
  { url, method, headers, body, signal }: Sending,
): Promise<Answer> {
  const response = await fetch(url, {
    ...plainRequest(),
    ...{ method, headers },
    ...body !== undefined && { body },
    ...signal && { signal },
  });
  const text = await textIn(name, response);
  return { status: response.status, text, headers: response.headers };
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
