/**
 * Generated mutants that nobody could tell from the code as it is, each with the reason. Those of an
 * older code are reported by `deno task mutate`.
 *
 * @module
 */

/** By title, why nothing is different. */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map([]);
