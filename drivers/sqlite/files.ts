/**
 * Where the file is, and whether it is still there.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";
import { builtin } from "./builtin.ts";

/**
 * The path of a path or `file:` URL.
 *
 * @throws {InvalidArgument} when it is neither of the two.
 */
export function pathOf(file: string | URL): string {
  const text = String(file);
  if (/^file:\/\//.test(text)) return builtin("node:url").fileURLToPath(text);
  const path = text.replace(/^file:/, "");
  if (
    path === "" || path.startsWith(":") || /^[a-z][a-z0-9+.-]+:/i.test(path) || path.includes("\0")
  ) {
    refuse("SQLite file", "it is not a path or file: URL (for leases without a file use memory())");
  }
  return path;
}

/** The absolute path, which stays right if this process changes its directory. */
export function absolute(path: string): string {
  return builtin("node:path").resolve(path);
}

/**
 * The path, and the paths of the two files that SQLite keeps beside the file, with links resolved.
 */
export function withBeside(path: string): string[] {
  const real = builtin("node:fs").realpathSync(path);
  return [path, `${real}-wal`, `${real}-shm`];
}

/**
 * A text that says which files are at these paths now. A different text means that a file was
 * deleted or replaced, because no other file gets the number of a file that is open. On Windows
 * nobody can delete or replace a file that SQLite has open.
 */
export function filesAt(paths: readonly string[]): string {
  return paths.map(fileAt).join(" ");
}

function fileAt(path: string): string {
  const { statSync } = builtin("node:fs");
  try {
    // Each request calls this, and it is three times as fast as asking for big numbers.
    const { dev, ino } = statSync(path);
    return `${dev}:${Number.isSafeInteger(ino) ? ino : statSync(path, { bigint: true }).ino}`;
  } catch {
    return "none";
  }
}
