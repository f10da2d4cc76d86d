/**
 * The modules of Node that the driver needs.
 *
 * @module
 */

import { NotSupported } from "../../errors.ts";

/** Node's own modules that the driver needs. */
interface Builtins {
  "node:fs": typeof import("node:fs");
  "node:path": typeof import("node:path");
  "node:sqlite": typeof import("node:sqlite");
  "node:url": typeof import("node:url");
}

/**
 * Gets a module when it is needed. A bundler would move an import to the top, and then a Worker
 * that could, but does not, open a file would not start.
 */
export function builtin<N extends keyof Builtins>(name: N): Builtins[N] {
  type Get = { getBuiltinModule?: (name: string) => Builtins[N] | undefined };
  const process = (globalThis as Record<string, unknown>)["process"] as Get | undefined;
  const found = process?.getBuiltinModule?.(name);
  if (!found) {
    throw new NotSupported(
      `Cannot open a file here: ${name} is missing. Use Deno, or Node 22.13 or later`,
    );
  }
  return found;
}
