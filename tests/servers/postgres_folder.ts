/** PostgreSQL's programs, the user they run as, and the folder of a new database. */
import { execFile } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { chown, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { Login } from "./pg_client.ts";
import { requireProgram } from "./process.ts";

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const NEWEST = 40;
const OLDEST = 12;

/** Debian keeps the versions apart and none of them on the path; the newest one is taken. */
export function requirePostgres(): Promise<string> {
  const versions = Array.from({ length: NEWEST - OLDEST + 1 }, (_, back) => NEWEST - back);
  // The metapackage: a release of Debian has one version of PostgreSQL and each a different one.
  return requireProgram(
    "postgres",
    "postgresql",
    versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
  );
}

/** PostgreSQL refuses to run as root. */
export function unprivilegedUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const passwords = readFileSync("/etc/passwd", "utf8");
  for (const name of ["postgres", "nobody"]) {
    const match = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, "m").exec(passwords);
    if (match !== null) return { uid: Number(match[1]), gid: Number(match[2]) };
  }
  throw new Error("there is neither a user postgres nor a user nobody to run PostgreSQL as");
}

/** A new database in `folder/data`, whose only role is the login's, a superuser. */
export async function createDatabase(
  program: string,
  folder: string,
  user: SystemUser | undefined,
  login: Login,
): Promise<void> {
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, login.password);
  if (user !== undefined) {
    for (const path of [folder, passwordFile]) await chown(path, user.uid, user.gid);
  }
  const args = [
    ["--pgdata", dataOf(folder), "--encoding", "UTF8", "--locale", "C", "--no-sync"],
    ["--username", login.user, "--pwfile", passwordFile],
    // In clear text: the hashing of SCRAM would cost every new connection milliseconds of CPU.
    ["--auth", "password"],
  ].flat();
  await promisify(execFile)(join(dirname(realpathSync(program)), "initdb"), args, {
    cwd: folder,
    ...user,
  });
  await rm(passwordFile);
}

export function dataOf(folder: string): string {
  return join(folder, "data");
}

/** The lock file of a killed server; its process id may by now be somebody else's. */
export async function removeLock(folder: string): Promise<void> {
  await rm(lockOf(folder), { force: true });
}

/**
 * Lets the shared memory of a running server go away with the last of its processes. PostgreSQL itself
 * removes it only on a normal end, and no kill may leave anything behind.
 */
export async function releaseSharedMemory(folder: string): Promise<void> {
  const [, segment = ""] = /^\d+ +(\d+)/.exec(
    (await readFile(lockOf(folder), "utf8")).split("\n")[6]?.trim() ?? "",
  ) ?? [];
  // A system without the tool keeps 56 bytes per kill, which is no reason to fail.
  await promisify(execFile)("ipcrm", ["-m", segment]).catch(() => {});
}

function lockOf(folder: string): string {
  return join(dataOf(folder), "postmaster.pid");
}
