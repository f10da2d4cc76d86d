/**
 * Cron jobs of which each slot runs once, whatever the number of regions and duplicate triggers.
 *
 * @module
 */

import type { Lease } from "../../drivers/driver.ts";
import { type CatchUpOptions, missedSlots, rememberedFor } from "./catch_up.ts";
import { EARLIEST, keptFor, planOf } from "./plan.ts";
import { checkEvery, checkSlot } from "./slots.ts";
import { doneSeat, historyOf, HOLD, noteIn, RUNNING, written } from "./records.ts";
import { CronRun } from "./run.ts";
import type { Plan, Run, RunRecord, SlotOptions, SlotResult } from "./types.ts";
import { InvalidArgument } from "../../errors.ts";
import type { CallOptions } from "../leases/lease.ts";
import { resources } from "../names.ts";
import type { Grant } from "../leases/attempt.ts";
import { breakLeases } from "../leases/breaking.ts";
import type { Session } from "../leases/session.ts";
import { checkWhole, validity } from "../leases/timings.ts";

/** The most runs that can be asked for. */
const MOST = 1_000_000;

/** A named job. */
export class Cron {
  /** The job's name. */
  readonly job: string;
  readonly #session: Session;

  /** Made by `coordinator.cron(job)`. */
  constructor(job: string, session: Session) {
    this.job = job;
    this.#session = session;
  }

