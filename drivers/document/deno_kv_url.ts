/**
 * The URLs of Deno KV: `deno-kv:./leases.db`, `deno-kv:///absolute/path`, and `deno-kv:` for a database in
 * this process's memory.
 *
 * @module
 */

import { ConnectionError, InvalidArgument, NotSupported } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { decodedPart, type UrlParts } from "../kit/urls.ts";
import { denoKv, type Kv } from "./deno_kv.ts";

/** What Deno has of it with `--unstable-kv`. */
interface Runtime {
  readonly openKv?: (path: string) => Promise<Kv & { close(): void }>;
}

/**
 * The driver of a URL. Dispose of it to close the database.
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
  const { openKv } = Object((globalThis as { Deno?: unknown }).Deno) as Runtime;
  if (!openKv) throw new NotSupported("There is no Deno KV here: run Deno with --unstable-kv");
  const kv = await openKv(decodedPart("path", path) || ":memory:").catch(() => {
    // Deno's own words repeat the path.
    throw new ConnectionError(
      "Deno KV could not open the file of this deno-kv: URL, so nothing was written; check that its " +
        "folder is there and may be written, and that the file is a database of Deno KV",
    );
  });
  const driver = denoKv(kv, { clock: path ? "host" : "process" });
  return { ...driver, [Symbol.asyncDispose]: () => Promise.resolve(kv.close()) };
}
