/**
 * All leases in one text, which a process replaces only if nobody else has since it read it: for stores
 * that can write under this condition, and can do no more than that. `step()` decides what each
 * operation means.
 *
 * What it does **not** promise. Every write of the document conflicts with every other write of it, so
 * it is for few writers: with _n_ clients that write all the time, each operation takes about _n_
 * requests. A document has a limit of size, and each change writes all of it. Those who need more use
 * several documents. Nobody is served in order, and no request is held until a lease is free.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { ApplyOptions, Driver, Guarantees, Outcome } from "../driver.ts";
import { checkOps } from "../kit/check.ts";
import { noAnswer, partly } from "../kit/failure.ts";
import { checkOptions } from "../kit/options.ts";
import { nonces } from "../kit/nonce.ts";
import { step } from "../kit/step.ts";
import { DocumentTable, type Text, textIn } from "./table.ts";

/** What was read. */
export interface Found<Version> {
  /** The text; `undefined` if there is no document yet. */
  readonly text: string | undefined;
  /** Which version of the document it is; also for the one that is not there yet. */
  readonly version: Version;
  /** The store's clock at some time during the read, in ms since 1970. */
  readonly now: number;
  /** Another clock for new tokens, in ms since 1970, if it counts finer. Default: `now`. */
  readonly fine?: number | undefined;
}

/**
 * A store of one document. Both methods call `beforeRequest` before each request that they send, and they
 * throw what {@link Driver.apply} may throw.
 */
export interface DocumentStore<Version> {
  /** Reads the newest text: never an older one than was there when the read began. */
  read(options: ApplyOptions): Promise<Found<Version>>;
  /**
   * Writes the text if that version is still the newest, in one atomic step. `false`: it is not, so
   * nothing was written. A copy of the request that the runtime sent unasked may have been written before
   * that; then the answer is `false` all the same, and the document shows it.
   */
  write(text: string, version: Version, options: ApplyOptions): Promise<boolean>;
}

/** How a driver is made of a store. */
export interface DocumentOptions {
  /** The name of the driver. */
  readonly name: string;
  /** What the store promises. `push` is `false`, for nothing is held. */
  readonly guarantees: Omit<Guarantees, "push">;
  /** The most bytes of UTF-8 that the store takes. New leases are refused a kilobyte below that. */
  readonly most: number;
  /**
   * The clock's unit, in ms. A lease ends up to two units later than its ttl and never earlier, so
   * `guarantees.overrun` has to allow for that. Default: 1.
   */
  readonly unit?: number;
}

/**
 * How often the document is read again because somebody else has written. Each time one of those who
 * write gets on, so this is only for very many. There is no pause in between: it would save requests where
 * many write all the time, and none in a race for one seat, and a client that pauses may find that too many
 * others have written to tell whether its own write was done (`docs/decisions/24-no-pause-in-a-race.md`).
 */
const ATTEMPTS = 300;

/**
 * After so many refused writes of one and the same document it is the store that takes none. Then nobody gets
 * on, and each try would be paid for.
 */
const UNCHANGED = 50;

/**
 * How many bytes are kept for what every write may change, such as the names of the last writers. Without
 * them a renewal would be refused where a document is full, and a lease be lost by that.
 */
const ROOM = 1_000;

/**
 * Makes a driver of a store of one document.
 *
 * @example
 * ```ts
 * import { document, type DocumentStore } from "@baton/baton/drivers/document";
 *
 * declare const store: DocumentStore<string>; // yours
 * const driver = document(store, {
 *   name: "mine",
 *   guarantees: { consistency: "linearizable", clock: "server", durability: "disk", minTtl: 1 },
 *   most: 1_000_000,
 * });
 * ```
 * @throws {InvalidArgument} when an option is none of these.
 */
export function document<Version>(
  store: DocumentStore<Version>,
  options: DocumentOptions,
): Driver {
  checkOptions(options, "name guarantees most unit");
  const { name, guarantees, most, unit = 1 } = options;
  const nonce = nonces();
  /** The highest token seen: a document that was lost meanwhile does not know it. */
  let highest = 0;
  /** Many calls of a busy process read the same text again. */
  let latest: { readonly text: string | undefined; readonly read: Text } | undefined;
  const reading = (text: string | undefined): Text => {
    if (!latest || latest.text !== text) latest = { text, read: textIn(name, text) };
    return latest.read;
  };
  return {
    name,
    guarantees: { ...guarantees, push: false },
    async apply(ops, options = {}) {
      checkOps(ops, guarantees.minTtl);
      options.signal?.throwIfAborted();
      if (ops.length === 0) return [];
      const lost: Lost[] = [];
      let seen: string | undefined | null = null;
      let unchanged = 0;
      for (let attempt = 0;; attempt++) {
        const { text, version, now, fine } = await store.read(options).catch((error: unknown) => {
          throw lost.length > 0 ? partly(error) : error;
        });
        const tokens = { after: highest, from: fine ?? now };
        const table = new DocumentTable(reading(text), now, unit - 1, tokens);
        highest = table.lastToken;
        const written = writtenOf(name, table, lost);
        if (written) return written.outcomes;
        const outcomes = ops.map((op) => step(op, table));
        if (!table.changed) return outcomes;
        // Every write changes the text.
        unchanged = text === seen ? unchanged + 1 : 0;
        if (unchanged === UNCHANGED) throw refusing(name);
        seen = text;
        if (attempt === ATTEMPTS) throw overtaken(name);
        const writer = nonce();
        const next = fitting(name, table.text(writer), text, table.grows ? most - ROOM : most);
        if (await store.write(next, version, options)) {
          highest = Math.max(highest, table.lastToken);
          return outcomes;
        }
        lost.push({ writer, writes: table.writes, outcomes });
      }
    },
  };
}

/** A write that was answered with `false`. */
interface Lost {
  readonly writer: string;
  /** How many writes came before it. */
  readonly writes: number;
  readonly outcomes: readonly Outcome[];
}

/**
 * The write that was done after all. The `fetch` of some runtimes sends a request again when a connection
 * has broken: then the first copy was written, and the second one lost against it.
 *
 * @throws {UnknownOutcome} when it cannot be told.
 */
function writtenOf(name: string, table: DocumentTable, lost: readonly Lost[]): Lost | undefined {
  const written = lost.find(({ writer }) => table.writers.includes(writer));
  const last = lost.at(-1);
  if (!written && last && !table.remembers(last.writes)) {
    throw noAnswer(name, "many others have written since");
  }
  return written;
}

function overtaken(name: string): ConnectionError {
  return new ConnectionError(
    `${name}: others changed the document before each of ${ATTEMPTS} writes, so nothing was written; ` +
      "try again later, or divide the work over several documents",
    { retryable: true },
  );
}

function refusing(name: string): ConnectionError {
  return new ConnectionError(
    `${name} refused ${UNCHANGED} writes of a document that nobody had changed, so nothing was written; look ` +
      "at what is on the way to the store: a proxy that compresses answers changes their versions",
    { retryable: true },
  );
}

/** The text, which the store has room for. Whatever makes the document smaller is never refused. */
function fitting(name: string, text: string, before: string | undefined, most: number): string {
  // A character has at most three bytes of UTF-8.
  const bytes = text.length * 3 > most ? new TextEncoder().encode(text).length : 0;
  if (bytes <= most || text.length < (before?.length ?? 0)) return text;
  throw new ConnectionError(
    `${name}: the document would have ${bytes} bytes, and ${most} is the most that fits, so nothing was ` +
      "written; release what is not needed, or divide the work over several documents",
    { retryable: true },
  );
}
