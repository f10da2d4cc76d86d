/**
 * Where the file is, and whether it is still there.
 *
 * @module
 */

import { refuse } from "../kit/check.ts";
import { checkGiven } from "../kit/slips.ts";
import { builtin } from "./builtin.ts";

/**
 * The path of a path or `file:` URL.
 *
 * @throws {InvalidArgument} when it is neither of the two.
 */
export function pathOf(file: string | URL): string {
  checkGiven("SQLite file", file, "its variable of the environment");
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

/** What a look at a path finds. */
interface Look {
  readonly dev: number;
  readonly ino: number | bigint | null;
  /** When it last changed, in ms since the epoch; 0 or absent where nobody says. */
  readonly changed: number | undefined;
}

/** A folder that changed so few ms ago may change again and say the same: some count in 2 s. */
const QUIET = 2_500;
/** After so many ms the files themselves are looked at, whatever their folder says. */
const LONGEST = 1_000;

/**
 * The file that SQLite has open, and the two that it keeps beside it. SQLite does not notice that one of
 * them is deleted or replaced: without its `-shm` it shares no lock with later processes, and without
 * its `-wal` no write.
 *
 * A look at all three takes as long as a renewal. So it looks at their folder: its time of change is set
 * whenever a name in it comes, goes or leads to another file, and nobody can set it back. A folder that
 * has just changed is not trusted; and none for longer than a second, for there are file systems whose
 * folders do not tell.
 */
export class OpenFiles {
  readonly #paths: readonly string[];
  /** Where all of them are, if their folder can tell. */
  readonly #folder: string | undefined;
  /** Which files were opened. */
  readonly #opened: string;
  /** What their folder said when they were last seen. */
  #seen: Look | undefined;
  /** Until when that is trusted, by the monotonic clock. */
  #until = -Infinity;

  /** Those at an absolute path, which were just opened. */
  constructor(path: string) {
    const real = builtin("node:fs").realpathSync(path);
    this.#folder = folderOf(path, real);
    this.#paths = [path, `${real}-wal`, `${real}-shm`];
    this.#opened = filesAt(this.#paths);
  }

  /** Whether one of them is not at its path any more. */
  replaced(): boolean {
    const now = performance.now();
    // Before the files: what changes after this look shows in the next.
    const folder = this.#folder === undefined ? undefined : lookAt(this.#folder);
    if (folder && now < this.#until && isSame(folder, this.#seen)) return false;
    const quiet = Date.now() - (folder?.changed || NaN) > QUIET;
    this.#seen = folder;
    this.#until = quiet ? now + LONGEST : -Infinity;
    return filesAt(this.#paths) !== this.#opened;
  }
}

/**
 * The folder of a path, unless the path is itself a link, which may lead elsewhere tomorrow, or we are
 * not allowed to look at the folder. Links to the folder are followed at each look.
 */
function folderOf(path: string, real: string): string | undefined {
  const { basename, dirname, join } = builtin("node:path");
  const folder = dirname(path);
  try {
    if (join(builtin("node:fs").realpathSync(folder), basename(path)) === real) return folder;
  } catch {
    // The files themselves tell, though not as fast.
  }
  return undefined;
}

function isSame(one: Look, two: Look | undefined): boolean {
  return one.dev === two?.dev && one.ino === two.ino && one.changed === two.changed;
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
  const look = lookAt(path);
  return look ? `${look.dev}:${look.ino}` : "none";
}

/** `undefined` if nothing is there. */
function lookAt(path: string): Look | undefined {
  const { statSync } = builtin("node:fs");
  type Stat = (path: string) => { dev: number; ino: number | null; ctime?: Date | null };
  const { Deno } = globalThis as { Deno?: { statSync?: Stat } };
  try {
    // Deno's own takes a third of the time, and big numbers more than others.
    const found = Deno?.statSync?.(path) ?? statSync(path);
    const { dev, ino, ctime } = found;
    return {
      dev,
      ino: Number.isSafeInteger(ino) ? ino : statSync(path, { bigint: true }).ino,
      changed: ctime?.getTime(),
    };
  } catch {
    return undefined;
  }
}
