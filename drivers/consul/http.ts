/**
 * Requests to an HTTP API, and no more than that: each is sent once, follows no redirect, is answered
 * by no cache, and its answer has an end.
 *
 * @module
 */

import { noAnswer } from "../kit/failure.ts";
import { noStore } from "../kit/no_store.ts";

/** The longest answer that is read, in bytes. */
const LONGEST = 64 * 2 ** 20;

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
 * @throws {UnknownOutcome} when the answer is a redirect, or longer than 64 MiB.
 * @throws what `fetch` throws.
 */
export async function send(
  url: string,
  { name, method, headers, body, signal }: Sending,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    ...noStore(),
    ...body !== undefined && { body },
    ...signal && { signal },
  });
  // Browsers do not show the status of a redirect.
  if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
    await response.body?.cancel();
    throw noAnswer(name, "a redirect, which is not followed: check the URL");
  }
  const text = await bounded(response.body);
  if (text === undefined) throw noAnswer(name, `more than ${LONGEST / 2 ** 20} MiB`);
  return { status: response.status, text, header: (name) => response.headers.get(name) };
}

/** The text of a body, or `undefined` if it is too long. */
async function bounded(body: ReadableStream<Uint8Array> | null): Promise<string | undefined> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let [text, length] = ["", 0];
  // A loop over the stream itself needs what not every runtime has.
  for (const reader = body?.getReader(); reader;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LONGEST) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
