/** Temporary folders. */
import { statfsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** Room for the servers of all tests that run at once, in bytes. */
const ROOM = 3e9;
/** So often a folder is removed again in which somebody has just written. Pauses add up to 6 s. */
const REMOVALS = 25;

/**
 * A new folder, in memory where there is room: to make the thousand files of a server, and to flush
 * each commit, takes a tenth of the time there. What a killed process has written stays all the same.
 * `TMPDIR` says otherwise.
 */
export async function temporaryFolder(prefix: string): Promise<string> {
  return await mkdtemp(join(process.env["TMPDIR"] ?? inMemory() ?? tmpdir(), prefix));
}

function inMemory(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > ROOM ? "/dev/shm" : undefined;
  } catch {
    return undefined; // Only Linux has one.
  }
}

/**
 * Removes a folder and everything in it; one that is gone already is fine, and so is a process that was
 * ended and writes its last.
 */
export async function removeFolder(folder: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await rm(folder, { recursive: true, force: true });
    } catch (error) {
      // Deno's `rm` takes `maxRetries` and does not try again.
      if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY" || tries > REMOVALS) throw error;
      await sleep(20 * tries);
    }
  }
}

/** Starts what is to use a folder, which goes away if that fails. */
export async function orRemoved<T>(folder: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

/** Works in a new folder, which goes away afterwards. */
export async function inFolder<T>(
  prefix: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await temporaryFolder(prefix);
  try {
    return await work(folder);
  } finally {
    await removeFolder(folder);
  }
}
