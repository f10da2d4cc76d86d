/**
 * Separates applications that share a backend.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import { checkOps } from "../kit/check.ts";
import { wrapped } from "../kit/wrapped.ts";
import type { Driver, Op, Outcome } from "../driver.ts";

/**
 * Puts every resource of `driver` under `namespace`. Two namespaces never see each other's
 * resources, and no namespace sees resources that are outside of all namespaces.
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
  /** Takes the namespace off the resources in a list; other outcomes do not name resources. */
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
      // Checked before the prefix is added, which would make an empty resource look valid.
      checkOps(ops, driver.guarantees.minTtl);
      const outcomes = await driver.apply(ops.map(prefixed), options);
      return outcomes.map((outcome, n) => outside(outcome, ops[n]));
    },
  };
}

/**
 * Throws if a text cannot be a namespace. A namespace has no ":" and no "/", and every resource of
 * Baton begins with a word and ":". So no name with a prefix can be read as one of another
 * namespace, or as one without a namespace.
 *
 * @throws {InvalidArgument} when the text has other characters, or more than 64.
 */
export function checkNamespace(namespace: string): void {
  // A pattern alone would take `null` for a text.
  if (typeof namespace === "string" && /^[\w.-]{1,64}$/.test(namespace)) return;
  throw new InvalidArgument(
    'Cannot use this namespace: it must be 1 to 64 letters, digits, ".", "_" or "-"',
  );
}
