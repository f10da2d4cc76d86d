/**
 * Leases in one cluster, as one handle sees them.
 *
 * @module
 */

import type { Acquire, ApplyOptions, Op, Outcome } from "../driver.ts";
import { onAbort } from "../kit/aborts.ts";
import { partly, withdrawn } from "../kit/failure.ts";
import { Recent } from "../kit/recent.ts";
import { Answer, etcdError, noAnswer } from "./errors.ts";
import type { Gateway, Json } from "./gateway.ts";
import { type Keys, only } from "./keys.ts";
import { isPatient, partsOf, writes } from "./parts.ts";
import { Terms } from "./terms.ts";
import { type Done, doneIn, groups, isHeld, put, range, Steps } from "./txn.ts";
import { Obstacles } from "./waiting.ts";

/** One handle. */
export class Leases {
  readonly #gateway: Gateway;
  readonly #keys: Keys;
  readonly #now: () => number;
  readonly #steps: Steps;
  readonly #terms = new Terms();
  /** Seats for which one of ours has waited in vain: most likely they are still taken. */
  readonly #taken = new Recent<true>();
  /** The newest revision of etcd's that an answer had. */
  #seen = 0;

  /** It remembers nothing but the newest terms, and some of the seats that were taken. */
  constructor(gateway: Gateway, keys: Keys, now: () => number) {
    this.#gateway = gateway;
    this.#keys = keys;
    this.#now = now;
    this.#steps = new Steps(keys);
  }

  /** See `Driver.apply`. */
  async apply(ops: readonly Op[], options: ApplyOptions): Promise<Outcome[]> {
    // Before anything is sent: the cursor of a list is refused if it is none.
    for (const op of ops) if (op.op === "list") this.#steps.of(op);
    const outcomes: Outcome[] = [];
    for (const part of partsOf(ops)) {
      try {
        outcomes.push(...await this.#part(part, options));
      } catch (error) {
        throw ops.slice(0, outcomes.length).some(writes) ? partly(error) : error;
      }
    }
    return outcomes;
  }

  /** Runs operations whose comparisons do not depend on each other. Only the last may wait. */
  async #part(ops: readonly Op[], options: ApplyOptions): Promise<Outcome[]> {
    const steps = this.#steps;
    const done = await this.#transact(
      async () => {
        const requests: Json[] = [];
        for (const op of ops) {
          if (op.op === "acquire" && isPatient(op)) requests.push(await this.#queue(op, options));
          else if (op.op === "acquire") {
            requests.push(steps.acquire(op, await this.#term(op, options)));
          } else if (op.op === "renew") {
            const term = await this.#term(op, options);
            requests.push(steps.renew(op, term, this.#seen));
          } else requests.push(steps.of(op));
        }
        return requests;
      },
      ops.some(({ op }) => op === "acquire"),
      options,
    );
    const outcomes = strictly(() => ops.map((op, n) => steps.outcome(op, done[n]!)));
    await this.#again(ops, done, outcomes, options);
    const last = ops.at(-1)!;
    if (isPatient(last) && !outcomes.at(-1)?.ok) {
      outcomes.splice(-1, 1, await this.#wait(last as Acquire, done.at(-1)!, options));
    }
    return outcomes;
  }

  /**
   * Makes the renewals of leases that had been changed since the newest revision that was known here, by
   * a renewal whose answer got lost or by another handle. What was seen of them now is known.
   */
  async #again(
    ops: readonly Op[],
    done: readonly Done[],
    outcomes: Outcome[],
    options: ApplyOptions,
  ): Promise<void> {
    const late = [...ops.keys()].filter((n) => this.#steps.isLate(ops[n]!, done[n]!));
    if (late.length === 0) return;
    const made = await this.#part(late.map((n) => ops[n]!), options).catch((error) => {
      throw partly(error);
    });
    for (const [i, n] of late.entries()) outcomes[n] = made[i]!;
  }

  /** Waits until it is granted, or its patience is over. */
  async #wait(op: Acquire, first: Done, options: ApplyOptions): Promise<Outcome> {
    const over = new AbortController();
    const end = (): void => over.abort();
    const timer = setTimeout(end, op.patience);
    const unlisten = onAbort(options.signal, end);
    const watching = { ...options, signal: over.signal };
    try {
      for (let done = first;;) {
        over.signal.throwIfAborted();
        const obstacles = new Obstacles(op, this.#keys, done);
        if (obstacles.queued && !obstacles.none) await this.#watch(obstacles, watching);
        [done] = await this.#transact(
          async () => [
            obstacles.queued
              ? this.#steps.next(op, await this.#term(op, options))
              : await this.#queue(op, options),
          ],
          true,
          options,
        ) as [Done];
        const outcome = this.#steps.outcome(op, done);
        if (outcome.ok) return outcome;
      }
    } catch (error) {
      if (!over.signal.aborted) throw etcdError(error, JSON.stringify(op));
    } finally {
      clearTimeout(timer);
      unlisten();
    }
    return await this.#leave(op, options);
  }

  /** Watches until what it watches is out of the way. */
  async #watch(obstacles: Obstacles, { signal, beforeRequest }: ApplyOptions): Promise<void> {
    const seen = new AbortController();
    const end = (): void => seen.abort();
    const unlisten = onAbort(signal, end);
    try {
      const messages = await this.#gateway.stream(
        "/watch",
        obstacles.watch(),
        { signal: seen.signal, beforeRequest },
      );
      for await (const each of messages) if (obstacles.changed(each)) return;
      throw noAnswer();
    } finally {
      unlisten();
      end();
    }
  }

