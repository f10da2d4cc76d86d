/**
 * What the answers of stores that speak HTTP, or missing ones, show about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import { failure, isTlsFailure, noAnswer } from "../kit/failure.ts";

/** A store answered with something else than what was asked for. Its message is the store's word for it. */
export class Refused extends Error {
  /** The HTTP status. */
  readonly status: number;

  /** Without a word, nobody knows who has answered. */
  constructor(status: number, word: string) {
    super(word);
    this.status = status;
  }
}

/** What to do about a refusal, before which nothing is written, and which error that is. */
export type Refusal = readonly [advice: string, kind?: "unauthorized" | "busy" | undefined];

/** Nothing is sent to a server without a certificate that the runtime trusts. */
const TLS =
  "check whether the port speaks TLS, and the certificate (NODE_EXTRA_CA_CERTS, DENO_CERT)";

/** The error that Baton throws; `refusalIn` knows the refusals of that store. */
export function storeError(
  name: string,
  error: unknown,
  refusalIn: (refused: Refused) => Refusal | undefined,
  signal: AbortSignal | undefined,
): CoordinationError {
  const refused = error instanceof Refused ? error : undefined;
  if (refused?.message === "") return noAnswer(name, `status ${refused.status}`);
  return failure(name, error, () => {
    const [advice, kind] = refused ? refusalIn(refused) ?? [] : isTlsFailure(error) ? [TLS] : [];
    return {
      said: refused ? `status ${refused.status}: ${refused.message}` : "a broken connection",
      refused: advice !== undefined,
      unauthorized: kind === "unauthorized",
      mayPass: kind === "busy",
      advice: advice ?? "check the URL and the network",
    };
  }, signal);
}
