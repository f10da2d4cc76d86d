/**
 * The class of a Durable Object that keeps leases in its SQLite storage. A Worker exports it, and the
 * driver of `durable_object.ts` calls it over a binding.
 *
 * Cloudflare runs one instance of an object at a time, and makes sure of that whenever it touches its
 * storage. So each batch reads the storage, even if it changes nothing, and nothing is ever answered from
 * memory. Only those who wait are in memory; their requests are open, and keep the object there.
 *
 * @module
 */

import type { Op, Outcome } from "../driver.ts";
import { CODEC_VERSION, decodeOps, encodeOutcomes } from "../kit/codec.ts";
import { withdrawn } from "../kit/failure.ts";
import { step } from "../kit/step.ts";
import { Waiters } from "../kit/waiting.ts";
import { SCHEMA } from "../sqlite/schema.ts";
import { type SqlRow, SqlTable, type SqlValue } from "../sqlite/table.ts";
import { APPLY, checkBatch, LEAVE, type Refusal, REFUSED } from "./protocol.ts";

/** The part of Cloudflare's `DurableObjectState` that is used. */
export interface ObjectState {
  /** The object's own storage. Its class must be one of `new_sqlite_classes`. */
  readonly storage: {
    /** Its SQLite. */
    readonly sql: {
      /** Runs a statement. */
      exec(text: string, ...params: SqlValue[]): { toArray(): readonly SqlRow[] };
    };
    /** Runs what must be done as a whole, or not at all. */
    transactionSync<T>(work: () => T): T;
  };
}

/**
 * Keeps leases. Export it from the Worker that has this in its `wrangler.jsonc`:
 *
 * ```jsonc
 * "durable_objects": { "bindings": [{ "name": "BATON", "class_name": "BatonObject" }] },
 * "migrations": [{ "tag": "v1", "new_sqlite_classes": ["BatonObject"] }]
 * ```
 *
 * It makes its tables itself. No address leads to it, only the binding.
 *
 * @example
 * ```ts
 * export { BatonObject } from "@baton/baton/drivers/durable-object";
 * ```
 */
export class BatonObject {
  /** By this Cloudflare's types know such a class, as in `DurableObjectNamespace<BatonObject>`. */
  declare readonly __DURABLE_OBJECT_BRAND: never;
  readonly #storage: ObjectState["storage"];
  readonly #table: SqlTable;
  readonly #waiters: Waiters;
  /** What ends a call's wait, by what is different in each call. */
  readonly #calls = new Map<string, AbortController>();

  /** Cloudflare calls this. */
  constructor({ storage }: ObjectState) {
    this.#storage = storage;
    storage.transactionSync(() => SCHEMA.forEach((each) => storage.sql.exec(each)));
    this.#table = new SqlTable((text, ...params) => storage.sql.exec(text, ...params).toArray());
    // Not the object's alarm, each setting of which is billed as a row: a request that waits keeps the
    // object in memory, and its timers with it.
    this.#waiters = new Waiters(this.#table, (ms, callback) => {
      const timer = setTimeout(() => this.#wake(callback), ms);
      return () => clearTimeout(timer);
    });
  }

  /** Answers one request of the driver. */
  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname === LEAVE) {
      this.#calls.get(search)?.abort();
      return new Response();
    }
    if (pathname !== APPLY) return refused({ refused: "unknown path", knows: CODEC_VERSION });
    const call = new Call();
    const end = (): void => call.ended.abort();
    // It tells that the caller is gone, if the Worker has the compatibility flag enable_request_signal.
    request.signal?.addEventListener("abort", end);
    this.#calls.set(search, call.ended);
    try {
      await this.#apply(decoded(await request.text()), call);
      return new Response(encodeOutcomes(call.outcomes));
    } catch (error) {
      const { message } = error as Error;
      return call.began ? new Response(message, { status: 500 }) : refused({ refused: message });
    } finally {
      request.signal?.removeEventListener("abort", end);
      this.#calls.delete(search);
    }
  }

  /** Runs a batch in one transaction, or in one before each wait and one after it. */
  async #apply(ops: readonly Op[], call: Call): Promise<void> {
    while (call.outcomes.length < ops.length) {
      if (call.ended.signal.aborted) throw withdrawn();
      const wait = this.#transaction(() => this.#advance(ops, call));
      call.began = true;
      if (!wait) return;
      const outcome = await wait;
      // What was granted in a transaction that failed was not.
      if (call.ended.signal.aborted) throw withdrawn();
      call.outcomes = [...call.outcomes, outcome];
    }
  }

  /** Runs the next operations, until one waits. */
  #advance(ops: readonly Op[], call: Call): Promise<Outcome> | undefined {
    const outcomes = [...call.outcomes];
    for (const op of ops.slice(outcomes.length)) {
      const outcome = this.#step(op, call.ended.signal);
      if (outcome instanceof Promise) {
        call.outcomes = outcomes;
        return outcome;
      }
      outcomes.push(outcome);
    }
    call.outcomes = outcomes;
    return undefined;
  }

  #step(op: Op, signal: AbortSignal): Outcome | Promise<Outcome> {
    if (op.op === "acquire") return this.#waiters.acquire(op, signal);
    const outcome = step(op, this.#table);
    if (outcome.ok && op.op === "release") this.#waiters.changed(op.resource, op.seat);
    return outcome;
  }

  #wake(callback: () => void): void {
    try {
      this.#transaction(callback);
    } catch {
      // All who wait were told.
    }
  }

  /**
   * A transaction that fails ends all calls that wait, because it may have granted something to one of
   * them. They get no outcome.
   */
  #transaction<T>(work: () => T): T {
    try {
      return this.#storage.transactionSync(() => this.#table.run(Date.now(), work));
    } catch (error) {
      for (const ended of this.#calls.values()) ended.abort();
      throw error;
    }
  }
}

/** One request. */
class Call {
  /** Those of its operations that are done. */
  outcomes: readonly Outcome[] = [];
  /** Whether anything may have been written. */
  began = false;
  /** Ends its wait. */
  readonly ended = new AbortController();
}

function decoded(text: string): Op[] {
  const ops = decodeOps(text);
  checkBatch(ops);
  return ops;
}

function refused(refusal: Refusal): Response {
  return Response.json(refusal, { status: REFUSED });
}
