/**
 * The backend: the reference model on a clock of its own, which can be restarted, lose what it was
 * told last, and answer looks from a replica that lags behind.
 *
 * @module
 */

import type { Driver, Lease, Outcome, SeatOp } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { Clock } from "./clock.ts";
import type { Refusal } from "./refusals.ts";
import type { Schedule } from "./schedule.ts";

/** A lease as the backend has it, until it ends by itself or is released. */
export interface Row {
  readonly resource: string;
  readonly seat: string;
  readonly id: string;
  readonly token: number;
  /** When it ends, by the backend's clock. */
  ends: number;
}

/** One batch, or a part of one, that was done. */
export interface Done {
  /** The true time. */
  readonly at: number;
  /** The backend's clock. */
  readonly time: number;
  /** Who had sent it. */
  readonly from: string;
  readonly ops: readonly SeatOp[];
  readonly outcomes: readonly Outcome[];
  /** Who had each operation's seat before all of them were done. */
  readonly had: readonly (Lease | undefined)[];
}

/** A model, and how much of the journal it has been told. */
interface Copy {
  readonly model: Driver;
  told: number;
}

/** The backend that all processes share. */
export class Server {
  /** Its clock. */
  readonly clock: Clock;
  /** Whether it is being restarted. */
  down = false;
  /** What it refuses, while it refuses anything. */
  refusal: Refusal | undefined;
  /** How many ms its looks lag behind; 0 unless a replica answers them. */
  lag = 0;
  /** Everything that was done and not lost. */
  readonly #journal: Done[] = [];
  #rows = new Map<string, Row>();
  #model: Driver;
  #replica: Copy;
  /** What the model takes for now, while it is told again what it had been told. */
  #then: number | undefined;
  readonly #schedule: Schedule;
  readonly #told: (done: Done) => void;

  /** @param told Is told of everything that was done, at once. */
  constructor(schedule: Schedule, rate: number, told: (done: Done) => void) {
    this.#schedule = schedule;
    this.#told = told;
    this.clock = new Clock(() => schedule.now, {
      rate,
      offset: 0,
      frozen: false,
      stopsAsleep: false,
    });
    this.#model = this.#fresh();
    this.#replica = this.#copy();
  }

  /** Does operations, one after the other, at this instant. */
  async apply(ops: readonly SeatOp[], from: string): Promise<readonly Outcome[]> {
    const time = this.clock.wall();
    const at = this.#schedule.now;
    // Both are decided at once, before anything else can happen.
    const looks = this.#model.apply(
      ops.map(({ resource, seat = "" }) => ({ op: "inspect", resource, seat })),
    );
    const answers = this.#model.apply(ops);
    const had = (await looks).map(({ leases }) => leases[0]);
    const outcomes = await answers;
    const done = { at, time, from, ops, outcomes, had };
    this.#journal.push(done);
    this.#note(done);
    this.#told(done);
    if (this.lag === 0 || !ops.some(({ op }) => op === "inspect")) return outcomes;
    const { model } = await this.#tell(this.#replica, this.#schedule.now - this.lag);
    return await Promise.all(
      ops.map(async (op, n) =>
        op.op === "inspect" ? (await model.apply([op]))[0] as Outcome : outcomes[n] as Outcome
      ),
    );
  }

  /** Forgets what it was told in the last `ms`, as after a fail-over. */
  async lose(ms: number): Promise<void> {
    const kept = await this.#tell(this.#copy(), this.#schedule.now - ms);
    this.#model = kept.model;
    this.#journal.length = kept.told;
    this.#replica = this.#copy();
    this.#rows = new Map();
    for (const done of this.#journal) this.#note(done);
  }

  /** The true time. */
  get now(): number {
    return this.#schedule.now;
  }

  /** The lease of that id, while it lives. */
  live(id: string): Row | undefined {
    const row = this.#rows.get(id);
    return row && row.ends > this.clock.wall() ? row : undefined;
  }

  /** Every lease that lives. */
  get rows(): Row[] {
    const now = this.clock.wall();
    return [...this.#rows.values()].filter((row) => row.ends > now);
  }

  /** Tells a copy what was done until an instant of the past. */
  async #tell(copy: Copy, instant: number): Promise<Copy> {
    for (; copy.told < this.#journal.length; copy.told++) {
      const { at, time, ops } = this.#journal[copy.told] as Done;
      if (at > instant) break;
      this.#then = time;
      // It decides before it answers, so nothing else sees the time set back.
      const done = copy.model.apply(ops);
      this.#then = undefined;
      await done;
    }
    return copy;
  }

  #copy(): Copy {
    return { model: this.#fresh(), told: 0 };
  }

  #fresh(): Driver {
    return memory({ now: () => this.#then ?? this.clock.wall() });
  }

  /** Keeps a list of our own of who lives, which can be read without asking. */
  #note({ time, ops, outcomes }: Done): void {
    for (const [n, op] of ops.entries()) {
      const outcome = outcomes[n] as Outcome;
      if (!outcome.ok) continue;
      if (op.op === "acquire") {
        const { resource, seat, id } = op;
        const { token, left } = outcome.leases[0] as Lease;
        this.#rows.set(id, { resource, seat, id, token, ends: time + left });
      } else if (op.op === "renew") {
        (this.#rows.get(op.id) as Row).ends = time + op.ttl;
      } else if (op.op === "release" && op.id !== undefined) this.#rows.delete(op.id);
    }
  }
}
