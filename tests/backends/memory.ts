/**
 * Memory: on a clock that only tests set on, and on the clock that users get.
 *
 * @module
 */

import { memory as makeMemory } from "../../drivers/memory.ts";
import { type Backend, wait } from "./backend.ts";
import { withCuts } from "../conformance/mod.ts";
import { decorator } from "./decorators.ts";
import { wired } from "./wired.ts";

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
    const backend = withCuts({ connect: () => shared, pass: wait, tick: 50 });
    return Promise.resolve({ ...backend, stop });
  },
};

/** On a fake clock, behind a wire that carries texts. */
export const memoryBehindAWire: Backend = {
  name: "memory behind a wire",
  key: "memory-wire",
  clock: "fake",
  lanes: 1,
  has: {},
  start: ({ time } = {}) =>
    Promise.resolve({ ...wired(undefined, time), stop: () => Promise.resolve() }),
};
