/**
 * One run of a slot that is ours: how it is kept, cut and ended.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { brief, doneSeat, failedSeat, HOLD, type Note, RUNNING, written } from "./records.ts";
import type { Plan, Run } from "./types.ts";
import { OperationTimedOut } from "../../errors.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import { elapsed, type Instant, instant } from "../runtime.ts";
import type { Part } from "../leases/request.ts";
import type { Session } from "../leases/session.ts";
import { firstOf } from "../leases/abort_signals.ts";

/** A run under its claim. */
export class CronRun {
  readonly #session: Session;
  readonly #claim: HeldLease;
  readonly #plan: Plan;
  readonly #began: Instant;
  /** What keeps other slots from running, where that is wanted. */
  #running: HeldLease | undefined;

  constructor(session: Session, claim: HeldLease, plan: Plan) {
    this.#session = session;
    this.#claim = claim;
    this.#plan = plan;
    this.#began = instant(session.runtime);
  }

  /** Keeps other slots from running; answers who keeps us from it, and then the slot is free again. */
  async occupy(): Promise<readonly spi.Lease[] | undefined> {
    const { ttl, minHold = 0, signal } = this.#plan;
    const { resource } = this.#claim;
    try {
      const { lease, blockers } = await this.#session.acquire({
        resource,
        seat: RUNNING,
        guard: { when: "vacant", resource, seat: HOLD },
        // Who crashes holds the others off for no less time than who ends.
        ttl: Math.max(ttl, minHold),
        value: written(this.#note("started")),
        own: true,
        signal,
      });
      this.#running = lease;
      // The slot must be free again, or it must not be answered that it is.
      if (blockers) await this.#claim.release();
      return blockers;
    } catch (error) {
      await this.#claim[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs the work, and records and gives back what it should. */
  async execute<T>(work: (run: Run) => T | Promise<T>): Promise<T> {
    const { slot, keepAlive, mode, signal: stop } = this.#plan;
    const claim = this.#claim;
    const running = this.#running;
    const kept = [keepAlive && mode === "retry" ? claim : undefined, running];
    const letGo = kept.map((lease) => lease && this.#session.heart.keep(lease));
    const cut = new AbortController();
    const signals = () => firstOf(claim.signal, running?.signal, cut.signal, stop);
    let signal: AbortSignal | undefined;
    const run: Run = {
      slot,
      token: claim.token,
      // Made when it is asked for, for until then nobody listens.
      get signal() {
        return signal ??= signals();
      },
    };
    let note = (): Note => this.#note("ran");
    try {
      return await this.#inTime(cut, async () => await work(run));
    } catch (error) {
      note = () => this.#note(cut.signal.aborted ? "cut" : "failed", error);
      throw error;
    } finally {
      letGo.forEach((each) => each?.());
      await this.#end(note());
    }
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
            `maxRuntime of ${maxRuntime} ms, and its signal was aborted`,
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
    const { mode, record, slot, retain, minHold = 0 } = this.#plan;
    const claim = this.#claim;
    const running = this.#running;
    const parts: Part[] = [];
    if (mode === "once") {
      // Whatever became of it, the claim stays until it is no longer remembered.
      if (record) parts.push(claim.renewal(written(note)));
      claim.abandon();
    } else if (claim.held) {
      // The record first and the claim after it, so the slot is never free in between. A claim that
      // was lost is another's to finish.
      const seat = note.outcome === "ran" ? doneSeat(slot) : failedSeat(slot, claim.token);
      claim.releasing();
      parts.push(this.#write(seat, retain, note), claim.ending());
    }
    if (running) {
      // In this order likewise, for the job.
      const left = Math.ceil(minHold - elapsed(this.#session.runtime, this.#began));
      if (left > 0) parts.push(this.#write(HOLD, left, note));
      if (running.releasing()) parts.push(running.ending());
    }
    try {
      await this.#session.send(parts);
    } catch (error) {
      // The work is done all the same; if nothing was written, the slot may run again.
      this.#session.report({ type: "release-failed", error });
    }
  }

  /** Writes what is to be remembered: a lease that nobody holds. */
  #write(seat: string, ttl: number, note: Note): Part {
    const { resource } = this.#claim;
    const id = this.#session.runtime.id();
    const op: spi.Acquire = { op: "acquire", resource, seat, id, ttl, value: written(note) };
    return { ops: [op], take: () => {} };
  }

  #note(outcome: Note["outcome"], error?: unknown): Note {
    return {
      holder: this.#session.memberId,
      token: this.#claim.token,
      started: this.#began.wall,
      ended: outcome === "started" ? null : this.#session.runtime.wall(),
      outcome,
      ...(error !== undefined && { error: brief(error) }),
    };
  }
}
