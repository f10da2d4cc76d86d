/**
 * What a log could show, for tests that look for secrets in it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CoordinationError } from "../../errors.ts";

/** Everything that could be printed of an error, or of anything else. */
export function shown(thing: unknown): string {
  const { message, stack, cause } = Object(thing) as Error;
  return [
    [String(thing), message, stack, String(cause)],
    [JSON.stringify(thing), JSON.stringify(Object.getOwnPropertyDescriptors(Object(thing)))],
    [Deno.inspect(thing, { depth: 99, showHidden: true }), Deno.inspect(cause, { depth: 99 })],
  ].flat().join("\n");
}

/** The error a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(() => assert.fail("it succeeded"), (error: unknown) => error);
  assert(error instanceof Error);
  return error;
}

/** The same, where the error must be one of Baton's. */
export async function batonErrorOf(call: Promise<unknown>): Promise<CoordinationError> {
  const error = await errorOf(call);
  assert(error instanceof CoordinationError);
  return error;
}
