/**
 * Cron jobs whose slots run once each, however many regions and duplicate triggers there are.
 *
 * @module
 */

import type { Lease } from "../../drivers/driver.ts";
import { type CatchUpOptions, missedSlots, rememberedFor } from "./catch_up.ts";
import { EARLIEST, keptFor, planOf } from "./plan.ts";
import { checkEvery, checkSlot } from "./slots.ts";
import { doneSeat, HOLD, noteIn, RUNNING, written } from "./records.ts";
import { PAGE, rememberedRuns } from "./remembered.ts";
import { CronRun } from "./run.ts";
import type { Plan, Run, RunRecord, SlotOptions, SlotResult } from "./types.ts";
import { InvalidArgument } from "../../errors.ts";
import { checkFunction, checkWord } from "../../drivers/kit/check.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { type CallOptions, checkCall } from "../leases/lease.ts";
import { resources } from "../names.ts";
import type { Grant } from "../leases/attempt.ts";
import { breakLeases } from "../leases/breaking.ts";
import type { Session } from "../leases/session.ts";
import { checkWhole, validity } from "../leases/timings.ts";

/** The most runs that `history()` can answer, and the most slots that `catchUp()` can be asked for. */
const MOST = 1_000_000;

/**
 * A named job. A platform triggers it, and this sees to it that each slot runs once. A slot is one
 * scheduled run; its name is the instant that the schedule says.
 */
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
   * Runs `work` if this slot is still free. To claim the slot takes one call of the driver, whether
   * it is granted or refused; `"retry"` adds one when the run ends, and the renewals.
   * `docs/backends.md` has the requests per backend.
   *
   * @example
   * ```ts ignore
   * const run = await baton.cron("invoices").run(
   *   { slot: event.scheduledTime, ttl: 60_000 },
   *   ({ token, signal }) => sendInvoices(token, signal),
   * );
   * console.log(run.outcome, run.holder); // "ran" here, or "skipped" because fra-1 has it
   * ```
   * @throws what `work` throws. In `"once"` the slot then stays used, and in `"retry"` it is free
   *   again.
   * @throws {OperationTimedOut} when `work` did not end within `maxRuntime`. Its signal has
   *   aborted, but nobody can stop what it still does.
   * @throws {UnknownOutcome} when the claim had no answer; `work` has not run. A claim that may
   *   have been granted is released in the background.
   * @throws {InvalidArgument} before any request, when the slot is not an instant near now, or an
   *   option cannot work.
   */
  async run<T>(options: SlotOptions, work: (run: Run) => T | Promise<T>): Promise<SlotResult<T>> {
    checkFunction("work", work);
    return await this.#run(this.#due(this.#plan(options)), work);
  }

  async #run<T>(plan: Plan, work: (run: Run) => T | Promise<T>): Promise<SlotResult<T>> {
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
   * Runs the slots that were missed since the last remembered run, the oldest first, and then this
   * one. In `"retry"`, earlier slots whose last run failed are among them. If no run is remembered,
   * no slot counts as missed.
   *
   * It takes one call of the driver to see that the slot before has run, and one more if it has not.
   * Each run takes its own. If `every` is a function it is one call, and in `"retry"` one per 1,000
   * seats that are remembered: it looks for what failed.
   *
   * @returns The result of each slot, in order.
   * @throws the first error of `work`, after the later slots have run, too. So a slot that always
   *   fails does not keep the one that is due from running.
   * @throws as {@link Cron.run}; later slots do not start then.
   */
  async catchUp<T>(
    options: CatchUpOptions,
    work: (run: Run) => T | Promise<T>,
  ): Promise<SlotResult<T>[]> {
    checkOptions(
      options,
      "every missed limit slot mode ttl keepAlive? retain skipIfRunning? minHold maxRuntime record? signal",
    );
    const { every, missed = "all", limit = 100, ...rest } = options;
    checkWhole("limit", limit, 0, MOST);
    const retain = rememberedFor(options);
    const plan = this.#plan({ ...rest, retain });
    this.#due(plan);
    checkFunction("work", work);
    if (typeof every === "number") checkEvery(every);
    checkWord("missed", missed, ["all", "last"]);
    // `stop()` lets the current run end, and then no other slot starts.
    return await this.#session.asOne(plan.signal, async (signal) => {
      const before = await missedSlots(this.#session, resources.cron(this.job), {
        plan: { ...plan, signal },
        every,
        oldest: this.#session.runtime.wall() - retain,
        limit: missed === "last" ? Math.min(limit, 1) : limit,
      });
      const results: SlotResult<T>[] = [];
      const failures: unknown[] = [];
      for (const at of [...before, plan.slot]) {
        signal.throwIfAborted();
        let began = false;
        try {
          results.push(
            await this.#run(this.#due({ ...plan, slot: at }), (run) => (began = true) && work(run)),
          );
        } catch (error) {
          if (!began) throw error;
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return results;
    });
  }

  /**
   * The latest remembered runs, the latest slot first. There are at most `count`, and none is older
   * than `retain`. It reads from the latest on and only as far as it has to: one call of the driver
   * for up to 50 runs, and one per 500 for more.
   *
   * @throws {InvalidArgument} when `count` is not a whole number from 0.
   */
  async history(count = 20, options: CallOptions = {}): Promise<RunRecord[]> {
    checkCall(options);
    checkWhole("count", count, 0, MOST);
    const runs = await rememberedRuns(this.#session, resources.cron(this.job), {
      ...options,
      page: Math.max(PAGE, 2 * count),
      enough: ({ length }) => length >= count,
    });
    return runs.slice(0, count);
  }

  /**
   * Frees what a stuck run holds. That is the seat by which `skipIfRunning` and `minHold` keep
   * other slots from running. With `slot` it is also that slot, which can then run again, whether
   * its run has ended or not. The run notices at its next renewal. Its work is stopped only where a
   * resource checks the token. One call of the driver if there is nothing to free, and two if there
   * is.
   *
   * @returns How many seats were freed.
   */
  async break(options: CallOptions & { slot?: number | undefined } = {}): Promise<number> {
    checkOptions(options, "slot signal");
    const resource = resources.cron(this.job);
    const { slot } = options;
    if (slot !== undefined) checkSlot(slot, this.#session.runtime.wall());
    const seats = [RUNNING, HOLD, ...slot === undefined ? [] : [`${slot}`, doneSeat(slot)]];
    const places = seats.map((seat) => ({ resource, seat }));
    return await breakLeases(this.#session, places, options, (value) => noteIn(value).holder);
  }

  /**
   * Checks options as {@link Cron.run} does, except the slot. No request.
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

  /** The plan of a slot that is due. Its record outlives every trigger of the slot. */
  #due(plan: Plan): Plan {
    const { slot, retain } = plan;
    const now = this.#session.runtime.wall();
    checkSlot(slot, now);
    const ahead = Math.ceil(slot - now);
    const earliest = Math.min(retain, EARLIEST);
    if (!(ahead <= earliest && -ahead <= retain)) {
      throw new InvalidArgument(
        `Cannot run slot ${slot} of job "${this.job}": it must be the scheduled instant in ms, at ` +
          `most ${retain} ago (retain) and ${earliest} ahead. Use a longer retain, or give slotAt() ` +
          "an offset: its weeks begin on Thursday",
      );
    }
    return { ...plan, retain: keptFor(plan, ahead, this.#session.bounds) };
  }

  async #claim({ slot, mode, ttl, retain, keepAlive, signal }: Plan): Promise<Grant> {
    const resource = resources.cron(this.job);
    const value = written({
      holder: this.#session.memberId,
      started: this.#session.runtime.wall(),
      ended: null,
      outcome: "started",
    });
    // Only its run looks after it: no heartbeat renews it, and `stop()` does not release it.
    const claim = { resource, seat: `${slot}`, value, signal, own: true };
    return await this.#session.acquire(
      mode === "once"
        ? {
          ...claim,
          ttl: retain,
          heldFor: validity(keepAlive ? retain : ttl, this.#session.bounds),
        }
        : {
          ...claim,
          ttl,
          guard: { when: "vacant", resource, seat: doneSeat(slot) },
          ...(!keepAlive && { heldFor: validity(ttl, this.#session.bounds) }),
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
