/**
 * Only callers that know the secret may trigger.
 *
 * @module
 */

import { InvalidArgument } from "../errors.ts";

/**
 * What a caller must send as `Authorization: Bearer <secret>`. While one secret replaces another,
 * give both: either will do. Give a function if the secret comes with the request, as on Cloudflare
 * Workers. Its answer is checked at each request, and a missing secret lets nobody in.
 */
export type Secret<A extends readonly unknown[]> =
  | string
  | readonly string[]
  | ((...args: A) => string | readonly string[] | undefined);

/** Shorter secrets can be guessed. */
const SHORTEST = 16;

/**
 * Throws if a secret would let strangers in, or could let nobody in.
 *
 * @throws {InvalidArgument} when there is no secret, or one is shorter than 16 characters or cannot
 *   be sent. Most often it cannot be sent because it ends with the line break of the command that
 *   stored it.
 */
export function checkSecrets(given: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (secrets.length === 0) throw refusal("there is none");
  return secrets.map((secret) => {
    if (typeof secret !== "string") {
      throw refusal(`it is ${typeof secret}, not a string, as when its variable is not set`);
    }
    if (secret.length < SHORTEST) throw refusal(`it is shorter than ${SHORTEST} characters`);
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      throw refusal("it has a space, a line break or a character that no header can carry");
    }
    return secret;
  });
}

function refusal(why: string): InvalidArgument {
  return new InvalidArgument(
    `Cannot use this secret: ${why}. Use at least ${SHORTEST} random printable characters`,
  );
}

/** The secrets for this request. */
export function secretsFor<A extends readonly unknown[]>(
  secret: Secret<A>,
  args: A,
): readonly string[] {
  return checkSecrets(typeof secret === "function" ? secret(...args) : secret);
}

/**
 * Whether a request has one of the secrets. Its duration reveals only how many secrets there are:
 * it compares hashes, which nobody can choose byte by byte, and always compares them to their end.
 */
export async function isAuthorized(
  request: Request,
  secrets: readonly string[],
): Promise<boolean> {
  const [, given] = /^Bearer +(.*)/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (given === undefined) return false;
  const hash = await sha256(given);
  let found = false;
  for (const secret of secrets) {
    const wanted = await sha256(secret);
    const differences = wanted.reduce((all, byte, i) => all | (byte ^ (hash[i] ?? 0)), 0);
    found = differences === 0 || found;
  }
  return found;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
