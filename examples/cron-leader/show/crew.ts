/** The workers of one demo. */

import type { Backend } from "./backend.ts";
import type { Happening, Schedule, WorkerEvent, WorkerFate } from "./messages.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What a crew is made of. */
export interface CrewOptions {
  readonly backend: Backend;
  /** Where the ledger and the SQLite file are. */
  readonly folder: string;
  /** Ms since the first slot. */
  readonly now: () => number;
  /** Called for each event. */
  readonly tell: (happening: Happening) => void;
}

export class Crew {
  readonly #options: CrewOptions;
  readonly #workers = new Map<string, WorkerProcess>();
  readonly #ready = new Set<string>();
  readonly #run = crypto.randomUUID().slice(0, 8);
  #schedule: Schedule | undefined;
  #ending = false;
  #living = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** How many workers have reported that they reach the backend. */
  get ready(): number {
    return this.#ready.size;
  }

  /** How many processes there are. */
  get living(): number {
    return this.#living;
  }

  /** Starts one more worker. */
  start(replaces?: string): void {
    if (this.#ending) return;
    const { backend, folder } = this.#options;
    const worker = `worker-${String.fromCharCode("a".charCodeAt(0) + this.#workers.size)}`;
    const settings = { name: worker, backend: backend.name, folder, run: this.#run };
    const args = Object.entries({ ...settings, ttl: `${backend.leaderTtl}` })
      .map(([key, value]) => `--${key}=${value}`);
    const process = new WorkerProcess({
      args,
      environment: backend.environment,
      tell: (event) => this.#received(worker, event),
      ended: (message) => {
        this.#living--;
        this.#happened(worker, { type: "ended", message });
      },
    });
    this.#workers.set(worker, process);
    this.#living++;
    this.#happened(worker, {
      type: "started",
      pid: process.pid,
      ...(replaces !== undefined && { replaces }),
    });
  }

  /** Lets every worker campaign, also those that start later. */
  begin(schedule: Schedule): void {
    this.#schedule = schedule;
    for (const worker of this.#ready) this.#workers.get(worker)?.begin(schedule);
  }

  kill(worker: string): void {
    this.#workers.get(worker)?.kill();
    this.#happened(worker, { type: "killed" });
  }

  pause(worker: string): void {
    this.#workers.get(worker)?.pause();
    this.#happened(worker, { type: "paused" });
  }

  async resume(worker: string): Promise<void> {
    this.#happened(worker, { type: "resumed" });
    await this.#workers.get(worker)?.resume();
  }

  /** Ends every process that was started here, the frozen ones too, and waits for it. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#workers.values()].map((worker) => worker.end()));
  }

  #received(worker: string, event: WorkerEvent): void {
    if (event.type === "ready") {
      this.#ready.add(worker);
      if (this.#schedule) this.#workers.get(worker)?.begin(this.#schedule);
    }
    this.#happened(worker, event);
  }

  /** What happens because the demo ends does not belong to its story. */
  #happened(worker: string, event: WorkerEvent | WorkerFate): void {
    if (!this.#ending) this.#options.tell({ at: this.#options.now(), worker, ...event });
  }
}
