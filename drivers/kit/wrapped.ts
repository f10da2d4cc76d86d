/**
 * What a decorator hands on as it is.
 *
 * @module
 */

import type { Driver } from "../driver.ts";

/** All of a driver but its `apply`: its name, its guarantees, and how it is disposed of, if it can be. */
export function wrapped(driver: Driver): Omit<Driver, "apply"> {
  const { name, guarantees } = driver;
  if (!driver[Symbol.asyncDispose]) return { name, guarantees };
  return {
    name,
    guarantees,
    [Symbol.asyncDispose]: async () => await driver[Symbol.asyncDispose]?.(),
  };
}
