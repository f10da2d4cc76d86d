/**
 * How a command goes out, and how a script is run in one request.
 *
 * @module
 */

import type { ApplyOptions } from "../driver.ts";
import { nonces } from "../kit/nonce.ts";
import { brief } from "./errors.ts";

/**
 * Sends one Redis command and answers its reply; rejects with the server's error. It must send at
 * most once per call, or only what is safe to send twice, which these commands are.
 */
export type SendCommand = (command: readonly string[], signal?: AbortSignal) => Promise<unknown>;

/** A script, and what to make of an error of a request that was sent. */
export interface Script {
  /** Its text. */
  readonly text: string;
  /** The SHA-1 of its text. */
  readonly sha1: string;
}

/**
 * Makes the function that runs a script by its SHA-1, and by its text on a server that does not know it
 * yet. A nonce follows the arguments, so that no two requests are the same (contract rule 12).
 *
 * @throws what `beforeRequest` throws; what `explain` makes of an error of the sender.
 */
export function scriptRunner(
  send: SendCommand,
  script: Script,
): (
  tail: readonly string[],
  explain: (error: unknown) => unknown,
  options?: ApplyOptions,
) => Promise<unknown> {
  const nonce = nonces();
  return async (tail, explain, { signal, beforeRequest } = {}) => {
    const ask = async (...head: string[]): Promise<{ reply?: unknown; error?: unknown }> => {
      beforeRequest?.();
      try {
        return { reply: await send([...head, ...tail, nonce()], signal) };
      } catch (error) {
        return { error };
      }
    };
    let answer = await ask("EVALSHA", script.sha1);
    // The one error that proves that nothing ran: the same goes out again with the text.
    if (/^NOSCRIPT\b/.test(brief(answer.error))) answer = await ask("EVAL", script.text);
    if ("error" in answer) throw explain(answer.error);
    return answer.reply;
  };
}
