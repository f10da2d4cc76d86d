/**
 * Leases in etcd, over the JSON gateway of its version 3, by plain `fetch`: for long-lived services
 * that want the strongest answers there are. All operations of a batch are one transaction.
 *
 * @module
 */

import { UnknownOutcome } from "../../errors.ts";
import type { Acquire, ApplyOptions, Driver, Guarantees, Op, Outcome } from "../driver.ts";
import { checkOps } from "../kit/check.ts";
import { partly } from "../kit/failure.ts";
import { Answer, etcdError } from "./errors.ts";
import { Gateway, type Json } from "./gateway.ts";
import { decoded, Keys, type KeyValue, only } from "./keys.ts";
import { Terms } from "./leases.ts";
import { type Done, isHeld, put, range, type Step, Steps } from "./txn.ts";

/** Where etcd is, and how the driver is made. */
export interface EtcdOptions {
  /** The URL of the client port, or those of several members, which are tried in this order. */
  url: string | readonly string[];
  /** The user, if authentication is on. */
  user?: string | undefined;
  /** The user's password. */
  password?: string | undefined;
  /** The version in the gateway's paths: `"v3"` from etcd 3.4 on, `"v3beta"` for 3.3. Default: `"v3"`. */
  apiVersion?: "v3" | "v3beta" | undefined;
  /** What all keys begin with. Default: `"baton/"`. */
  keyPrefix?: string | undefined;
  /** Sends requests, with a client certificate for example. Default: the runtime's own. */
  fetch?: typeof fetch | undefined;
  /** The wall clock in ms that is added to tokens once, at the first grant. Default: `Date.now`. */
  now?: (() => number) | undefined;
}

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "server",
  durability: "replicas",
  push: false,
  minTtl: 2_000,
};

/** etcd takes 128 operations in a transaction by default, and each of ours has some of its own. */
const MOST_OPS = 100;
/** etcd takes requests of 1.5 MiB by default. */
const MOST_BYTES = 2 ** 20;

/**
 * Makes the driver. It sends nothing before the first `apply`.
 */
export function etcd(options: EtcdOptions): Driver {
  const { url, user, password, apiVersion = "v3" } = options;
  const endpoints = [url].flat().map((each) => `${each.replace(/\/$/, "")}/${apiVersion}`);
  const gateway = new Gateway({
    endpoints,
    user: user === undefined ? undefined : { name: user, password: password ?? "" },
    fetch: options.fetch,
  });
  const { keyPrefix = "baton/", now = Date.now } = options;
  const leases = new Etcd(gateway, new Keys(keyPrefix), now);
  return {
    name: "etcd",
    guarantees: GUARANTEES,
    async apply(ops, options = {}) {
      checkOps(ops, GUARANTEES.minTtl);
      options.signal?.throwIfAborted();
      return await leases.apply(ops, options);
    },
  };
}

/** One handle. */
class Etcd {
  readonly #gateway: Gateway;
  readonly #epoch: string;
  readonly #now: () => number;
  readonly #steps: Steps;
  readonly #terms = new Terms();

  constructor(gateway: Gateway, keys: Keys, now: () => number) {
    this.#gateway = gateway;
    this.#epoch = keys.epoch;
    this.#now = now;
    this.#steps = new Steps(keys);
  }

