/**
 * Bugs of waiting, each of which a law of the suite must notice. They are planted into a backend that
 * waits in another way than memory does: it asks again each millisecond.
 *
 * @module
 */

import type { Acquire, ApplyOptions, Driver, Op, Outcome } from "../../drivers/driver.ts";
import { checkOps } from "../../drivers/kit/check.ts";
import type { After } from "../../drivers/kit/waiting.ts";
import { memory } from "../../drivers/memory.ts";
import { UnknownOutcome } from "../../errors.ts";
import { type Backend, casesFor, onFakeClock } from "../conformance/mod.ts";
import { planted, plantedIn } from "./planted.ts";

interface Waiter {
  readonly op: Acquire;
  readonly since: number;
  readonly report: () => void;
  readonly answer: (outcome: Outcome) => void;
}

/** What may be wrong with it. */
interface Bugs {
  /** Who is asked for first. */
  readonly order?: (queue: Waiter[]) => Waiter[];
  /** How long the patience is. */
  readonly patience?: (ms: number) => number;
  /** What is asked for by one who waits. */
  readonly asks?: (waiter: Waiter, now: number) => Acquire;
  /** What a refusal says when the patience is over. */
  readonly says?: (refusal: Outcome) => Outcome;
  /** What ends the wait of all at once, with a refusal. */
  readonly stops?: (op: Op) => boolean;
  /** Only who was refused so waits at all. */
  readonly waits?: (op: Acquire, refusal: Outcome) => boolean;
  /** Whether one that has gone is still asked for. */
  readonly lingers?: "aborted" | "refused";
  /** Whether the queue is looked at when nobody has released anything. */
  readonly sleeps?: boolean;
  /** Whether each look is a request. */
  readonly reports?: boolean;
  /** Whether a second one of the same id is refused at once. */
  readonly single?: boolean;
  /** Whether the whole batch but for those who wait is done first. */
  readonly hurries?: boolean;
  /** Whether everyone waits to the end, be it only to hear what is known at once. */
  readonly slow?: boolean;
  /** What it says of its order. */
  readonly fair?: boolean;
}

function polling(bugs: Bugs = {}): Backend {
  return onFakeClock((now, after) => {
    const server = new PollingServer(memory({ now }), now, after, bugs);
    return () => server;
  });
}

class PollingServer implements Driver {
  readonly name = "polling";
  readonly guarantees;
  #queue: Waiter[] = [];
  #polls = false;
  #released = true;

  constructor(
    readonly inner: Driver,
    readonly now: () => number,
    readonly after: After,
    readonly bugs: Bugs,
  ) {
    const { fair = true } = bugs;
    this.guarantees = { ...inner.guarantees, push: true, fair };
  }

  async apply(ops: readonly Op[], options: ApplyOptions = {}): Promise<readonly Outcome[]> {
    checkOps(ops, 1);
    options.signal?.throwIfAborted();
    if (ops.length === 0) return [];
    options.beforeRequest?.();
    const outcomes: Outcome[] = [];
    const late = (op: Op) => this.bugs.hurries && op.op === "acquire" && op.patience ? 1 : 0;
    const all = [...ops.entries()].sort(([, one], [, two]) => late(one) - late(two));
    for (const [n, op] of all) outcomes[n] = await this.#one(op, options);
    return outcomes;
  }

  async #one(op: Op, options: ApplyOptions): Promise<Outcome> {
    if (op.op === "release") this.#released = true;
    if (this.bugs.stops?.(op)) this.#queue.splice(0).forEach(({ answer }) => answer(REFUSAL));
    const outcome = await this.#now(op);
    if (op.op !== "acquire" || !op.patience || (outcome.ok && !this.bugs.slow)) return outcome;
    if (this.bugs.waits?.(op, outcome) === false) return outcome;
    if (this.bugs.single && this.#queue.some((each) => each.op.id === op.id)) return outcome;
    return await this.#wait(op, options);
  }

