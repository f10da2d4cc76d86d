/**
 * What can happen to a SQLite file that somebody has open, and how that is noticed.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Outcome } from "../../../drivers/driver.ts";
import { sqlite } from "../../../drivers/sqlite/sqlite.ts";
import { ConnectionError } from "../../../errors.ts";
import { removeFolder, temporaryFolder } from "../../servers/folders.ts";

/** Longer than any test. */
export const TTL = 600_000;

/** Acquires the lock `x`. */
export function acquire(id: string): Acquire {
  return { op: "acquire", resource: "lock:x", seat: "", id, ttl: TTL, value: "" };
}

/** Runs a test in a folder of its own. */
export async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder("baton-sqlite-");
  try {
    await test(folder);
  } finally {
    await removeFolder(folder);
  }
}

/** A file with one lease in it, that nobody has open. */
export async function made(file: string, id: string): Promise<void> {
  using driver = sqlite(file);
  await driver.apply([acquire(id)]);
}

/** Removes `leases.db` with these ends of its name. */
export async function remove(folder: string, ...ends: string[]): Promise<void> {
  for (const end of ends) await Deno.remove(`${folder}/leases.db${end}`);
}

/** What is done to `leases.db`, or to what is beside it. */
export const DEEDS = {
  "deleted": (folder) => Deno.remove(`${folder}/leases.db`),
  "deleted with what is beside it": (folder) => remove(folder, "", "-wal", "-shm"),
  "replaced by another": async (folder) => {
    await made(`${folder}/other.db`, "somebody");
    await remove(folder, "-wal", "-shm");
    await Deno.rename(`${folder}/other.db`, `${folder}/leases.db`);
  },
  "restored from a copy, byte for byte": async (folder) => {
    await Deno.copyFile(`${folder}/leases.db`, `${folder}/copy.db`);
    await remove(folder, "", "-wal", "-shm");
    await Deno.rename(`${folder}/copy.db`, `${folder}/leases.db`);
  },
  "bereft of its -wal": (folder) => remove(folder, "-wal"),
  "bereft of its -shm": (folder) => remove(folder, "-shm"),
} satisfies Record<string, (folder: string) => Promise<unknown>>;

/** The call writes nothing, and says why. */
export async function refusedOnce(apply: () => Promise<readonly Outcome[]>): Promise<void> {
  await assert.rejects(apply, (error: Error) => {
    assert(error instanceof ConnectionError, `${error.stack}`);
    assert.deepEqual([error.code, error.retryable], ["connection", true]);
    return /wrote nothing: its file was deleted or replaced/.test(error.message);
  });
}
