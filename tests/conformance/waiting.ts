/**
 * Starts acquisitions that wait, and waits for what becomes of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver, Lease, Op, Outcome } from "../../drivers/driver.ts";
import { isGranted, isOutcome } from "./expect.ts";
import { LONG } from "./operations.ts";
import type { Scene } from "./scene.ts";

/** Long enough for all that happens in a case. */
export const PATIENT = { patience: LONG / 2 };

/** After so many units a call has arrived, whatever it takes: what is sent later arrives later. */
export const ARRIVES = 2;

/** A call that may not have been answered yet. */
export interface Call {
  /** Its outcomes, or what it was rejected with; `undefined` until then. */
  readonly end: { readonly outcomes: readonly Outcome[] } | { readonly error: unknown } | undefined;
  /** Makes the signal of the call abort. */
  abort(reason: unknown): void;
}

/**
 * Sends a batch, and gives it time to arrive.
 *
 * @param units How much. A backend may take several requests until somebody waits, each of which may take
 *   half a unit; so where it matters what came first, it is {@link ARRIVES}.
 */
export async function send(
  on: Scene,
  driver: Driver,
  ops: readonly Op[],
  units = 0.5,
): Promise<Call> {
  const controller = new AbortController();
  let end: Call["end"];
  driver.apply(ops, { signal: controller.signal }).then(
    (outcomes) => end = { outcomes },
    (error: unknown) => end = { error },
  );
  await on.units(units);
  return {
    get end() {
      return end;
    },
    abort: (reason) => controller.abort(reason),
  };
}

/** The call waits still. */
export function waits({ end }: Call): void {
  assert.equal(end, undefined, `it must wait still, but ${JSON.stringify(end)}`);
}

/** The call is answered within so many units; 0 where that needs no time at all. */
export async function answered(on: Scene, call: Call, units: number): Promise<readonly Outcome[]> {
  await ended(on, call, units);
  const { end } = call;
  assert.ok(end && "outcomes" in end, `it must be answered, but ${JSON.stringify(end)}`);
  return end.outcomes;
}

/** The call is rejected within so many units; answers with what. */
export async function failed(on: Scene, call: Call, units: number): Promise<unknown> {
  await ended(on, call, units);
  const { end } = call;
  assert.ok(end && "error" in end, `it must be rejected, but ${JSON.stringify(end)}`);
  return end.error;
}

/** The acquisition that waited is granted within so many units; answers its lease. */
export async function grantedTo(on: Scene, call: Call, op: Acquire, units: number): Promise<Lease> {
  const outcomes = await answered(on, call, units);
  assert.equal(outcomes.length, 1);
  return isGranted(outcomes[0], op);
}

/** The acquisition that waited is refused within so many units, and those are in its way. */
export async function refusedTo(
  on: Scene,
  call: Call,
  inTheWay: readonly Lease[],
  units: number,
): Promise<void> {
  const outcomes = await answered(on, call, units);
  assert.equal(outcomes.length, 1);
  isOutcome(outcomes[0], false, inTheWay);
}

async function ended(on: Scene, call: Call, units: number): Promise<void> {
  for (let passed = 0; !call.end; passed += 0.5) {
    assert.ok(passed <= units, `it waits still, ${passed} units (ttl: 4) later`);
    // The first look takes no time from a clock that stands still.
    await on.units(passed === 0 ? 0 : 0.5);
  }
}
