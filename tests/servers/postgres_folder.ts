/** PostgreSQL's programs, the user they run as, and the folder of a new database. */
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { chown, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { cached, run } from "./cache.ts";
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

/**
 * A new database in `folder/data`, and the login of its only role, a superuser. It is a copy, for to
 * make one takes longer than to start the server; so all of this machine have one password.
 */
export async function createDatabase(
  program: string,
  folder: string,
  user: SystemUser | undefined,
): Promise<Login> {
  const version = await run(program, ["--version"]);
  const digest = createHash("sha256").update(version).digest("hex").slice(0, 12);
  const made = await cached(
    `postgres-data-1mb-${digest}`,
    (draft) => initialise(program, draft, user),
  );
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  await run("cp", ["-R", dataOf(made), dataOf(folder)], user);
  return { user: USER, password: await readFile(passwordOf(made), "utf8"), database: "postgres" };
}

const USER = "baton";

async function initialise(
  program: string,
  folder: string,
  user: SystemUser | undefined,
): Promise<void> {
  await writeFile(passwordOf(folder), randomUUID(), { mode: 0o600 });
  if (user !== undefined) {
    for (const path of [folder, passwordOf(folder)]) await chown(path, user.uid, user.gid);
  }
  const args = [
    ["--pgdata", dataOf(folder), "--encoding", "UTF8", "--locale", "C", "--no-sync"],
    // Of 16 MB each they would be most of what is copied for each server.
    ["--wal-segsize", "1"],
    ["--username", USER, "--pwfile", passwordOf(folder)],
    // In clear text: the hashing of SCRAM would cost every new connection milliseconds of CPU.
    ["--auth", "password"],
  ].flat();
  await promisify(execFile)(join(dirname(realpathSync(program)), "initdb"), args, {
    cwd: folder,
    ...user,
  });
}

function passwordOf(folder: string): string {
  return join(folder, "password");
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