  /** Gives up the place in the queue. The answer says who is in the way, or that nobody is any longer. */
  async #leave(op: Acquire, options: ApplyOptions): Promise<Outcome> {
    const { signal, beforeRequest } = options;
    const leave = () => [this.#steps.leave(op)];
    if (signal?.aborted) {
      // In the background: a caller that aborts does not wait. If it fails, the place ends with its term.
      this.#transact(leave, false, { beforeRequest }).catch(() => {});
      throw withdrawn();
    }
    const [done] = await this.#transact(leave, false, options);
    const { none } = strictly(() => new Obstacles(op, this.#keys, done!));
    if (!none) {
      this.#taken.set(this.#keys.seats(op), true);
      return strictly(() => this.#steps.refusal(op, done!));
    }
    const { patience: _, ...now } = op;
    const [outcome] = await this.#part([now], options);
    return outcome!;
  }

  /**
   * An acquisition that goes to the end of the queue if it is refused. If it was refused before, it only
   * goes there: for a place in the queue an older term will do, and a wait after a wait needs no new one.
   */
  async #queue(op: Acquire, options: ApplyOptions): Promise<Json> {
    const { ttl, patience = ttl } = op;
    const again = this.#taken.delete(this.#keys.seats(op));
    const term = again ? undefined : await this.#term(op, options);
    // It must outlast the patience, and end soon if its process is gone.
    const lasting = ttl === Infinity ? patience : Math.max(ttl, patience);
    const place = await this.#term({ ttl: lasting }, options, patience);
    return again ? this.#steps.lineUp(op, place) : this.#steps.queue(op, term, place);
  }

  /** A term of this ttl that has so many ms left. Default: the ttl. */
  async #term(
    { ttl }: { ttl: number },
    options: ApplyOptions,
    least?: number,
  ): Promise<string | undefined> {
    return await this.#terms.of(ttl, async (seconds) => {
      const answer = await this.#gateway.post("/lease/grant", { TTL: seconds }, options);
      const { ID } = answer;
      if (!/^\d+$/.test(`${ID}`)) throw noAnswer();
      this.#see(answer);
      return `${ID}`;
    }, least);
  }

  #see({ header }: Json): void {
    const revision = Number(Object(header).revision);
    if (Number.isSafeInteger(revision)) this.#seen = Math.max(this.#seen, revision);
  }

  /** Sends one transaction; one more if it is the first of all, or if etcd has lost a term of ours. */
  async #transact(
    requests: () => Promise<readonly Json[]> | readonly Json[],
    acquires: boolean,
    options: ApplyOptions,
  ): Promise<Done[]> {
    const epoch = only(this.#keys.epoch);
    for (let again = false;; again = true) {
      const inner = await requests();
      const body = {
        compare: [isHeld(epoch)],
        success: [range(epoch), ...groups(inner)],
        failure: acquires ? [put(epoch, clock(this.#now()))] : [],
      };
      try {
        const answer = await this.#gateway.post("/kv/txn", body, options);
        this.#see(answer);
        const done = strictly(() => doneIn(answer, inner.length));
        if (done) return done;
        // Without an epoch there are no leases.
        if (!acquires) {
          return inner.map(() => ({
            succeeded: false,
            found: [],
            count: 0,
            revision: 0,
            epoch: 0,
          }));
        }
        if (again) throw noAnswer();
      } catch (error) {
        if (!(error instanceof Answer)) throw error;
        if (again) throw etcdError(error, "");
        // Nothing was written: somebody has revoked a lease of etcd's.
        this.#terms.clear();
      }
    }
  }
}

/** Whatever cannot be read is not etcd's answer. */
function strictly<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw noAnswer();
  }
}

/** A clock that cannot be right must not raise all tokens. */
function clock(ms: number): string {
  const year2100 = 4_102_444_800_000;
  return ms > 0 && ms < year2100 ? `${Math.floor(ms)}` : "0";
}
