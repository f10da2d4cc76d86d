/**
 * All works, with what those of one kind share.
 *
 * @module
 */

import type { Faults } from "../faults.ts";
import type { Laws } from "../laws.ts";
import type { Work } from "../member.ts";
import type { Plan, WorkName } from "../plan.ts";
import type { Schedule } from "../schedule.ts";
import type { Done } from "../server.ts";
import { edges } from "./edges.ts";
import { elections, observers, Terms } from "./elections.ts";
import { founders, members, nothingUnderstood, watchers } from "./groups.ts";
import { breaks, locks, Register, semaphores } from "./locks.ts";
import { type Mode, Runs, slots } from "./slots.ts";
import { waiters } from "./waiters.ts";

/** The works of one run. */
export class Works {
  /** Slots that run again until they are done. */
  readonly retried: Runs;
  readonly #all: Record<WorkName, (index: number) => Work>;
  readonly #runs: readonly Runs[];

  constructor({ scope, members: all }: Plan, laws: Laws, schedule: Schedule, faults: Faults) {
    const register = () => new Register(schedule, laws, scope.growing);
    const registers = new Map([["a", register()], ["b", register()]]);
    const terms = new Terms(laws, scope);
    const runs = (job: string, mode: Mode) => new Runs(job, mode, laws, scope);
    const [once, retry] = [runs("once", "once"), runs("retry", "retry")];
    const [edgeOnce, edgeRetry] = [runs("edge once", "once"), runs("edge retry", "retry")];
    const known = all.map(nothingUnderstood);
    this.retried = retry;
    this.#runs = [once, retry, edgeOnce, edgeRetry];
    this.#all = {
      locks: () => locks(registers, laws),
      breaks: () => breaks,
      semaphores: () => semaphores(laws),
      elections: () => elections(terms, laws),
      observers: () => observers(laws, scope),
      once: () => slots(once, schedule),
      retry: () => slots(retry, schedule),
      edges: () => edges([edgeOnce, edgeRetry], laws),
      waiters: () => waiters(laws, schedule, () => faults.healed),
      members: () => members(laws),
      founders: () => founders,
      watchers: (index) => watchers(known[index] as typeof known[0], laws, scope),
    };
  }

  /** A work of this name, for the member of this index. */
  of(name: WorkName, index: number): Work {
    return this.#all[name](index);
  }

  /** Judges what the backend has done. */
  done(done: Done): void {
    for (const runs of this.#runs) runs.done(done);
  }
}
