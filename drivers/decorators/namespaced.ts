/**
 * Keeps applications that share a backend apart.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import { checkOps } from "../kit/check.ts";
import { wrapped } from "../kit/wrapped.ts";
import type { Driver, Op, Outcome } from "../driver.ts";

/**
 * Puts every resource of `driver` under `namespace`. Two namespaces never see each other, and none
 * sees the resources outside of all namespaces.
 *
 * @param namespace 1 to 64 of `A–Z a–z 0–9 . _ -`.
 * @throws {InvalidArgument} when the namespace has anything else in it.
 */
export function namespaced(driver: Driver, namespace: string): Driver {
  checkNamespace(namespace);
  const inside = <T extends { resource: string }>(place: T): T => ({
    ...place,
    resource: `${namespace}/${place.resource}`,
  });
  const prefixed = (op: Op): Op => {
    if (op.op === "list") return { ...op, prefix: `${namespace}/${op.prefix}` };
    return "guard" in op && op.guard ? { ...inside(op), guard: inside(op.guard) } : inside(op);
  };
  /** A list's leases name their resources; those of other operations do not. */
  const outside = (outcome: Outcome, op: Op | undefined): Outcome => {
    if (op?.op !== "list") return outcome;
    const leases = outcome.leases.map((lease) => ({
      ...lease,
      resource: lease.resource!.slice(namespace.length + 1),
    }));
    return { ...outcome, leases };
  };
  return {
    ...wrapped(driver),
    async apply(ops, options) {
      // Before the prefix makes an empty resource look like one.
      checkOps(ops, driver.guarantees.minTtl);
      const outcomes = await driver.apply(ops.map(prefixed), options);
      return outcomes.map((outcome, n) => outside(outcome, ops[n]));
    },
  };
}

/**
 * Refuses what is no namespace. Without ":" or "/" in it, and as every resource of Baton's starts with a
 * word and ":", no prefixed name can be read as another namespace's or as one without.
 *
 * @throws {InvalidArgument} when there is anything else in it.
 */
export function checkNamespace(namespace: string): void {
  if (/^[\w.-]{1,64}$/.test(namespace)) return;
  throw new InvalidArgument(
    'Cannot use this namespace: it must be 1 to 64 letters, digits, ".", "_" or "-"',
  );
}
