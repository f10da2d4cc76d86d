/**
 * One run of a slot that is ours: how it is kept, cut and ended.
 *
 * @module
 */

import type * as spi from "../drivers/driver.ts";
import { brief, doneSeat, failedSeat, type Note, RUNNING, written } from "./cron_records.ts";
import type { Plan, Run } from "./cron_types.ts";
import { OperationTimedOut } from "./errors.ts";
import type { HeldLease } from "./held_lease.ts";
import type { Session } from "./session.ts";
import { firstOf } from "./signals.ts";

/** A run under its claim. */
export class CronRun {
  readonly #session: Session;
  readonly #memberId: string;
  readonly #claim: HeldLease;
  readonly #plan: Plan;
  readonly #started: number;
  /** What keeps other slots from running, where that is wanted. */
  #running: HeldLease | undefined;

  constructor(session: Session, memberId: string, claim: HeldLease, plan: Plan) {
    this.#session = session;
    this.#memberId = memberId;
    this.#claim = claim;
    this.#plan = plan;
    this.#started = session.runtime.wall();
  }

  /** Keeps other slots from running; answers who keeps us from it, and then the slot is free again. */
  async occupy(): Promise<readonly spi.Lease[] | undefined> {
    const { ttl, minHold = 0, signal } = this.#plan;
    try {
      const { lease, blockers } = await this.#session.acquire({
        resource: this.#claim.resource,
        seat: RUNNING,
        ttl: Math.max(ttl, minHold),
        value: written(this.#note("started")),
        signal,
      });
      this.#running = lease;
      if (blockers) await this.#claim[Symbol.asyncDispose]();
      return blockers;
    } catch (error) {
      await this.#claim[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs the work, and records and gives back what it should. */
  async execute<T>(work: (run: Run) => T | Promise<T>): Promise<T> {
    const { slot, keepAlive, mode } = this.#plan;
    const [claim, running] = [this.#claim, this.#running];
    const kept = [keepAlive && mode === "retry" && claim, running].filter((lease) => !!lease);
    const letGo = kept.map((lease) => this.#session.heart.keep(lease));
    const cut = new AbortController();
    const signals = () => firstOf(claim.signal, running?.signal, cut.signal);
    let signal: AbortSignal | undefined;
    const run: Run = {
      slot,
      token: claim.token,
      // Made when it is asked for, for until then nobody listens.
      get signal() {
        return signal ??= signals();
      },
    };
    let note: Note;
    let value: T;
    try {
      value = await this.#inTime(cut, async () => await work(run));
      note = this.#note("ran");
    } catch (error) {
      letGo.forEach((each) => each());
      await this.#end(this.#note(cut.signal.aborted ? "cut" : "failed", error));
      throw error;
    }
    letGo.forEach((each) => each());
    await this.#end(note);
    return value;
  }

  /** Runs until the work ends or its time is over; then aborts its signal and stops waiting. */
  async #inTime<T>(cut: AbortController, work: () => Promise<T>): Promise<T> {
    const { maxRuntime } = this.#plan;
    if (maxRuntime === undefined) return await work();
    let cancel = (): void => {};
    const over = new Promise<never>((_, reject) => {
      cancel = this.#session.runtime.after(maxRuntime, () => {
        const error = new OperationTimedOut(
          `${this.#claim.resource}: the run of slot ${this.#plan.slot} had not ended after its ` +
            `maxRuntime of ${maxRuntime} ms; its signal was aborted, and what it has done is unknown`,
          { retryable: false },
        );
        cut.abort(error);
        reject(error);
      });
    });
    try {
      return await Promise.race([work(), over]);
    } finally {
      cancel();
    }
  }

  /** Records the end and gives back what is held, in one request; none where there is nothing to tell. */
  async #end(note: Note): Promise<void> {
    const { mode, record, slot } = this.#plan;
    const claim = this.#claim;
    const ops: spi.Op[] = [];
    const running = this.#ending();
    if (mode === "once") {
      // Whatever became of it, the claim stays until it is no longer remembered.
      if (record) ops.push(claim.renewal(written(note)));
      claim.abandon();
    } else if (claim.held) {
      // The record first and the claim after it, so the slot is never free in between. A claim that
      // was lost is another's to finish.
      const seat = note.outcome === "ran" ? doneSeat(slot) : failedSeat(slot, claim.token);
      ops.push(this.#record(seat, note), claim.giveBack);
      claim.releasing();
    }
    if (running) ops.push(running.giveBack);
    if (ops.length === 0) return;
    try {
      const outcomes = await this.#session.driver.apply(ops);
      if (mode === "retry") claim.released(outcomes[1]);
      running?.released(outcomes.at(-1));
    } catch (error) {
      // The work is done all the same; if nothing was written, the slot may run again.
      this.#session.report({ type: "release-failed", error });
    }
  }

  /** The lease on running that is to be given back; before `minHold` is over it ends by itself. */
  #ending(): HeldLease | undefined {
    const running = this.#running;
    if (!running) return undefined;
    const { minHold = 0 } = this.#plan;
    if (this.#session.runtime.wall() - this.#started < minHold) running.abandon();
    return running.releasing() ? running : undefined;
  }

  #record(seat: string, note: Note): spi.Acquire {
    return {
      op: "acquire",
      resource: this.#claim.resource,
      seat,
      id: this.#session.runtime.id(),
      ttl: this.#plan.retain,
      value: written(note),
    };
  }

  #note(outcome: Note["outcome"], error?: unknown): Note {
    const ended = outcome === "started" ? null : this.#session.runtime.wall();
    const said = error === undefined ? {} : { error: brief(error) };
    return {
      holder: this.#memberId,
      token: this.#claim.token,
      started: this.#started,
      ended,
      outcome,
      ...said,
    };
  }
}
