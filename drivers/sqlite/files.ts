/**
 * Where the file is, and whether it is still there.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";
import { builtin } from "./builtin.ts";

/**
 * The path that is meant.
 *
 * @throws {InvalidArgument} when it is neither a path nor a `file:` URL.
 */
export function pathOf(file: string | URL): string {
  const text = String(file);
  if (/^file:\/\//.test(text)) return builtin("node:url").fileURLToPath(text);
  const path = text.replace(/^file:/, "");
  if (
    path === "" || path.startsWith(":") || /^[a-z][a-z0-9+.-]+:/i.test(path) || path.includes("\0")
  ) {
    refuse("SQLite file", "it is no path or file: URL (for leases without a file use memory())");
  }
  return path;
}

/** The path, wherever this process goes to later. */
export function absolute(path: string): string {
  return builtin("node:path").resolve(path);
}

/** The path and those of the two files that SQLite keeps beside the file, whatever links lead to it. */
export function withBeside(path: string): string[] {
  const real = builtin("node:fs").realpathSync(path);
  return [path, `${real}-wal`, `${real}-shm`];
}

/**
 * Which files are at these paths now. Another text means that one was deleted or replaced: while a file
 * is open no other one has its number. On Windows nobody can delete or replace a file that SQLite has
 * open.
 */
export function filesAt(paths: readonly string[]): string {
  return paths.map(fileAt).join(" ");
}

function fileAt(path: string): string {
  const { statSync } = builtin("node:fs");
  try {
    // Each request asks, and this is three times as fast as to ask for big numbers.
    const { dev, ino } = statSync(path);
    return `${dev}:${Number.isSafeInteger(ino) ? ino : statSync(path, { bigint: true }).ino}`;
  } catch {
    return "none";
  }
}
