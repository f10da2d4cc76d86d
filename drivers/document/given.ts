/**
 * Tokens and keys that a function gives anew for each request.
 *
 * @module
 */

import { codeOf, ConnectionError } from "../../errors.ts";
import { unlessAborted } from "../kit/aborts.ts";
import { slipIn } from "../kit/slips.ts";

/**
 * What is to be used now. A function may fail for a while, or return what cannot be used: a file that is
 * being written, a service that is away. That is an outage, and not a mistake which would end a
 * campaign.
 *
 * @param name The name of the driver, for messages.
 * @param what What it is, for messages.
 * @param source The value, which has been checked, or a function.
 * @param check Throws `InvalidArgument` for a value that cannot be used.
 * @param signal Ends the wait for it.
 * @throws {ConnectionError} when the function has none. Its own words are not repeated: they may hold a
 *   secret.
 */
export async function given<T>(
  name: string,
  what: string,
  source: T | (() => T | Promise<T>),
  check: (value: T) => void,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (typeof source !== "function") return source;
  const asked = async (): Promise<T> => await (source as () => T | Promise<T>)();
  try {
    // Nothing has been sent for this request, so an abort is thrown as it is.
    const value = await unlessAborted(asked(), signal);
    check(value);
    return value;
  } catch (error) {
    if (signal?.aborted) throw error;
    const code = codeOf(error);
    if (code && code !== "invalid-argument") throw error;
    const slip = slipIn(`function for the ${what}`, error);
    if (slip) throw slip;
    const { code: of } = Object(error);
    const why = code
      ? "returned none that can be used"
      : `failed${/^E[A-Z]+$/.test(of) ? ` with ${of}` : ""}`;
    throw new ConnectionError(
      `${name} has no ${what}, so nothing was sent: the function that gives it ${why}`,
      { code: "unauthorized", retryable: true },
    );
  }
}
