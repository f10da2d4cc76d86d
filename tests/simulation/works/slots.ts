/**
 * Cron jobs whose triggers come to everybody, sometimes twice and late.
 *
 * @module
 */

import { BEGIN } from "../clock.ts";
import { between } from "../dice.ts";
import type { Laws, Scope } from "../laws.ts";
import type { Member, Work } from "../member.ts";
import type { Done } from "../server.ts";

/** How far apart slots are, in ms. */
export const PERIOD = 3_000;

/** How a job's slots are run. */
export type Mode = "once" | "retry";

/** The runs of one job. */
export class Runs {
  readonly job: string;
  readonly mode: Mode;
  /** Slots that everybody has been told of. */
  readonly due = new Set<number>();
  /** Slots whose run has ended well, to its runner's knowledge. */
  readonly ended = new Set<number>();
  /** The greatest token of each slot's runs, and all of them. */
  readonly #begun = new Map<number, number>();
  readonly #tokens = new Set<string>();
  /** The token under which the backend was first told that a slot is done, however long ago. */
  readonly #done = new Map<string, number>();
  /** Runs that go on, by seat and token. */
  readonly #running = new Set<string>();
  readonly #laws: Laws;
  readonly #scope: Scope;

  constructor(job: string, mode: Mode, laws: Laws, scope: Scope) {
    this.job = job;
    this.mode = mode;
    this.#laws = laws;
    this.#scope = scope;
  }

  /** Takes what the backend has done. */
  done({ ops, outcomes, had }: Done): void {
    for (const [n, op] of ops.entries()) {
      const { resource, seat = "" } = op;
      if (!resource.endsWith(`cron:${this.job}`) || !outcomes[n]?.ok) continue;
      const token = outcomes[n].leases[0]?.token ?? Infinity;
      if (op.op === "acquire" && !this.#done.has(seat)) this.#done.set(seat, token);
      const released = op.op === "release" && `${seat} ${had[n]?.token}`;
      if (released && this.#scope.exclusive && this.#running.has(released)) {
        this.#laws.broken("a run keeps its claim", `${released} of ${this.job} was released`);
      }
    }
  }

  /** A run begins. */
  begin(slot: number, token: number, name: string): void {
    const { job, mode } = this;
    const place = `${job} ${slot}`;
    this.#running.add(`${slot} ${token}`);
    this.#laws.saw(`a slot began (${job})`);
    const before = this.#begun.get(slot) ?? 0;
    if (mode === "once" && before > 0 && this.#scope.exclusive) {
      this.#laws.broken("a slot runs at most once", `${name} begins ${place} once more`);
    }
    if (mode === "retry" && before > 0) this.#laws.saw(`a slot began again (${job})`);
    // Where a backend forgets, a run can begin late that was granted before what it has forgotten.
    if (before >= token && this.#scope.exclusive) {
      this.#laws.broken("runs of a slot have growing tokens", `${token} after ${before}: ${place}`);
    }
    if (this.#tokens.has(`${place} ${token}`) && this.#scope.growing) {
      this.#laws.broken("each run has a token of its own", `${token} again: ${place}`);
    }
    this.#tokens.add(`${place} ${token}`);
    if (mode === "retry" && this.#scope.exclusive && this.#recorded(slot) < token) {
      this.#laws.broken("what is done is not done again", `${name} begins ${place} again`);
    }
    this.#begun.set(slot, Math.max(before, token));
  }

  /** A run's work has ended, one way or the other. */
  end(slot: number, token: number): void {
    this.#running.delete(`${slot} ${token}`);
  }

  /** The token under which it was written that a slot is done. */
  #recorded(slot: number): number {
    return this.#done.get(`${slot}/done`) ?? Infinity;
  }
}

/** Runs slots as a platform triggers them. */
export function slots(runs: Runs, every: { readonly now: number }): Work {
  return async (member) => {
    const { random } = member;
    let next = Math.ceil((every.now + 1) / PERIOD) * PERIOD;
    const triggers: Promise<void>[] = [];
    while (!member.stopped.aborted) {
      const slot = next;
      await member.sleep(Math.max(0, slot - every.now) + random() * 400);
      if (member.stopped.aborted) break;
      next += PERIOD;
      for (let times = random() < 0.2 ? 2 : 1; times > 0; times--) {
        triggers.push(trigger(member, BEGIN + slot, runs));
      }
    }
    await Promise.all(triggers);
  };
}

async function trigger(
  member: Member,
  slot: number,
  runs: Runs,
): Promise<void> {
  const { job, mode } = runs;
  const { random, host, coordinator } = member;
  if (mode === "retry") runs.due.add(slot);
  const skipIfRunning = random() < 0.2;
  // A platform triggers what has failed again, and we what is not known to be done.
  for (let done = false; !done && !member.stopped.aborted;) {
    await member.tolerate(async () => {
      const result = await coordinator.cron(job).run(
        { slot, mode, retain: 3_600_000, skipIfRunning },
        async ({ token, signal }) => {
          runs.begin(slot, token, host.name);
          try {
            await member.call("run", () => member.sleep(between(random, 0, 1_500)));
          } finally {
            runs.end(slot, token);
          }
          if (!signal.aborted && random() < 0.1) throw new DOMException("crashed", "AbortError");
        },
      );
      done = result.outcome === "ran" || result.done;
      if (done) runs.ended.add(slot);
    });
    if (mode === "once") return;
    if (!done) await member.sleep(between(random, 300, 1_500));
  }
}