  async #now(op: Op): Promise<Outcome> {
    return (await this.inner.apply([{ ...op, ...(op.op === "acquire" && { patience: 0 }) }]))[0]!;
  }

  #wait(op: Acquire, { signal, beforeRequest = () => {} }: ApplyOptions): Promise<Outcome> {
    return new Promise((answer, reject) => {
      const report = () => this.bugs.reports && beforeRequest();
      const waiter = { op, since: this.now(), report, answer };
      const abort = () => {
        if (this.bugs.lingers !== "aborted") this.#leave(waiter);
        reject(new UnknownOutcome("aborted"));
      };
      if (signal?.aborted) return abort();
      this.#queue.push(waiter);
      signal?.addEventListener("abort", abort, { once: true });
      this.#poll();
    });
  }

  #leave(waiter: Waiter): void {
    this.#queue = this.#queue.filter((each) => each !== waiter);
  }

  #poll(): void {
    if (this.#polls) return;
    this.#polls = true;
    this.after(1, async () => {
      if (!this.bugs.sleeps || this.#released) await this.#look();
      this.#polls = false;
      if (this.#queue.length > 0) this.#poll();
    });
  }

  async #look(): Promise<void> {
    this.#released = false;
    const { order = (queue) => queue, patience = (ms) => ms, asks = ({ op }) => op } = this.bugs;
    const { says = (refusal) => refusal, lingers } = this.bugs;
    for (const waiter of order([...this.#queue])) {
      waiter.report();
      const outcome = await this.#now(asks(waiter, this.now()));
      const over = this.now() - waiter.since >= patience(waiter.op.patience!);
      if (!over && (!outcome.ok || this.bugs.slow)) continue;
      waiter.answer(outcome.ok ? outcome : says(outcome));
      if (outcome.ok || lingers !== "refused") this.#leave(waiter);
    }
  }
}

const REFUSAL: Outcome = { ok: false, leases: [] };

Deno.test("the suite finds nothing wrong with a backend that asks again each millisecond", async () => {
  const backend = polling();
  for (const { run } of await casesFor(backend)) await run(backend);
});

Deno.test("the suite lets a backend serve those who wait in any order, if it says so", async () => {
  const backend = polling({ fair: false, order: (queue) => queue.toReversed() });
  for (const { run } of await casesFor(backend)) await run(backend);
});

planted(
  "patience is ignored by a backend with push",
  "one that waits for a seat has it at once",
  (inner) => ({
    ...inner,
    apply: (ops, options) =>
      inner.apply(ops.map((op) => op.op === "acquire" ? { ...op, patience: 0 } : op), options),
  }),
);
planted("a backend without push makes its callers wait", "without push, patience", (inner) => ({
  ...inner,
  guarantees: { ...inner.guarantees, push: false },
}));
planted(
  "an abort between two waits is overheard",
  "one that was aborted between two waits",
  (inner) => ({
    ...inner,
    async apply(ops, options) {
      const outcomes = [];
      for (const op of ops) {
        outcomes.push(...await inner.apply([op], options?.signal?.aborted ? {} : options));
      }
      return outcomes;
    },
  }),
);
planted("any patience will do", "a patience that is no whole number", (inner) => ({
  ...inner,
  apply: (ops, options) =>
    inner.apply(
      ops.map((op) => op.op === "acquire" ? { ...op, patience: Number(op.patience) | 0 } : op),
      options,
    ),
}));

const BUGS: readonly (readonly [bug: string, law: string, bugs: Bugs])[] = [
  [
    "who came last is served first",
    "those who wait for one seat are served",
    { order: (queue) => queue.toReversed() },
  ],
  [
    "who came last is served first when a lease ends",
    "those who wait for a lease to end",
    { order: (queue) => queue.toReversed() },
  ],
  [
    "nobody is woken when a lease ends",
    "one that waits for a seat has it when the lease",
    { sleeps: true },
  ],
  [
    "a renewal ends all waits",
    "one that waits goes on to wait",
    { stops: ({ op }) => op === "renew" },
  ],
  [
    "nobody waits for a guard that wants a seat held",
    "one that waits for its guard",
    { waits: ({ guard }) => guard?.when !== "held" },
  ],
  [
    "nobody waits for a guard that wants a seat vacant",
    "one that waits for its guard",
    { waits: ({ guard }) => guard?.when !== "vacant" },
  ],
  [
    "one that waited for its guard gets its seat without",
    "one that waits for its guard",
    { asks: ({ op: { guard: _, ...op } }) => op },
  ],
  [
    "a ttl counts from the send",
    "the ttl of one that waited",
    { asks: ({ op, since }, now) => ({ ...op, ttl: Math.max(1, op.ttl - (now - since)) }) },
  ],
  ["an abort withdraws nothing", "one that was aborted is withdrawn", { lingers: "aborted" }],
  ["half the patience is enough", "when the patience is over", { patience: (ms) => ms / 2 }],
  ["the patience has no end", "when the patience is over", { patience: () => Infinity }],
  ["a refusal after a wait says not why", "when the patience is over", { says: () => REFUSAL }],
  ["one that was refused still waits", "when the patience is over", { lingers: "refused" }],
  ["a batch does first what need not wait", "in a batch all waits", { hurries: true }],
  ["even a replay waits", "patience does not hold up", { slow: true }],
  ["a copy of one that waits is refused", "an acquire sent again while it waits", { single: true }],
  [
    "one that is not fair has forgotten those who wait",
    "those who wait for one seat are served",
    { fair: false, sleeps: true, order: (queue) => queue.slice(0, queue.length - 1) },
  ],
  ["each look is a request", "a wait of any length costs", { reports: true }],
];

for (const [bug, law, bugs] of BUGS) plantedIn(bug, law, () => polling(bugs));
