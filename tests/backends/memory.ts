/**
 * Memory: on a clock that only tests set on, and on the clock that users get.
 *
 * @module
 */

import { memory as makeMemory } from "../../drivers/memory.ts";
import { type Backend, wait } from "./backend.ts";
import { decorator } from "./decorators.ts";

/** On a fake clock. */
export const memory: Backend = decorator("memory", (inner) => inner);

/** On its own clock, so that nothing holds only because time stands still. */
export const memoryOnItsOwnClock: Backend = {
  name: "memory on its own clock",
  key: "memory-clock",
  clock: "real",
  lanes: 16,
  has: {},
  start() {
    const shared = makeMemory();
    const stop = () => Promise.resolve();
    return Promise.resolve({ connect: () => shared, pass: wait, tick: 50, stop });
  },
};
