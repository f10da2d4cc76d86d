/**
 * What every driver over plain HTTP needs of `fetch`: no cache, no redirect, no answer without end.
 *
 * @module
 */

import { noAnswer } from "./failure.ts";
import { noStore } from "./no_store.ts";

/**
 * How many bytes of an answer are read. An answer is as large as the leases that it lists, and
 * 10,000 members with 3 kB of capabilities each fit in.
 */
const MOST = 32 * 2 ** 20;

const TOO_LONG = "more than 32 MiB";

/**
 * An answer that says that it has no more bytes is read in one go, which takes a sixth off a request of
 * a lock. Even where a runtime hides that one was compressed, it does not unpack to more than
 * {@link MOST}.
 */
const SHORT = 32 * 2 ** 10;

/**
 * What all requests have in common. A redirect is not followed, because the request would go to
 * another origin, with its credentials and the ids of leases. (Not `"error"`, which Workers do not
 * know.)
 */
export function plainRequest(): { method: "POST"; redirect: "manual"; cache?: "no-store" } {
  return { method: "POST", redirect: "manual", ...noStore() };
}

/**
 * The text of an answer. A compressed one counts as what it unpacks to.
 *
 * @param name The name of the backend, for messages.
 * @throws {UnknownOutcome} when it is a redirect, or too long.
 */
export async function textIn(name: string, response: Response): Promise<string> {
  if (response.ok && isShort(response.headers)) return await response.text();
  const reader = await readerOf(name, response);
  // A value may begin with a BOM, and Deno would drop one wherever a chunk ends before it.
  const decode = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  for (let left = MOST;;) {
    const { value } = await reader?.read() ?? {};
    if (!value) return text + decode.decode();
    left -= value.length;
    if (left < 0) {
      await reader?.cancel();
      throw noAnswer(name, TOO_LONG);
    }
    text += decode.decode(value, { stream: true });
  }
}

function isShort(headers: Headers): boolean {
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  return length !== null && Number(length) <= SHORT;
}

/**
 * The lines of an answer that may have no end: each time all that have come.
 *
 * @param name The name of the backend, for messages.
 * @throws {UnknownOutcome} when it is a redirect, or one line is too long.
 */
export async function* linesIn(name: string, response: Response): AsyncGenerator<string[]> {
  const reader = await readerOf(name, response);
  const decode = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let rest = "";;) {
    const { value } = await reader?.read() ?? {};
    if (!value) return;
    const lines = (rest + decode.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MOST) throw noAnswer(name, TOO_LONG);
    yield lines;
  }
}

async function readerOf(name: string, { status, type, body }: Response) {
  // Browsers do not show the status of a redirect.
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await body?.cancel();
    throw noAnswer(name, "a redirect, which is not followed: check the URL");
  }
  return body?.getReader();
}
