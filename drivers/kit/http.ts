/**
 * What every driver over plain HTTP needs of `fetch`: no cache, no redirect, no answer without end.
 *
 * @module
 */

import { noStore } from "./no_store.ts";

/** How many bytes of an answer are read. 10,000 members with 3 kB of capabilities each fit in. */
export const MOST_BYTES = 32 * 2 ** 20;

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
 * @throws {Error} when it is a redirect, or too long.
 */
export async function textIn(response: Response): Promise<string> {
  let text = "";
  for await (const piece of piecesOf(response)) text += piece;
  return text;
}

/**
 * The lines of an answer that may have no end: each time all that have come.
 *
 * @throws {Error} when it is a redirect, or one line is too long.
 */
export async function* linesIn(response: Response): AsyncGenerator<string[]> {
  let rest = "";
  for await (const piece of piecesOf(response, true)) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MOST_BYTES) throw new Error("a line is too long");
    yield lines;
  }
  yield [rest];
}

/** The pieces of an answer as they come. */
async function* piecesOf(response: Response, endless = false): AsyncGenerator<string> {
  const { status, type, body } = response;
  const reader = body?.getReader();
  // Browsers do not show the status of a redirect.
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    await reader?.cancel();
    throw new Error("a redirect which is not followed");
  }
  const decoder = new TextDecoder();
  for (let left = MOST_BYTES;;) {
    const { value } = await reader?.read() ?? {};
    if (!value) return yield decoder.decode();
    left -= value.length;
    if (left < 0 && !endless) {
      await reader?.cancel();
      throw new Error(`the answer has more than ${MOST_BYTES} bytes`);
    }
    yield decoder.decode(value, { stream: true });
  }
}
