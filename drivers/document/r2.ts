/**
 * Leases in one object of Cloudflare R2, over a Worker's own binding: no credentials, nothing to sign.
 *
 * What it does **not** promise, beyond what `./document.ts` says. R2 takes one write of an object a second,
 * and refuses more (status 429), so this is for cron jobs and long leases; for more use a Durable Object.
 *
 * A binding does not show R2's clock. So each operation also writes an empty object, whose time of upload,
 * which is R2's own, is what counts as now. There are 64 such objects for each document, because of that
 * same limit. A Worker's own clock is not used: two Workers' clocks may differ.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import type { ApplyOptions, Driver } from "../driver.ts";
import { onAbort } from "../kit/aborts.ts";
import { checkFunction, checkText } from "../kit/check.ts";
import { failure, noAnswer, type Verdict } from "../kit/failure.ts";
import { checkOptions } from "../kit/options.ts";
import { plain } from "../kit/plain_words.ts";
import { document, type DocumentStore, type Found } from "./document.ts";

/** What is used of a binding of R2 (`R2Bucket`). */
export interface R2Bucket {
  /** The newest version of an object; `null` if there is none. */
  get(key: string): Promise<R2Body | null>;
  /** Writes an object. `null`: the condition does not hold. */
  put(key: string, value: string, options?: R2Condition): Promise<R2Written | null>;
}

/** An object with its body (`R2ObjectBody`). */
export interface R2Body {
  /** Its version. */
  readonly etag: string;
  /** Its body. */
  text(): Promise<string>;
}

/** What was written (`R2Object`). */
export interface R2Written {
  /** When it was written, by R2's clock. */
  readonly uploaded: Date;
}

/** The condition of a write (`R2PutOptions`). */
export interface R2Condition {
  /** One of these. */
  readonly onlyIf: { readonly etagMatches: string } | { readonly etagDoesNotMatch: string };
}

/** How the R2 driver is made. */
export interface R2Options {
  /** The key of the object. Default: `"baton.json"`. */
  key?: string | undefined;
}

const NAME = "r2";
const MOST = 8 * 2 ** 20;
/** How many objects show the time. */
const CLOCKS = 64;

/**
 * Makes the driver of a binding. Each operation is three calls of the binding, in two rounds; or two, in
 * one round, if it changes nothing.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { r2, type R2Bucket } from "@baton/baton/drivers/r2";
 *
 * declare const env: { LEASES: R2Bucket };
 * const baton = new Coordinator(r2(env.LEASES), { ttl: 60_000 });
 * ```
 * @throws {InvalidArgument} when it is not a binding of R2.
 */
export function r2(bucket: R2Bucket, options: R2Options = {}): Driver {
  checkOptions(options, "key");
  for (const each of ["get", "put"] as const) checkFunction(`bucket.${each}`, Object(bucket)[each]);
  const { key = "baton.json" } = options;
  checkText("key", key, 1, 1_000);
  return document(new R2Store(bucket, key), {
    name: NAME,
    guarantees: { consistency: "linearizable", clock: "server", durability: "replicas", minTtl: 1 },
    most: MOST,
  });
}

/** The version of an object: its ETag, or `undefined` for the one that is not there yet. */
type Version = string | undefined;

class R2Store implements DocumentStore<Version> {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  #clock = 0;

  constructor(bucket: R2Bucket, key: string) {
    this.#bucket = bucket;
    this.#key = key;
  }

  async read(options: ApplyOptions): Promise<Found<Version>> {
    options.beforeRequest?.();
    options.beforeRequest?.();
    // Whichever comes first: what has ended by this time is ended by the write, or by nobody.
    const [found, now] = await answered(
      Promise.all([this.#bucket.get(this.#key), this.#now()]),
      options.signal,
    );
    const text = found ? await answered(found.text(), options.signal) : undefined;
    return { text, version: found?.etag, now };
  }

  async write(text: string, version: Version, options: ApplyOptions): Promise<boolean> {
    options.beforeRequest?.();
    const onlyIf = version === undefined ? { etagDoesNotMatch: "*" } : { etagMatches: version };
    return await answered(this.#bucket.put(this.#key, text, { onlyIf }), options.signal) !== null;
  }

  async #now(): Promise<number> {
    this.#clock ||= 1 + crypto.getRandomValues(new Uint8Array(1))[0]! % CLOCKS;
    const written = await this.#bucket.put(`${this.#key}.clock/${this.#clock++ % CLOCKS}`, "");
    const now = written?.uploaded?.getTime() ?? NaN;
    if (!(now > 0)) throw noAnswer(NAME, "a write has no time of upload");
    return now;
  }
}

/** A binding takes no signal, so an abort only ends the wait. */
async function answered<T>(call: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let unlisten = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(new Error("aborted"));
    if (signal?.aborted) abort();
    unlisten = onAbort(signal, abort);
  });
  try {
    return await Promise.race([call, aborted]);
  } catch (error) {
    throw r2Error(error, signal);
  } finally {
    unlisten();
  }
}

function r2Error(error: unknown, signal: AbortSignal | undefined): CoordinationError {
  const judge = (): Verdict => {
    // The number of the error stands at its end.
    const number = /\((\d{5,6})\)$/.exec(String(Object(error).message))?.[1];
    const busy = number === "10058";
    return {
      said: number === undefined ? plain(error, "") : `error ${number}`,
      refused: busy,
      mayPass: busy,
      advice: "R2 takes one write of an object a second: use a document for each of them",
    };
  };
  return failure(NAME, error, judge, signal);
}
