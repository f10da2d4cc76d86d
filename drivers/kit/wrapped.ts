/**
 * What a decorator passes on unchanged.
 *
 * @module
 */

import type { Driver } from "../driver.ts";

/**
 * All of a driver except its `apply`: its name, its guarantees and, if it has one, its disposal.
 */
export function wrapped(driver: Driver): Omit<Driver, "apply"> {
  const { name, guarantees } = driver;
  if (!driver[Symbol.asyncDispose]) return { name, guarantees };
  return {
    name,
    guarantees,
    [Symbol.asyncDispose]: async () => await driver[Symbol.asyncDispose]?.(),
  };
}
