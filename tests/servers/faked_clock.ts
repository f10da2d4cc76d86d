/**
 * Wall clocks of single processes that can be stepped, by libfaketime (Debian package `libfaketime`),
 * which is fetched where it is not installed.
 *
 * @module
 */

import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { cached } from "./cache.ts";
import { ownSuite, unpackDebian } from "./debian.ts";

/** A clock that is right until it is stepped. */
export interface FakedClock {
  /** What a process must be started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** From now on it is so many ms ahead of the right time, or behind it. */
  set(ms: number): void;
}

/** What looks at the clock in a process: several threads at once, or one, and its signal handlers. */
export type Looks = "threads" | "signals";

const FILES: Readonly<Record<Looks, string>> = {
  // It lets one thread after the other look. The other one reads the file into memory that all threads
  // share, so that one of them sees the true time now and then.
  threads: "libfaketimeMT.so.1",
  // A handler that looks while its process looks would wait for itself with the one above.
  signals: "libfaketime.so.1",
};

/** The library: the machine's own, or one fetched for the tests. */
export async function faketimeLibrary(looks: Looks): Promise<string> {
  const installed = libraryUnder("/usr/lib", looks) ?? libraryUnder("/usr/local/lib", looks);
  if (installed !== undefined) return installed;
  const suite = await ownSuite();
  const wanted = { suite, name: "libfaketime", whole: false };
  const name = `faketime-${suite}-${process.arch}`;
  const fetched = libraryUnder(
    join(await cached(name, (folder) => unpackDebian(folder, wanted)), "usr/lib"),
    looks,
  );
  if (fetched === undefined) throw new Error(`libfaketime of Debian ${suite} has no library`);
  return fetched;
}

function libraryUnder(root: string, looks: Looks): string | undefined {
  if (!existsSync(root)) return undefined;
  return [root, ...readdirSync(root).map((name) => join(root, name))]
    .map((folder) => join(folder, "faketime", FILES[looks]))
    .find((path) => existsSync(path));
}

/** A clock in a file of this name, which every process under it reads at each look. */
export function fakedClock(library: string, file: string): FakedClock {
  const set = (ms: number): void => write(file, `${ms < 0 ? "-" : "+"}${Math.abs(ms) / 1_000}`);
  set(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      // Timers and the length of time stay true; what is stepped is what a clock on the wall shows.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_RESET: "1",
      BATON_FAKED_CLOCK: "1",
    },
    set,
  };
}

/**
 * A clock that stands still at what it is set to, in ms since 1970, and so do the timers of the process
 * under it. Who has set it on must see to it that the process looks at it.
 */
export function stoppedClock(library: string, file: string, now: number): FakedClock {
  const set = (ms: number): void => write(file, (ms / 1_000).toFixed(3));
  set(now);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_FMT: "%s",
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_RESET: "1",
      BATON_FAKED_CLOCK: "1",
    },
    set,
  };
}

/** At once, for somebody may just be reading it. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o644 });
  renameSync(`${file}.new`, file);
}

/** Does something in our own environment and more: whatever it starts inherits that. */
export async function within<T>(
  environment: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  Object.assign(process.env, environment);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
  }
}

/** Takes the faked clock out of an environment that was inherited while another was being started. */
export function unfaked(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { LD_PRELOAD: _library, BATON_FAKED_CLOCK: _mark, ...rest } = environment;
  return rest;
}
