/**
 * Upstash's REST protocol, by the runtime's own `fetch`: a command is one POST, sent once, and its
 * answer is `{ "result": … }` or `{ "error": … }`. Whatever else comes back proves nothing.
 *
 * @module
 */

import { noAnswer } from "../kit/failure.ts";
import { plainRequest, textIn } from "../kit/http.ts";
import { textOf } from "../kit/plain_words.ts";
import type { SendCommand } from "./send.ts";

/** Where commands are sent. */
export interface RestAddress {
  /** The name of the backend, for messages. */
  readonly name: string;
  /** The checked URL. */
  readonly url: string;
  /** The checked token. */
  readonly token: string;
}

/** Makes the function that sends one command in one request. No error of it contains the token. */
export function restSender({ name, url, token }: RestAddress): SendCommand {
  const constant = {
    ...plainRequest(),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  } as const;
  return async (command, signal) => {
    try {
      const body = JSON.stringify(command);
      return await resultOf(
        await fetch(url, { ...constant, body, ...(signal && { signal }) }),
        name,
      );
    } catch (error) {
      throw withoutSecret(error, token);
    }
  };
}

async function resultOf(response: Response, name: string): Promise<unknown> {
  const { status } = response;
  const { result, error } = Object(parsed(await textIn(name, response)));
  // Not every server says so in JSON, or in Redis's words.
  if (status === 401) throw new Error(`Unauthorized ${textOf(error ?? "")}`);
  if (typeof error === "string") throw new Error(error);
  if (!response.ok || result === undefined) throw noAnswer(name, `HTTP status ${status}`);
  return result;
}

/** What a JSON text holds; `undefined` if it is not one. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A token of fewer characters is a test's, and no secret: it is a part of most words. */
const SECRET = 4;

/**
 * An error that does not repeat the token, whatever a server or proxy put into it. So are its causes,
 * which have the network's own code.
 *
 * @param depth How many causes are kept, because they may be a circle.
 */
function withoutSecret(error: unknown, token: string, depth = 8): unknown {
  const { code, cause } = Object(error);
  const deeper = cause && depth > 0 ? withoutSecret(cause, token, depth - 1) : undefined;
  const text = textOf(error);
  const bare = token.length < SECRET ? text : text.replaceAll(token, "[token]");
  if (bare === text && deeper === cause) return error;
  return Object.assign(new Error(bare), code && { code }, deeper && { cause: deeper });
}
