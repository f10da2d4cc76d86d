/**
 * How a command goes out, and how a script is run in one request.
 *
 * @module
 */

import { brief } from "./errors.ts";

/**
 * Sends one Redis command and answers its reply; rejects with the server's error. It must send at
 * most once per call, or only what is safe to send twice, which these commands are.
 */
export type SendCommand = (command: readonly string[], signal?: AbortSignal) => Promise<unknown>;

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
