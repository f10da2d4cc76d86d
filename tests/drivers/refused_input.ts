/**
 * What a driver must refuse before it sends anything: each case is one error that names what is wrong, and
 * shows no secret.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf } from "../../errors.ts";
import { getCoordinator } from "../../url.ts";

/** Options that cannot be right, and what the error names. */
export type WrongOptions<T> = readonly (readonly [options: T, names: RegExp])[];

/** URLs that cannot be right, what the error names, and the token that is given beside the URL. */
export type WrongUrls = readonly (readonly [url: string, names: RegExp, token?: string])[];

/** Options are refused when the driver is made. */
export function refusesOptions<T>(
  rows: WrongOptions<T>,
  make: (options: T) => unknown,
  secret: RegExp,
): void {
  for (const [options, names] of rows) {
    const what = JSON.stringify(options);
    assert.throws(() => make(options), (error) => isRefusal(error, names, secret, what), what);
  }
}

/** URLs are refused when the coordinator is made. */
export async function refusesUrls(rows: WrongUrls, secret: RegExp): Promise<void> {
  for (const [url, names, token] of rows) {
    const made = getCoordinator(url, "a", token === undefined ? {} : { token });
    await assert.rejects(made, (error) => isRefusal(error, names, secret, url), url);
  }
}

function isRefusal(error: unknown, names: RegExp, secret: RegExp, what: string): boolean {
  assert(error instanceof Error);
  assert.equal(codeOf(error), "invalid-argument", `${what}: ${error}`);
  assert.match(error.message, names, what);
  assert.doesNotMatch(error.message, secret);
  return true;
}
