/**
 * Cron jobs of which each slot runs once, whatever the number of regions and duplicate triggers.
 *
 * @module
 */

import { type CatchUpOptions, missedSlots } from "./catch_up.ts";
import { doneSeat, historyOf, noteIn, written } from "./cron_records.ts";
import { CronRun } from "./cron_run.ts";
import type { Plan, Run, RunRecord, SlotOptions, SlotResult } from "./cron_types.ts";
import { InvalidArgument } from "./errors.ts";
import type { CallOptions } from "./lease.ts";
import { resources } from "./names.ts";
import type { Grant } from "./parts.ts";
import type { Session } from "./session.ts";
import { checkWait, validity } from "./timings.ts";

/** A slot's runs are remembered for a day unless told otherwise. */
const RETAIN = 24 * 60 * 60 * 1_000;

/** A named job. */
export class Cron {
  /** The job's name. */
  readonly job: string;
  readonly #session: Session;
  readonly #memberId: string;
  readonly #ttl: number;

  /** Made by `coordinator.cron(job)`. */
  constructor(job: string, session: Session, memberId: string, ttl: number) {
    this.job = job;
    this.#session = session;
    this.#memberId = memberId;
    this.#ttl = ttl;
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
   * @throws {InvalidArgument} when the slot is no instant near now, or a duration cannot work.
   */
  async run<T>(options: SlotOptions, work: (run: Run) => T | Promise<T>): Promise<SlotResult<T>> {
    const { mode = "once", ttl = this.#ttl, retain = RETAIN } = options;
    const plan: Plan = {
      ...options,
      mode,
      ttl,
      retain,
      keepAlive: options.keepAlive ?? mode === "retry",
    };
    this.#check(plan);
    const { slot } = plan;
    const { lease, blockers } = await this.#claim(plan);
    if (!lease) {
      const [blocker] = blockers;
      const done = blocker?.seat === doneSeat(slot);
      return { outcome: "skipped", slot, reason: "taken", done, holder: holderOf(blockers) };
    }
    const run = new CronRun(this.#session, this.#memberId, lease, plan);
    if (plan.skipIfRunning || plan.minHold !== undefined) {
      const blockers = await run.occupy();
      if (blockers) {
        return {
          outcome: "skipped",
          slot,
          reason: "running",
          done: false,
          holder: holderOf(blockers),
        };
      }
    }
    const value = await run.execute(work);
    return { outcome: "ran", slot, token: lease.token, holder: this.#memberId, value };
  }

  /**
   * Runs the slots that nobody has run since the last one that is remembered, the oldest first, and
   * then this one. One request to look, and those of each run. Where nothing is remembered, nothing
   * was missed.
   *
   * @returns What became of each, in order.
   * @throws as {@link Cron.run}; later slots are not begun then.
   */
  async catchUp<T>(
    options: CatchUpOptions,
    work: (run: Run) => T | Promise<T>,
  ): Promise<SlotResult<T>[]> {
    const { every, missed = "all", limit = 100, ...rest } = options;
    const leases = await this.#session.inspect(resources.cron(this.job), undefined, rest.signal);
    const known = historyOf(leases).map(({ slot }) => slot);
    const oldest = this.#session.runtime.wall() - (rest.retain ?? RETAIN);
    const before = missedSlots({ slot: rest.slot, every, known, oldest, limit });
    const results: SlotResult<T>[] = [];
    for (const slot of [...missed === "last" ? before.slice(-1) : before, rest.slot]) {
      results.push(await this.run({ ...rest, slot }, work));
    }
    return results;
  }

  /**
   * The latest runs that are remembered, the latest slot first: at most `count`, and none longer ago
   * than `retain`. One request.
   */
  async history(count = 20, options: CallOptions = {}): Promise<RunRecord[]> {
    const leases = await this.#session.inspect(
      resources.cron(this.job),
      undefined,
      options.signal,
    );
    return historyOf(leases).slice(0, count);
  }

  async #claim({ slot, mode, ttl, retain, keepAlive, signal }: Plan): Promise<Grant> {
    const resource = resources.cron(this.job);
    const value = written({
      holder: this.#memberId,
      started: this.#session.runtime.wall(),
      ended: null,
      outcome: "started",
    });
    const claim = { resource, seat: `${slot}`, value, signal };
    // Alone in its run's care either way: no heartbeat renews it, and `stop()` does not release it.
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

  #check({ slot, ttl, retain, minHold, maxRuntime }: Plan): void {
    for (const each of [ttl, retain, minHold ?? ttl]) this.#session.check(each);
    if (maxRuntime !== undefined) checkWait("maxRuntime", maxRuntime);
    if (retain < ttl) {
      throw new InvalidArgument(
        `Cannot use retain ${retain}: it must not be shorter than ttl ${ttl}`,
      );
    }
    if (!Number.isSafeInteger(slot) || Math.abs(this.#session.runtime.wall() - slot) > retain) {
      throw new InvalidArgument(
        `Cannot run slot ${slot} of job "${this.job}": it must be the scheduled instant in ms since ` +
          `the epoch, within ${retain} ms (retain) of now; beyond that nobody can tell if it has run`,
      );
    }
  }
}

function holderOf([blocker]: readonly { value: string }[]): string {
  return blocker ? noteIn(blocker.value).holder : "unknown";
}
