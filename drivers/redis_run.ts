/**
 * How a script is run in one request.
 *
 * @module
 */

import type { SendCommand } from "./redis.ts";
import { brief } from "./redis_errors.ts";

/** Runs a script by its SHA-1, and by its text on a server that does not know it yet. */
export async function runScript(
  send: SendCommand,
  script: { readonly text: string; readonly sha1: string },
  tail: readonly string[],
  signal?: AbortSignal,
): Promise<unknown> {
  return await send(["EVALSHA", script.sha1, ...tail], signal).catch((error) => {
    // The one error that proves that nothing ran: the same goes out again with the text.
    if (/^NOSCRIPT\b/.test(brief(error))) return send(["EVAL", script.text, ...tail], signal);
    throw error;
  });
}
