/**
 * One run of a slot that we have claimed: how it is kept, cut off and ended.
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
  /** The lease that keeps other slots from running, if the options ask for that. */
  #running: HeldLease | undefined;

  constructor(session: Session, claim: HeldLease, plan: Plan) {
    this.#session = session;
    this.#claim = claim;
    this.#plan = plan;
    this.#began = instant(session.runtime);
  }

  /**
   * Keeps other slots from running. If another run keeps us from that, it answers its leases and
   * frees the slot.
   */
  async occupy(): Promise<readonly spi.Lease[] | undefined> {
    const { ttl, minHold = 0, signal } = this.#plan;
    const { resource } = this.#claim;
    try {
      const { lease, blockers } = await this.#session.acquire({
        resource,
        seat: RUNNING,
        guard: { when: "vacant", resource, seat: HOLD },
        // A run that crashes keeps the others away for no less time than one that ends.
        ttl: Math.max(ttl, minHold),
        value: written(this.#note("started")),
        own: true,
        signal,
      });
      this.#running = lease;
      // The answer says that the slot is free, so it must be free first.
      if (blockers) await this.#claim.release();
      return blockers;
    } catch (error) {
      await this.#claim[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs the work. Then it records the end, if it should, and releases what it holds. */
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
      // Made when it is read, because nobody listens before that.
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

  /**
   * Runs until the work ends. If its time is over first, it aborts the signal and stops waiting.
   */
  async #inTime<T>(cut: AbortController, work: () => Promise<T>): Promise<T> {
    const { maxRuntime } = this.#plan;
    if (maxRuntime === undefined) return await work();
    let cancel = (): void => {};
    const over = new Promise<never>((_, reject) => {
      cancel = this.#session.runtime.after(maxRuntime, () => {
        const error = new OperationTimedOut(
          `${this.#claim.resource}: the run of slot ${this.#plan.slot} did not end within its ` +
            `maxRuntime of ${maxRuntime} ms, so its signal was aborted and nothing waits for it`,
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

  /**
   * Records the end and releases what is held, in one call of the driver. It makes none if there is
   * nothing to send.
   */
  async #end(note: Note): Promise<void> {
    const { mode, record, slot, retain, minHold = 0 } = this.#plan;
    const claim = this.#claim;
    const running = this.#running;
    const parts: Part[] = [];
    if (mode === "once") {
      // However the run ended, the claim stays until the slot is forgotten.
      if (record) parts.push(claim.renewal(written(note)));
      claim.abandon();
    } else if (claim.held) {
      // First the record and then the claim, so that the slot is never free in between. If the
      // claim was lost, another run finishes the slot.
      const seat = note.outcome === "ran" ? doneSeat(slot) : failedSeat(slot, claim.token);
      claim.releasing();
      parts.push(this.#write(seat, retain, note), claim.ending());
    }
    if (running) {
      // In the same order, for the job.
      const left = Math.ceil(minHold - elapsed(this.#session.runtime, this.#began));
      if (left > 0) parts.push(this.#write(HOLD, left, note));
      if (running.releasing()) parts.push(running.ending());
    }
    try {
      await this.#session.send(parts);
    } catch (error) {
      // The work is done. But if nothing was written, the slot may run again.
      this.#session.report({ type: "release-failed", error });
    }
  }

  /** Writes a record: a lease that nobody holds. */
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
