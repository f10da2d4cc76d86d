/**
 * Keeps leases alive while somebody works under them.
 *
 * @module
 */

import type { HeldLease } from "./held_lease.ts";
import type { CoordinatorEvent } from "../events.ts";
import { type Runtime, sleep } from "../runtime.ts";

/** What a heart needs of the leases it beats for. */
export interface Beating {
  /** Timers and jitter. */
  readonly runtime: Runtime;
  /** Every lease that is held. */
  readonly leases: ReadonlySet<HeldLease>;
  /** In how many ms a lease should be renewed. */
  due(lease: HeldLease): number;
  /** Renews leases together, once. */
  renew(leases: Iterable<HeldLease>, signal?: AbortSignal): Promise<void>;
  /** Reports a beat that failed. */
  report(event: CoordinatorEvent): void;
}

/** The shortest pause between two beats, in ms, however little time is left. */
const SHORTEST_PAUSE = 20;
/** A reason of our own: the default one is an exception, which costs more to make than a renewal. */
const WOKEN = "woken";

/**
 * Beats, one request for all leases in its care, from the first that is added until the last is
 * removed. No timer outlives that, so a heart that started within a request ends with its work.
 */
export class Heart {
  readonly #session: Beating;
  /** How many callers want each lease kept. */
  readonly #kept = new Map<HeldLease, number>();
  /** Whether every lease of the session is in its care, and it beats on without any. */
  #keepsAll = false;
  #run: AbortController | undefined;
  #wake = new AbortController();

  /** A heart at rest. */
  constructor(session: Beating) {
    this.#session = session;
  }

  /** Keeps a lease alive until the answer is called. */
  keep(lease: HeldLease): () => void {
    this.#kept.set(lease, (this.#kept.get(lease) ?? 0) + 1);
    this.#changed();
    let kept = true;
    return () => {
      if (!kept) return;
      kept = false;
      const others = (this.#kept.get(lease) ?? 1) - 1;
      if (others > 0) this.#kept.set(lease, others);
      else this.#kept.delete(lease);
      this.#changed();
    };
  }

  /** Keeps every lease of the session alive, or no longer. */
  keepAll(all: boolean): void {
    this.#keepsAll = all;
    this.#changed();
  }

  /** Looks again at what is due when: a lease has come or gone. */
  poke(): void {
    if (this.#run) this.#wake.abort(WOKEN);
  }

  #changed(): void {
    const wanted = this.#keepsAll || this.#kept.size > 0;
    if (wanted && !this.#run) {
      this.#run = new AbortController();
      void this.#beat(this.#run.signal); // never rejects
    } else if (!wanted && this.#run) {
      this.#run.abort(WOKEN);
      this.#run = undefined;
    }
    this.#wake.abort(WOKEN);
  }

  #care(): HeldLease[] {
    const leases = this.#keepsAll ? this.#session.leases : this.#kept.keys();
    return [...leases].filter((lease) => lease.held);
  }

  async #beat(stopped: AbortSignal): Promise<void> {
    let failed = false;
    for (;;) {
      await this.#untilDue(failed, stopped);
      if (stopped.aborted) return;
      try {
        await this.#session.renew(this.#care(), stopped);
        failed = false;
      } catch (error) {
        if (stopped.aborted) return;
        this.#session.report({ type: "heartbeat-failed", error });
        failed = true;
      }
    }
  }

  /** Waits until the next beat is due, thinking again whenever it is poked. */
  async #untilDue(failed: boolean, stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      this.#wake = new AbortController();
      // After a failure the pauses shrink with the time left, so that many tries fit in it.
      const pauses = this.#care().map((lease) =>
        failed ? lease.left / 4 : this.#session.due(lease)
      );
      const jitter = 1 - this.#session.runtime.random() / 10;
      const pause = Math.max(SHORTEST_PAUSE, Math.min(...pauses) * jitter);
      const woken = await sleep(this.#session.runtime, pause, this.#wake.signal).then(
        () => false,
        () => true,
      );
      if (!woken) return;
    }
  }
}
