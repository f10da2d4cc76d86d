/**
 * The modules of the runtime that the driver needs.
 *
 * @module
 */

import { NotSupported } from "../../errors.ts";
import { runtimeModule } from "../kit/runtime_modules.ts";
import type { SqliteDatabase } from "./client.ts";

/** The runtime's own modules that the driver needs. */
interface Builtins {
  "node:fs": typeof import("node:fs");
  "node:os": typeof import("node:os");
  "node:path": typeof import("node:path");
  "node:sqlite": typeof import("node:sqlite");
  "node:url": typeof import("node:url");
  "bun:sqlite": { Database: new (path: string) => SqliteDatabase };
}

/** Gets a module when it is needed. */
export function builtin<N extends keyof Builtins>(name: N): Builtins[N] {
  const found = runtimeModule<Builtins[N]>(name);
  if (!found) throw new NotSupported(`Cannot open a file here: ${name} is missing`);
  return found;
}

/** Opens a file with the SQLite that the runtime brings. */
export function openBuiltin(path: string): SqliteDatabase {
  const node = runtimeModule<Builtins["node:sqlite"]>("node:sqlite");
  if (node) return new node.DatabaseSync(path);
  const bun = runtimeModule<Builtins["bun:sqlite"]>("bun:sqlite");
  if (bun) return new bun.Database(path);
  throw new NotSupported(
    "Cannot open a file here: this runtime brings no SQLite. Use Deno, Bun, or Node 22.13 or later; or " +
      "give the option open, such as (path) => new Database(path) with the class of better-sqlite3",
  );
}