  async apply(ops: readonly Op[], options: ApplyOptions): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const part of partsOf(ops)) {
      try {
        const steps = await this.#transact(part, options);
        outcomes.push(...steps);
      } catch (error) {
        throw ops.slice(0, outcomes.length).some(writes) ? partly(error) : error;
      }
    }
    return outcomes;
  }

  /** Runs operations whose comparisons do not depend on each other. */
  async #transact(ops: readonly Op[], options: ApplyOptions): Promise<Outcome[]> {
    for (let again = false;; again = true) {
      const steps: Step[] = [];
      for (const op of ops) steps.push(this.#steps.of(op, await this.#term(op, options)));
      try {
        const done = await this.#send(steps, ops.some(writes), options);
        return steps.map((step, n) => step.outcome(done[n]!));
      } catch (error) {
        if (!(error instanceof Answer)) throw error;
        if (again) throw etcdError(error, "");
        // Somebody has revoked a lease of etcd's, so nothing was written.
        this.#terms.clear();
      }
    }
  }

  /** The term that an operation attaches its lease to. */
  async #term(op: Op, options: ApplyOptions): Promise<string | undefined> {
    if (op.op !== "acquire" && op.op !== "renew") return undefined;
    return await this.#terms.of(op.ttl, async (seconds) => {
      const { ID } = await this.#gateway.post("/lease/grant", { TTL: `${seconds}` }, options);
      if (!/^\d+$/.test(`${ID}`)) throw noAnswer();
      return `${ID}`;
    });
  }

  /** Sends one transaction; two if it is the first of all. */
  async #send(steps: readonly Step[], writes: boolean, options: ApplyOptions): Promise<Done[]> {
    const epoch = only(this.#epoch);
    const body = {
      compare: [isHeld(epoch)],
      success: [range(epoch), ...steps.map(({ request }) => request)],
      failure: writes ? [put(epoch, clock(this.#now()))] : [],
    };
    for (let again = false;; again = true) {
      const answer = await this.#gateway.post("/kv/txn", body, options);
      const done = doneIn(answer, steps.length);
      if (done) return done;
      // Without an epoch there are no leases.
      if (!writes) return steps.map(() => ({ succeeded: false, found: [], revision: 0, epoch: 0 }));
      if (again) throw noAnswer();
    }
  }
}

/** Batches that one transaction can do, in order. */
function* partsOf(ops: readonly Op[]): Generator<Op[]> {
  let part: Op[] = [];
  let size = 0;
  for (const op of ops) {
    const bytes = "value" in op && op.value ? op.value.length * 4 : 0;
    const full = part.length === MOST_OPS || (size + bytes > MOST_BYTES && part.length > 0);
    if (full || part.some((before) => decides(before, op))) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(op);
    size += bytes;
  }
  if (part.length > 0) yield part;
}

/** Whether what one operation writes can decide another, which is compared before. */
function decides(before: Op, op: Op): boolean {
  if (!writes(before) || !writes(op)) return false;
  const { resource, seat } = before as Acquire;
  const { guard } = op as Acquire;
  return [op as Acquire, guard].some((place) =>
    place?.resource === resource && (place.seat === undefined || place.seat === seat)
  );
}

function writes({ op }: Op): boolean {
  return op !== "inspect" && op !== "list";
}

/** What was done; `undefined` if the epoch was missing. */
function doneIn(answer: Json, count: number): Done[] | undefined {
  const { succeeded, header, responses = [] } = answer as unknown as TxnAnswer;
  const revision = Number(header?.revision);
  if (!(revision > 0)) throw noAnswer();
  if (!succeeded) return undefined;
  const [first, ...rest] = responses;
  const epoch = Number(decoded(first?.response_range?.kvs?.[0]?.value));
  if (rest.length !== count || !(epoch >= 0)) throw noAnswer();
  return rest.map(({ response_txn: inner, response_range: found }) => ({
    succeeded: inner?.succeeded === true,
    found: inner ? inner.responses?.flatMap(kvsIn) ?? [] : [found?.kvs ?? []],
    revision,
    epoch,
  }));
}

function kvsIn({ response_range: found }: AnswerPart): (readonly KeyValue[])[] {
  return found ? [found.kvs ?? []] : [];
}

interface TxnAnswer {
  readonly succeeded?: boolean;
  readonly header?: { readonly revision?: string };
  readonly responses?: readonly AnswerPart[];
}

interface AnswerPart {
  readonly response_txn?: TxnAnswer;
  readonly response_range?: { readonly kvs?: readonly KeyValue[] };
}

/** A clock that cannot be right must not raise tokens for ever. */
function clock(ms: number): string {
  const year2100 = 4_102_444_800_000;
  return ms > 0 && ms < year2100 ? `${Math.floor(ms)}` : "0";
}

function noAnswer(): UnknownOutcome {
  return new UnknownOutcome(
    "etcd gave no valid answer, so the outcome is unknown (the reply is not etcd's); sending it " +
      "again is safe",
  );
}
