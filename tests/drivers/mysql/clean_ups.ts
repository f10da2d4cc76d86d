/**
 * What clean-up on MySQL adds to the requests of a batch, by the chance of a token.
 *
 * @module
 */

import type { Op, Outcome } from "../../../drivers/driver.ts";

/** One grant in 64, or replay of it, also looks for the dead: one request more where there are none. */
export function cleanUpsAfter(ops: readonly Op[], outcomes: readonly Outcome[]): number {
  const isDue = ({ op }: Op, n: number) => {
    const { ok, leases: [lease] } = outcomes[n]!;
    return op === "acquire" && ok && lease!.token % 64 === 0;
  };
  return ops.some(isDue) ? 1 : 0;
}
