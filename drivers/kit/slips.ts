/**
 * Slips in the program of those who use a driver: they are not an outage, and waiting does not mend them.
 *
 * @module
 */

import { CoordinationError } from "../../errors.ts";
import { refuse } from "./check.ts";

/** What engines say where a function, a variable or an object is not there. */
const SLIP = /^(Type|Reference)Error: (Cannot read|.* is not (a function|defined|an object))/;

/**
 * The error for a slip in a function that a user gave, such as one that sends through their client. It is
 * not repeated, and no outage. `undefined` for any other error.
 */
export function slipIn(what: string, error: unknown): CoordinationError | undefined {
  const { name, message } = Object(error);
  if (!SLIP.test(`${name}: ${message}`)) return undefined;
  return new CoordinationError(`Cannot use this ${what}: ${message}`, "misuse", { cause: error });
}

/**
 * Throws for what is most often read from a variable of the environment, and is missing.
 *
 * @param variable The variable's usual name.
 */
export function checkGiven(what: string, value: unknown, variable: string): void {
  if (!value) refuse(what, `it is ${JSON.stringify(value)}. Is ${variable} set?`);
}
