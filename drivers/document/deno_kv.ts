/**
 * Leases in Deno KV, of one process or of one host.
 *
 * What it does **not** promise, beyond what `./document.ts` says. Deno KV shows no clock, so leases end by
 * the clock of the process that looks. That is the same clock for all code of a process, and for all processes of
 * a host that open one file. For a database that several machines share it is not, so do **not** use this
 * driver there. A file may lose its last writes in a power cut. Open it once in a process: a second handle
 * on a file is refused at times ("database is locked"), which is an error that may pass.
 *
 * Deno KV needs the flag `--unstable-kv`. On Deno Deploy use Postgres.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import type { ApplyOptions, Driver } from "../driver.ts";
import { checkFunction, refuse } from "../kit/check.ts";
import { failure, type Verdict } from "../kit/failure.ts";
import { checkOptions } from "../kit/options.ts";
import { plain } from "../kit/plain_words.ts";
import { document, type DocumentStore, type Found } from "./document.ts";

/** A key of Deno KV, as this driver uses it. */
export type KvKey = readonly (string | number)[];

/** An entry, or a place without one. */
export interface KvEntry {
  /** What was set. */
  readonly value: unknown;
  /** Its version; `null` if there is none. */
  readonly versionstamp: string | null;
}

/** A change of several entries, which is done as a whole or not at all. */
export interface KvAtomic {
  /** Does it only if that entry has still that version. */
  check(...checks: { readonly key: KvKey; readonly versionstamp: string | null }[]): KvAtomic;
  /** Sets an entry. */
  set(key: KvKey, value: unknown): KvAtomic;
  /** Does it. */
  commit(): Promise<{ readonly ok: boolean }>;
}

/** What is used of a `Deno.Kv`. */
export interface Kv {
  /** Reads several entries, as of one instant. */
  getMany(keys: readonly KvKey[]): Promise<readonly KvEntry[]>;
  /** Begins a change. */
  atomic(): KvAtomic;
}

/** How the driver of Deno KV is made. */
export interface DenoKvOptions {
  /** What the keys begin with. Default: `["baton"]`. */
  prefix?: KvKey | undefined;
  /**
   * Whose clock all that use the database have in common: `"host"` if it is a file, `"process"` if it is
   * in memory. Default: `"host"`.
   */
  clock?: "host" | "process" | undefined;
  /** The clock, in ms since 1970. Default: `Date.now`. */
  now?: (() => number) | undefined;
}

const NAME = "deno-kv";
/** A value has at most 64 KiB, with some bytes of its own. */
const PART = 64_000;
/** So many entries are read as of one instant: the first, and the parts of the text. */
const PARTS = 9;

/**
 * Makes the driver of an open database. Each operation is two calls, or one if it changes nothing.
 *
 * @param kv What `Deno.openKv(path)` has answered. The caller closes it.
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { denoKv, type Kv } from "@baton/baton/drivers/deno-kv";
 *
 * declare const kv: Kv; // await Deno.openKv("./leases.db")
 * const baton = new Coordinator(denoKv(kv), { memberId: "worker-1" });
 * ```
 * @throws {InvalidArgument} when it is not a `Deno.Kv`.
 */
export function denoKv(kv: Kv, options: DenoKvOptions = {}): Driver {
  checkOptions(options, "prefix clock now");
  const { prefix = ["baton"], clock = "host", now = Date.now } = options;
  for (const each of ["getMany", "atomic"] as const) {
    checkFunction(`kv.${each}`, Object(kv)[each], "; give what Deno's openKv() answers");
  }
  if (clock !== "host" && clock !== "process") {
    refuse("clock", `it is neither "host" nor "process"`);
  }
  return document(new KvStore(kv, prefix, now), {
    name: NAME,
    guarantees: {
      consistency: "linearizable",
      clock,
      durability: clock === "host" ? "asynchronous" : "process",
      minTtl: 1,
    },
    most: PART * PARTS,
  });
}

class KvStore implements DocumentStore<string | null> {
  readonly #kv: Kv;
  readonly #prefix: KvKey;
  readonly #now: () => number;

  constructor(kv: Kv, prefix: KvKey, now: () => number) {
    this.#kv = kv;
    this.#prefix = prefix;
    this.#now = now;
  }

  async read({ signal, beforeRequest }: ApplyOptions): Promise<Found<string | null>> {
    beforeRequest?.();
    signal?.throwIfAborted();
    const places = Array.from({ length: PARTS }, (_, n) => [...this.#prefix, n]);
    const [head, ...parts] = await this.#kv.getMany([this.#prefix, ...places]).catch(failed);
    const now = this.#now();
    const { value: count, versionstamp = null } = head ?? {};
    if (typeof count !== "number") return { text: undefined, version: versionstamp, now };
    const decode = new TextDecoder("utf-8", { ignoreBOM: true });
    const text = parts.slice(0, count)
      .map(({ value }) => decode.decode(value as Uint8Array, { stream: true })).join("");
    return { text, version: versionstamp, now };
  }

  async write(
    text: string,
    version: string | null,
    { signal, beforeRequest }: ApplyOptions,
  ): Promise<boolean> {
    beforeRequest?.();
    signal?.throwIfAborted();
    const bytes = new TextEncoder().encode(text);
    const count = Math.ceil(bytes.length / PART);
    // Only the first entry is checked: it changes with each write.
    let change = this.#kv.atomic().check({ key: this.#prefix, versionstamp: version })
      .set(this.#prefix, count);
    for (let n = 0; n < count; n++) {
      change = change.set([...this.#prefix, n], bytes.slice(n * PART, (n + 1) * PART));
    }
    return (await change.commit().catch(failed)).ok;
  }
}

function failed(error: unknown): never {
  throw kvError(error);
}

function kvError(error: unknown): CoordinationError {
  const judge = (): Verdict => {
    const locked = /^database is locked/.test(String(Object(error).message));
    return {
      said: plain(error, ""),
      refused: locked,
      mayPass: locked,
      advice: "open the file once in each process",
    };
  };
  return failure(NAME, error, judge);
}
