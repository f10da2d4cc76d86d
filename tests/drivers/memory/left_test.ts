/**
 * What is left in memory of names that nobody holds any more: the sizes of its maps are counted.
 *
 * @module
 */

import assert from "node:assert/strict";
import { memory } from "../../../drivers/memory.ts";
import { acquire, release } from "../../conformance/operations.ts";

/** What a backend keeps in maps from its beginning on, and how much there is in the largest. */
function withMaps<T>(make: () => T): { made: T; most(): number } {
  const real = globalThis.Map;
  const maps: { size: number }[] = [];
  globalThis.Map = class<K, V> extends real<K, V> {
    constructor(entries?: Iterable<readonly [K, V]> | null) {
      super(entries);
      maps.push(this);
    }
  } as MapConstructor;
  try {
    return { made: make(), most: () => Math.max(...maps.map(({ size }) => size)) };
  } finally {
    globalThis.Map = real;
  }
}

Deno.test("names that are used once and given back leave nothing behind", async () => {
  const { made: driver, most } = withMaps(() => memory());
  for (let name = 0; name < 1_000; name++) {
    const op = acquire(`lock:${name}`, { patience: 1 });
    await driver.apply([op]);
    assert(most() > 0);
    await driver.apply([release(op)]);
    // Whatever is left of the last few goes with the next.
    assert(most() <= 2, `${most()} are left after ${name + 1}`);
  }
});
