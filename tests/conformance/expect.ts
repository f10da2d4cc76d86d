/**
 * Sends operations and says what must come back. A lease that is *expected* carries in `left` the
 * most that may be left of it, which is its ttl.
 *
 * @module
 */

import assert from "node:assert/strict";
import type {
  Acquire,
  ApplyOptions,
  Driver,
  Inspect,
  Lease,
  Op,
  Outcome,
  Release,
  Renew,
} from "../../drivers/driver.ts";

/** Applies the operations and checks the form of every answer, whatever it says. */
export async function apply(driver: Driver, ops: readonly Op[]): Promise<readonly Outcome[]> {
  const outcomes = await driver.apply(ops);
  assert.ok(Array.isArray(outcomes), "apply() must answer an array");
  assert.equal(outcomes.length, ops.length, "one outcome for each operation");
  for (const [index, { ok, leases, after }] of outcomes.entries()) {
    if (after !== undefined) {
      const op = ops[index];
      const paged = op?.op === "list" || (op?.op === "inspect" && op.limit !== undefined);
      assert.ok(paged, "only a page has a cursor");
      assert.ok(
        typeof after === "string" && after !== "",
        "a cursor is a text, and not an empty one",
      );
    }
    assert.equal(typeof ok, "boolean", "ok must be a boolean");
    assert.ok(Array.isArray(leases), "leases must be an array");
    for (const { resource, seat, id, token, value, left } of leases) {
      // It would be the backend's, with the namespace in front of it.
      assert.ok(ops[index]?.op === "list" || resource === undefined, "only a list names resources");
      const texts = [typeof seat, typeof id, typeof value];
      assert.deepEqual(texts, ["string", "string", "string"], "seat, id and value must be strings");
      assert.ok(Number.isSafeInteger(token) && token >= 0, `token ${token} is no safe integer`);
      assert.ok(typeof left === "number" && left > 0, `a live lease has time left, not ${left}`);
    }
  }
  return outcomes;
}

/** Applies one operation and checks the form of its answer. */
export async function step(driver: Driver, op: Op): Promise<Outcome> {
  const [outcome] = await apply(driver, [op]);
  assert.ok(outcome);
  return outcome;
}

/** The acquisition is granted; answers its lease, fit to be expected later. */
export async function granted(driver: Driver, op: Acquire): Promise<Lease> {
  return isGranted(await step(driver, op), op);
}

/** That outcome grants that acquisition. */
export function isGranted(outcome: Outcome | undefined, op: Acquire): Lease {
  assert.ok(outcome?.ok, `expected a grant, got ${JSON.stringify(outcome)}`);
  const [lease] = outcome.leases;
  assert.ok(lease, "a grant answers its lease");
  const expected = { ...lease, seat: op.seat, id: op.id, value: op.value, left: op.ttl };
  isOutcome(outcome, true, [expected]);
  return expected;
}

/** The lease is renewed: its token stays, its value only changes if the operation has one. */
export async function renewed(driver: Driver, op: Renew, before: Lease): Promise<Lease> {
  const expected = { ...before, value: op.value ?? before.value };
  isOutcome(await step(driver, op), true, []);
  await lists(driver, { op: "inspect", resource: op.resource, seat: op.seat }, [expected]);
  return expected;
}

/** The lease is released, or broken. */
export async function released(driver: Driver, op: Release): Promise<void> {
  isOutcome(await step(driver, op), true, []);
}

/** The operation is refused, and exactly those leases are listed, in that order. */
export async function refused(driver: Driver, op: Op, inTheWay: readonly Lease[]): Promise<void> {
  isOutcome(await step(driver, op), false, inTheWay);
}

/** Exactly those leases are seen, in that order. */
export async function lists(driver: Driver, op: Inspect, leases: readonly Lease[]): Promise<void> {
  isOutcome(await step(driver, op), true, leases);
}

/** That outcome says exactly that. */
export function isOutcome(
  outcome: Outcome | undefined,
  ok: boolean,
  expected: readonly Lease[],
): void {
  assert.ok(outcome);
  assert.deepEqual(
    { ok: outcome.ok, leases: outcome.leases.map(withoutLeft) },
    { ok, leases: expected.map(withoutLeft) },
  );
  for (const [index, { left }] of outcome.leases.entries()) {
    const most = expected[index]?.left ?? 0;
    assert.ok(left <= most, `${left} ms left of a lease of ${most}`);
    // Anything finite would make a waiter believe in an end that never comes.
    assert.equal(left === Infinity, most === Infinity, `${left} ms left of a lease of ${most}`);
  }
}

function withoutLeft({ seat, id, token, value }: Lease): Omit<Lease, "left"> {
  return { seat, id, token, value };
}

/** The batch is rejected, by a promise; answers with what. */
export async function rejected(
  driver: Driver,
  ops: readonly Op[],
  options?: ApplyOptions,
): Promise<unknown> {
  let promise;
  try {
    promise = driver.apply(ops, options);
  } catch (error) {
    // It would escape the caller's `.catch()`.
    assert.fail(`apply() must reject and not throw ${error}`);
  }
  // Two arguments, for a failure of the first must not reach the second.
  return await promise.then(
    (answer) => assert.fail(`expected a rejection, got ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
}

/** Orders as the contract does: by UTF-16 code units. */
export function bySeat(one: { seat: string }, two: { seat: string }): number {
  return one.seat < two.seat ? -1 : one.seat > two.seat ? 1 : 0;
}
