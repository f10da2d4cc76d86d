/**
 * The memory driver as tests want it.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { memory as inMemory, type MemoryOptions } from "../../drivers/memory.ts";

/**
 * As `memory()` of `@baton/baton/drivers/memory`, but strict by default: what a server would refuse is
 * refused in your tests, too.
 *
 * @throws {InvalidArgument} when an option is unknown.
 */
export function memory(options: MemoryOptions = {}): Driver {
  return inMemory({ ...options, strict: options.strict ?? true });
}
