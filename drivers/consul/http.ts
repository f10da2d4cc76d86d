/**
 * Requests to an HTTP API, and no more than that: each is sent once, follows no redirect, is answered
 * by no cache, and its answer has an end.
 *
 * @module
 */

import { plainRequest, textIn } from "../kit/http.ts";

/** What was answered. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The body. */
  readonly text: string;
  /** A header of it; `null` if it is missing. */
  header(name: string): string | null;
}

/** What to send. */
export interface Sending {
  /** The name of the backend, for messages. */
  readonly name: string;
  /** The HTTP method. */
  readonly method: string;
  /** Headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body. */
  readonly body?: string | undefined;
  /** Ends the wait for the answer. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends one request.
 *
 * @throws {UnknownOutcome} when the answer is a redirect, or too long.
 * @throws what `fetch` throws.
 */
export async function send(
  url: string,
  { name, method, headers, body, signal }: Sending,
): Promise<Answer> {
  const response = await fetch(url, {
    ...plainRequest(),
    method,
    headers,
    ...body !== undefined && { body },
    ...signal && { signal },
  });
  const text = await textIn(name, response);
  return { status: response.status, text, header: (name) => response.headers.get(name) };
}
