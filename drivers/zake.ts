/**
 * `zake:`, which Tooz has for tests: one backend in memory for all of a process that use it.
 *
 * It is `memory()`, and it is the one driver with state of the module: a test and the code under test
 * meet there, as they do in Tooz. Nothing of it outlives the process. For anything else use
 * `memory()`, and hand it around.
 *
 * @module
 */

import type { Driver } from "./driver.ts";
import { memory } from "./memory.ts";

let backend: Driver | undefined;

/** The process's own. */
export function zake(): Driver {
  return backend ??= { ...memory(), name: "zake" };
}
