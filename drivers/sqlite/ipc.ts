/**
 * Leases among the processes of one user on one host, by a name: no server, no path to agree on.
 *
 * It does **not** coordinate between users, hosts or containers, and nothing survives a restart of the
 * host. It is a SQLite file in the host's memory (`/dev/shm` on Linux, else `/tmp`), so all that the
 * driver `sqlite` says is true of it, but for the crash of the host. Linux may remove the file when its
 * user logs out for the last time. Then nothing that was held is held any more, and a process that held it is
 * told at its next request.
 *
 * The folder is the user's own: one that belongs to somebody else, or that others may open, is refused.
 * Which folder it is depends on nothing but the host and the user, so a cron job and a shell meet.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Guarantees } from "../driver.ts";
import { checkText, refuse } from "../kit/check.ts";
import { checkOptions } from "../kit/options.ts";
import { builtin, openBuiltin } from "./builtin.ts";
import { sqlite, type SqliteDriver, type SqliteOptions } from "./sqlite.ts";

/** How the driver is made. */
export interface IpcOptions extends SqliteOptions {
  /**
   * The absolute path of another folder, such as a service's own in `/run`. It is made if it is
   * missing, but not what it is in. Default: `baton-UID` in `/dev/shm` or `/tmp`.
   */
  folder?: string | undefined;
}

/**
 * Makes the driver. Folder, file and tables are made at the first use.
 *
 * @param name Processes that give the same name share the leases. At most 64 bytes.
 * @example
 * ```ts
 * import { ipc } from "@baton/baton/drivers/ipc";
 *
 * using driver = ipc("my-service");
 * ```
 * @throws {InvalidArgument} when the name or an option cannot be right.
 * @throws {NotSupported} where there are no files.
 */
export function ipc(name: string, options: IpcOptions = {}): SqliteDriver {
  checkText("name", name, 1, 64);
  checkOptions(options, "busyTimeout now open folder");
  const { folder = folderOfUser(), open = openBuiltin, ...rest } = options;
  const { isAbsolute, join } = builtin("node:path");
  if (!isAbsolute(folder)) refuse("folder", "it is not an absolute path");
  const driver = sqlite(join(folder, `${fileName(name)}.db`), {
    ...rest,
    open(path) {
      makeSafe(folder);
      return open(path);
    },
  });
  const guarantees: Guarantees = { ...driver.guarantees, durability: "process" };
  return { ...driver, name: "ipc", guarantees };
}

/** Not by a variable of the environment, which a cron job does not have. */
function folderOfUser(): string {
  const uid = ownUid();
  // On Windows each user has a folder of its own for this.
  if (uid < 0) return builtin("node:path").join(builtin("node:os").tmpdir(), "baton");
  return `${builtin("node:fs").existsSync("/dev/shm") ? "/dev/shm" : "/tmp"}/baton-${uid}`;
}

/** The user that new files belong to; below 0 on Windows. */
function ownUid(): number {
  return builtin("node:os").userInfo().uid;
}

/** Letters of two cases are one on some file systems, so capitals are escaped, too. */
function fileName(name: string): string {
  return [...new TextEncoder().encode(name)].map((byte) => {
    const letter = String.fromCharCode(byte);
    return /[a-z0-9-]/.test(letter) ? letter : `_${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

/**
 * Makes the folder, unless it is there. Anyone may make a folder in `/dev/shm` and `/tmp`, and who owns it
 * could read the ids of leases and write others. Nobody but its owner can remove it or change its mode
 * there.
 */
function makeSafe(folder: string): void {
  const { lstatSync, mkdirSync } = builtin("node:fs");
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
  }
  // Not what a link leads to.
  const found = lstatSync(folder);
  const uid = ownUid();
  const fault = !found.isDirectory()
    ? "is not a folder"
    : uid >= 0 && found.uid !== uid
    ? "belongs to another user"
    : uid >= 0 && (found.mode & 0o077) > 0
    ? "is open to others"
    : "";
  if (!fault) return;
  throw new ConnectionError(
    `ipc wrote nothing: ${folder} ${fault}; remove it, or give another one as the option folder`,
  );
}
