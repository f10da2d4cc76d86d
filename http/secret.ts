/**
 * Who may trigger: whoever knows the secret.
 *
 * @module
 */

import { InvalidArgument } from "../errors.ts";

/**
 * What a caller must send as `Authorization: Bearer <secret>`: one secret, or several of which any
 * will do while one replaces another. A function gets them where they come with the request, as on
 * Cloudflare Workers; what it answers is checked then, and nobody is let in by a missing one.
 */
export type Secret<A extends readonly unknown[]> =
  | string
  | readonly string[]
  | ((...args: A) => string | readonly string[] | undefined);

/** Shorter ones can be guessed. */
const SHORTEST = 16;

/**
 * Refuses secrets that would let strangers in, or nobody.
 *
 * @throws {InvalidArgument} when there is none, or one is shorter than 16 characters or cannot be
 *   sent: most often it ends with the line break of the command that stored it.
 */
export function checkSecrets(given: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (secrets.length === 0) throw refusal("there is none");
  return secrets.map((secret) => {
    if (typeof secret !== "string") throw refusal(`it is not a string but ${typeof secret}`);
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
 * Whether a request brings one of the secrets. How long it takes tells nothing of them but how many
 * there are: hashes are compared, which nobody can choose byte by byte, and always to their end.
 */
export async function isAuthorized(
  request: Request,
  secrets: readonly string[],
): Promise<boolean> {
  const [, given] = /^Bearer +(.*)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
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
