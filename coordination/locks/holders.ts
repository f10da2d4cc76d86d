/**
 * What everyone may see of a lease.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import type { Holder } from "../../errors.ts";

/** The part of a backend's lease that everyone may see. */
export function holderOf({ value, token, left }: spi.Lease): Holder {
  return { memberId: value, token, left };
}

/** Who is in the way, the first to run out first. */
export function holdersIn(blockers: readonly spi.Lease[]): Holder[] {
  return [...blockers].sort((a, b) => a.left - b.left).map(holderOf);
}
