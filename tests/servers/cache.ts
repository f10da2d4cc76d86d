/** What is expensive to make and the same for every run is kept in a folder of this user's. */
import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { removeFolder } from "./folders.ts";

export interface UnixUser {
  readonly uid: number;
  readonly gid: number;
}

const root = process.getuid?.() === 0;

/** Whom a server runs as that refuses to run as root: nobody at all; without root, just ourselves. */
export const serverUser: UnixUser | undefined = root ? { uid: 65_534, gid: 65_534 } : undefined;

/** Root's home folder is closed to the user above, so root's things are with the machine's. */
function cacheRoot(): string {
  const base = process.env["XDG_CACHE_HOME"] || (root ? "/var/cache" : join(homedir(), ".cache"));
  return join(base, "baton");
}

const made = new Map<string, Promise<string>>();

/**
 * The folder of this name, made by `make` the first time. It appears all at once or not at all, so a
 * process that is killed meanwhile, or another that makes the same, spoils nothing.
 */
export function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  let folder = made.get(name);
  if (folder === undefined) {
    folder = find(name, make);
    made.set(name, folder);
    folder.catch(() => made.delete(name));
  }
  return folder;
}

async function find(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheRoot(), name);
  if (existsSync(folder)) return folder;
  await mkdir(cacheRoot(), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    await chmod(draft, 0o755);
    await make(draft);
    await rename(draft, folder);
  } catch (error) {
    await removeFolder(draft);
    // Another process was quicker, and a folder is not renamed onto one that has something in it.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Runs a program to its end and gives what it printed; an error carries all that it said. */
export function run(program: string, args: readonly string[], user?: UnixUser): Promise<string> {
  const options = { maxBuffer: 64 * 1024 * 1024, encoding: "buffer" as const, ...user };
  return new Promise((resolve, reject) => {
    execFile(program, [...args], options, (error, output, complaints) => {
      if (error === null) return resolve(output.toString());
      const said = Buffer.concat([output, complaints]).toString().trim();
      reject(new Error(`${program}: ${said || error.message}`, { cause: error }));
    });
  });
}
