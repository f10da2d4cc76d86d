/**
 * Requests to an HTTP API, and no more than that: each is sent once, follows no redirect, is answered
 * by no cache, and its answer has an end.
 *
 * @module
 */

import { noStore } from "../kit/no_store.ts";

/** The longest answer that is read, in bytes. */
const LONGEST = 64 * 1024 * 1024;

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
 * @throws {Error} when the answer is longer than 64 MiB, is a redirect that the runtime hides, or does
 *   not come; the signal's reason when that aborts.
 */
export async function send(
  url: string,
  { method, headers, body, signal }: Sending,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    ...noStore(),
    ...body !== undefined && { body },
    ...signal && { signal },
  });
  const text = await bounded(response.body);
  return { status: response.status, text, header: (name) => response.headers.get(name) };
}

async function bounded(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  // A loop over the stream itself needs what not every runtime has.
  for (const reader = body?.getReader(); reader;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LONGEST) {
      await reader.cancel();
      throw new Error(`the answer is longer than ${LONGEST} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
