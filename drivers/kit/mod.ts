/**
 * What the author of a driver needs: checks, the semantics over a table of one's own, and errors in the
 * words that all drivers use. `docs/write-a-driver.md` shows all of it in use.
 *
 * @module
 */

export { checkOps, MAX_TTL, refuse } from "./check.ts";
export { failure, type Verdict } from "./failure.ts";
export { bySeat, placeKey } from "./order.ts";
export { plain, textOf } from "./plain_words.ts";
export { step, type Table } from "./step.ts";
export { isLoopback } from "./urls.ts";