  /**
   * Runs `work` if this slot is still free. The claim is one request, for losers too; `"retry"` adds
   * one when the run ends, and renewals.
   *
   * @example
   * ```ts ignore
   * const run = await baton.cron("invoices").run(
   *   { slot: event.scheduledTime, ttl: 60_000 },
   *   ({ token, signal }) => sendInvoices(token, signal),
   * );
   * console.log(run.outcome, run.holder); // "ran" here, or "skipped" because fra-1 has it
   * ```
   * @throws what `work` throws. In `"once"` the slot stays used, in `"retry"` it is free again.
   * @throws {OperationTimedOut} when `work` had not ended at `maxRuntime`; what it does after its
   *   signal aborted is beyond anyone's control but its own.
   * @throws {UnknownOutcome} when the claim had no answer; `work` has not run. In `"once"` a claim
   *   that was granted all the same is released in the background.
   * @throws {InvalidArgument} before any request, when the slot is no instant near now, or an option
   *   cannot work.
   */
  async run<T>(options: SlotOptions, work: (run: Run) => T | Promise<T>): Promise<SlotResult<T>> {
    const plan = this.#due(this.#plan(options));
    const { slot } = plan;
    const { lease, blockers } = await this.#claim(plan);
    if (!lease) return skipped(slot, "taken", blockers);
    const run = new CronRun(this.#session, lease, plan);
    if (plan.skipIfRunning || plan.minHold !== undefined) {
      const blockers = await run.occupy();
      if (blockers) return skipped(slot, "running", blockers);
    }
    const value = await run.execute(work);
    return { outcome: "ran", slot, token: lease.token, holder: this.#session.memberId, value };
  }

  /**
   * Runs the slots that nobody has run since the last one that is remembered, the oldest first, and
   * then this one. In `"retry"` an earlier slot whose last run failed is one of them. One request to
   * look, and those of each run. Where nothing is remembered, nothing was missed.
   *
   * @returns What became of each, in order.
   * @throws what `work` threw first, after the later slots have had their turn: a slot that always fails
   *   does not keep the one that is due from running.
   * @throws as {@link Cron.run}; later slots are not begun then.
   */
  async catchUp<T>(
    options: CatchUpOptions,
    work: (run: Run) => T | Promise<T>,
  ): Promise<SlotResult<T>[]> {
    const { every, missed = "all", limit = 100, ...rest } = options;
    const retain = rememberedFor(options);
    const plan = this.#plan({ ...rest, retain });
    this.#due(plan);
    if (typeof every === "number") checkEvery(every);
    const before = missedSlots({
      plan,
      every,
      limit,
      runs: await this.#runs(rest.signal),
      oldest: this.#session.runtime.wall() - retain,
    });
    const results: SlotResult<T>[] = [];
    // `stop()` lets the run that goes on end, and begins no other.
    const running = this.#session.running(rest.signal);
    const failures: unknown[] = [];
    try {
      for (const slot of [...missed === "last" ? before.slice(-1) : before, rest.slot]) {
        running.signal.throwIfAborted();
        let began = false;
        try {
          results.push(await this.run({ ...plan, slot }, (run) => (began = true) && work(run)));
        } catch (error) {
          if (!began) throw error;
          failures.push(error);
        }
      }
    } finally {
      running.done();
    }
    if (failures.length > 0) throw failures[0];
    return results;
  }

  /**
   * The latest runs that are remembered, the latest slot first: at most `count`, and none longer ago
   * than `retain`. One request.
   *
   * @throws {InvalidArgument} when `count` is no whole number from 0.
   */
  async history(count = 20, options: CallOptions = {}): Promise<RunRecord[]> {
    checkWhole("count", count, 0, MOST);
    return (await this.#runs(options.signal)).slice(0, count);
  }

  /**
   * Frees what a wedged run holds: the seat by which `skipIfRunning` and `minHold` keep other slots from
   * running, and with `slot` also that slot itself, which can then run again, whether it ended or not.
   * The run learns it at its next renewal; its work is stopped only where the token is checked. One call
   * of the driver when there is nothing to free, two when there is.
   *
   * @returns How many seats were freed.
   */
  async break(options: CallOptions & { slot?: number | undefined } = {}): Promise<number> {
    const resource = resources.cron(this.job);
    const { slot } = options;
    const seats = [RUNNING, HOLD, ...slot === undefined ? [] : [`${slot}`, doneSeat(slot)]];
    const places = seats.map((seat) => ({ resource, seat }));
    return await breakLeases(this.#session, places, options, (value) => noteIn(value).holder);
  }

  /**
   * Checks options as {@link Cron.run} does, but for the slot. No request.
   *
   * @throws {InvalidArgument} when anything cannot work.
   */
  check(options: Omit<SlotOptions, "slot">): void {
    this.#plan({ ...options, slot: 0 });
  }

  #plan(options: SlotOptions): Plan {
    const plan = planOf(options, this.#session.ttls.any);
    this.#session.check(plan.ttl);
    return plan;
  }

  /** The plan of a slot that is due: what is remembered of it outlives every trigger of it. */
  #due(plan: Plan): Plan {
    const { slot, retain } = plan;
    const now = this.#session.runtime.wall();
    checkSlot(slot, now);
    const ahead = Math.ceil(slot - now);
    const earliest = Math.min(retain, EARLIEST);
    if (!(ahead <= earliest && -ahead <= retain)) {
      throw new InvalidArgument(
        `Cannot run slot ${slot} of job "${this.job}": it must be the scheduled instant in ms, at ` +
          `most ${retain} ago (retain) and ${earliest} ahead. Use a longer retain, or slotAt() with ` +
          "the schedule's offset: for it, weeks begin on Thursday",
      );
    }
    return { ...plan, retain: keptFor(retain, ahead, this.#session.bounds) };
  }

  async #runs(signal?: AbortSignal): Promise<RunRecord[]> {
    return historyOf(await this.#session.look(resources.cron(this.job), undefined, { signal }));
  }

  async #claim({ slot, mode, ttl, retain, keepAlive, signal }: Plan): Promise<Grant> {
    const resource = resources.cron(this.job);
    const value = written({
      holder: this.#session.memberId,
      started: this.#session.runtime.wall(),
      ended: null,
      outcome: "started",
    });
    // In its run's care alone: no heartbeat renews it, and `stop()` does not release it.
    const claim = { resource, seat: `${slot}`, value, signal, own: true };
    return await this.#session.acquire(
      mode === "once"
        ? {
          ...claim,
          ttl: retain,
          believe: validity(keepAlive ? retain : ttl, this.#session.bounds),
        }
        : {
          ...claim,
          ttl,
          guard: { when: "vacant", resource, seat: doneSeat(slot) },
          ...(!keepAlive && { believe: validity(ttl, this.#session.bounds) }),
        },
    );
  }
}

function skipped(
  slot: number,
  reason: "taken" | "running",
  [blocker]: readonly Lease[],
): SlotResult<never> {
  const holder = blocker ? noteIn(blocker.value).holder : "unknown";
  return { outcome: "skipped", slot, reason, done: blocker?.seat === doneSeat(slot), holder };
}
