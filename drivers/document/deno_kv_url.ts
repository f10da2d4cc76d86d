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

interface Opened {
  readonly kv: { close(): void };
  readonly driver: Driver;
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
  const { openKv } = Object((globalThis as { Deno?: unknown }).Deno) as Runtime;
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
    return { kv, driver: denoKv(kv, { clock: path ? "host" : "process" }) };
  };
  let opened: Promise<Opened> | undefined = open();
  const { name, guarantees } = (await opened).driver;
  return {
    name,
    guarantees,
    async apply(ops, options) {
      const { driver } = await (opened ??= open().catch((error) => {
        opened = undefined;
        throw error;
      }));
      return await driver.apply(ops, options);
    },
    async [Symbol.asyncDispose]() {
      const last = opened;
      opened = undefined;
      (await last)?.kv.close();
    },
  };
}
