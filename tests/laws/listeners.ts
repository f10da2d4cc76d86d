/**
 * What a driver leaves on a signal. It is no law of the published suite, because the `fetch` of some
 * runtimes leaves something there itself.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError } from "../../errors.ts";
import type { Op } from "../../drivers/driver.ts";
import type { Case } from "../conformance/mod.ts";
import { acquire, inspect, list, release, renew } from "../conformance/operations.ts";
import { law } from "../conformance/scene.ts";

/** A signal that knows how many listen to it. */
function counted(): { signal: AbortSignal; count: () => number } {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: EventListener, ...more: [object?]) => {
    listeners.add(listener);
    addEventListener.call(signal, type, listener, ...more);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  return { signal, count: () => listeners.size };
}

/** A handler's signal may see thousands of calls, and each that stays would hold what it has answered. */
export const listenerCase: Case = law(
  9,
  "a signal that outlives its calls keeps none of their listeners",
  async ({ driver, name, short, units }) => {
    const { signal, count } = counted();
    const mine = acquire(name());
    const theirs = { ...acquire(mine.resource), patience: Math.ceil(short / 4) };
    const ops: readonly Op[] = [
      ...[mine, acquire(mine.resource), theirs, renew(mine), inspect(mine.resource)],
      ...[list(mine.resource), release(mine), acquire(name())],
    ];
    for (const batch of [...ops.map((op) => [op]), [acquire(name()), acquire(name())]]) {
      const answer = driver.apply(batch, { signal });
      // A wait ends by the backend's clock, which may be the test's.
      if (batch.includes(theirs)) await units(2);
      await answer;
      // What ends with the answer may end just after it.
      await new Promise((resolve) => setTimeout(resolve));
      assert.equal(count(), 0, batch.map(({ op }) => op).join());
    }
    const beforeRequest = (): void => {
      throw new ConnectionError("enough");
    };
    await assert.rejects(driver.apply([mine], { signal, beforeRequest }));
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(count(), 0, "a call that was forbidden");
  },
);
