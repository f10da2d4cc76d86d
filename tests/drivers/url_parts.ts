/** What the drivers of clients make of URLs: the parts that they are given, and what they refuse. */
import assert from "node:assert/strict";
import type { UrlParts } from "../../drivers/kit/urls.ts";
import { InvalidArgument } from "../../errors.ts";

/** A URL as its parts. */
export function partsOf(text: string, token?: string): UrlParts {
  const [url = "", parameters] = text.split("?");
  return { url, parameters, token };
}

/** Each of these URLs is refused, for that reason. */
export function assertRefused(
  settingsOf: (address: UrlParts) => unknown,
  refused: readonly (readonly [url: string, why: RegExp])[],
): void {
  for (const [url, why] of refused) {
    assert.throws(() => settingsOf(partsOf(url)), (error: Error) => {
      assert(error instanceof InvalidArgument, url);
      assert.match(error.message, why);
      return true;
    }, url);
  }
}
