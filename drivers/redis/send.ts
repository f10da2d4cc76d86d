/**
 * How a command is sent, and how a script runs in one request.
 *
 * @module
 */

import type { ApplyOptions } from "../driver.ts";
import { checkFunction, SENDS } from "../kit/check.ts";
import { nonces } from "../kit/nonce.ts";
import { brief } from "./errors.ts";

/**
 * Sends one Redis command, its name and its arguments, and returns its reply; rejects with the
 * server's error. Baton's own commands are safe to send twice, so the client may repeat them. (A
 * fenced write is not; see `fencedRedis`.) A client that takes a signal may be given this one;
 * others go on in the background when a call is aborted.
 */
export type SendCommand = (
  command: readonly [name: string, ...args: string[]],
  signal?: AbortSignal,
) => Promise<unknown>;

/** A script and its hash. */
export interface Script {
  /** Its text. */
  readonly text: string;
  /** The SHA-1 of its text. */
  readonly sha1: string;
}

/**
 * Makes the function that runs a script by its SHA-1, or by its text if the server does not know it
 * yet. A nonce follows the arguments, so that no two requests are the same (contract rule 12).
 *
 * @throws {InvalidArgument} when `send` is not a function. Its own function throws what
 *   `beforeRequest` throws, or what `explain` makes of the sender's error.
 */
export function scriptRunner(
  send: SendCommand,
  script: Script,
): (
  tail: readonly string[],
  explain: (error: unknown) => unknown,
  options?: ApplyOptions,
) => Promise<unknown> {
  checkFunction("send", send, SENDS);
  const nonce = nonces();
  return async (tail, explain, { signal, beforeRequest } = {}) => {
    const run = async (name: string, of: string): Promise<{ reply?: unknown; error?: unknown }> => {
      beforeRequest?.();
      try {
        return { reply: await send([name, of, ...tail, nonce()], signal) };
      } catch (error) {
        return { error };
      }
    };
    let answer = await run("EVALSHA", script.sha1);
    // This error proves that nothing ran, so the same is sent again with the text.
    if (/^NOSCRIPT\b/.test(brief(answer.error))) answer = await run("EVAL", script.text);
    if ("error" in answer) throw explain(answer.error);
    return answer.reply;
  };
}
