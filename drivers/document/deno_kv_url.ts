/**
 * The URLs of Deno KV: `deno-kv:./leases.db`, `deno-kv:///absolute/path`, and `deno-kv:` for a database in
 * this process's memory.
 *
 * @module
 */

import { ConnectionError, InvalidArgument, NotSupported, UnknownOutcome } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { decodedPart, type UrlParts } from "../kit/urls.ts";
import { denoKv, type Kv } from "./deno_kv.ts";

/** What Deno has of it with `--unstable-kv`. */
interface Runtime {
  readonly openKv?: (path: string) => Promise<Kv & { close(): void }>;
  realPathSync(path: string): string;
  statSync(path: string): { readonly dev: number; readonly ino: number | null };
}

interface Opened {
  readonly kv: { close(): void };
  readonly driver: Driver;
  /** Whether its file is not at its path any more, or not one of the two beside it. */
  replaced(): boolean;
}

/**
 * The driver of a URL. Dispose of it to close the database; the next request opens it again.
 *
 * @throws {InvalidArgument} when it does not name a file.
 * @throws {NotSupported} where there is no Deno KV.
 * @throws {ConnectionError} when the file cannot be opened.
 */
export async function denoKvAt({ url }: UrlParts): Promise<Driver> {
  // What has a colon or an @ is more likely an account of a server than a path.
  const [, path] = /^deno-kv:(?:\/\/(?=\/|$))?([^?#:@]*)$/i.exec(url) ?? [];
  if (path === undefined || path.startsWith("//")) {
    throw new InvalidArgument(
      "Cannot use this deno-kv: URL: it must be deno-kv:PATH or deno-kv:///PATH, with :, @, ?, # and % " +
        "percent-encoded; Baton does not use a database of several machines, because Deno KV has no clock",
    );
  }
  const deno = Object((globalThis as { Deno?: unknown }).Deno) as Runtime;
  const { openKv } = deno;
  if (!openKv) throw new NotSupported("There is no Deno KV here: run Deno with --unstable-kv");
  const file = decodedPart("path", path) || ":memory:";
  const open = async (): Promise<Opened> => {
    const kv = await openKv(file).catch(() => {
      // Deno's own words repeat the path.
      throw new ConnectionError(
        "Deno KV could not open the file of this deno-kv: URL, so nothing was written; check that its " +
          "folder is there and may be written, and that the file is a database of Deno KV",
      );
    });
    const driver = denoKv(kv, { clock: path ? "host" : "process" });
    return { kv, driver, replaced: path ? watch(deno, file) : () => false };
  };
  let opened: Promise<Opened> | undefined = open();
  const { name, guarantees } = (await opened).driver;
  return {
    name,
    guarantees,
    async apply(ops, options) {
      const mine = opened ??= open().catch((error) => {
        opened = undefined;
        throw error;
      });
      const { kv, driver, replaced } = await mine;
      const answer = await driver.apply(ops, options).then(
        (outcomes) => () => outcomes,
        (error) => () => {
          throw error;
        },
      );
      if (!replaced()) return answer();
      if (opened === mine) {
        opened = undefined;
        kv.close();
      }
      throw new UnknownOutcome(
        "deno-kv found that its file was deleted or replaced after it was opened, so nothing that was held in " +
          "it is held any more, and the outcome is unknown; sending it again uses the file that is there now",
      );
    },
    async [Symbol.asyncDispose]() {
      const last = opened;
      opened = undefined;
      (await last)?.kv.close();
    },
  };
}

/**
 * Whether a file that was just opened, or one of those that SQLite keeps beside it, has been deleted or
 * replaced since. Deno KV does not notice it, and would go on in a file that no other process finds.
 */
function watch(deno: Runtime, file: string): () => boolean {
  let path: string;
  try {
    path = deno.realPathSync(file);
  } catch {
    return () => true; // It is not there any more.
  }
  const numberOf = (end: string): string => {
    try {
      const { dev, ino } = deno.statSync(path + end);
      return `${dev}:${ino}`;
    } catch {
      return "none";
    }
  };
  const files = ["", "-wal", "-shm"].map((end) => [end, numberOf(end)] as const);
  return () => files.some(([end, before]) => before !== "none" && numberOf(end) !== before);
}
