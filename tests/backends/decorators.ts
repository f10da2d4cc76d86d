/**
 * Every decorator, over memory on a fake clock: each is held to the contract of the driver it wraps.
 *
 * @module
 */

import { retrying } from "../../coordination/leases/retrying.ts";
import { budgeted } from "../../drivers/decorators/budgeted.ts";
import { namespaced } from "../../drivers/decorators/namespaced.ts";
import { traced } from "../../drivers/decorators/traced.ts";
import type { Driver } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import type { Backend as Place } from "../conformance/mod.ts";
import type { Backend, Time } from "./backend.ts";
import { onClock } from "./fake_clock.ts";

/** Memory on a fake clock, behind a decorator; the way in between can be cut. */
export function decorated(decorate: (inner: Driver) => Driver, time?: Time): Place {
  const plain = onClock(time, (now, after) => {
    const shared = memory({ now, after });
    return () => shared;
  });
  return { ...plain, connect: async () => decorate(await plain.connect()) };
}

/** The same as an entry of the registry. */
export function decorator(name: string, decorate: (inner: Driver) => Driver): Backend {
  const stop = () => Promise.resolve();
  const start: Backend["start"] = ({ time } = {}) =>
    Promise.resolve({ ...decorated(decorate, time), stop });
  return { name, key: name, clock: "fake", lanes: 1, has: {}, start };
}

/** A decorator that mends by itself what is cut, so that a cut cannot be seen from outside. */
function mending(name: string, decorate: (inner: Driver) => Driver): Backend {
  const { start, ...entry } = decorator(name, decorate);
  return {
    ...entry,
    start: async (options) => {
      const { cut: _, ...backend } = await start(options);
      return backend;
    },
  };
}

/** The table. */
export const DECORATORS: readonly Backend[] = [
  mending("retrying", (inner) => retrying(inner)),
  decorator("namespaced", (inner) => namespaced(inner, "app-1")),
  decorator("traced", (inner) => traced(inner, () => {})),
  decorator("budgeted", (inner) => budgeted(inner, Number.MAX_SAFE_INTEGER)),
  mending(
    "all decorators together",
    (inner) => retrying(traced(namespaced(namespaced(inner, "outer"), "inner"), () => {})),
  ),
];
