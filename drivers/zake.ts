/**
 * `zake:`, which Tooz has for tests: one backend in memory for all of a process that use it.
 *
 * It is `memory()`, and it is the one driver with a state that is global: a test and the code under test
 * meet there, as they do in Tooz, even if each has a copy of this package. Nothing of it outlives the
 * process. For anything else use `memory()`, and hand it around.
 *
 * @module
 */

import type { Driver } from "./driver.ts";
import { memory } from "./memory.ts";

/** All copies of this module know it by this name. */
const NAME = Symbol.for("@baton/baton/drivers/zake");
const known = globalThis as { [NAME]?: Driver };

/** The process's own. */
export function zake(): Driver {
  return known[NAME] ??= { ...memory(), name: "zake" };
}
