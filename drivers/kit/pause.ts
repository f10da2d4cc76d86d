/**
 * Waits that end early, for drivers that hold an acquisition for its patience.
 *
 * @module
 */

import { onAbort } from "./aborts.ts";
import { withdrawn } from "./failure.ts";

/** A pause that somebody else can end. */
export class Pause {
  #over = false;
  #wake = (): void => {};

  /** Ends it, also if it has not begun yet. */
  end(): void {
    this.#over = true;
    this.#wake();
  }

  /**
   * Waits for its end, and for at most so many ms.
   *
   * @throws {UnknownOutcome} when the signal aborts.
   */
  async within(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#over && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          unlisten();
          resolve();
        };
        const timer = setTimeout(wake, ms);
        const unlisten = onAbort(signal, wake);
        this.#wake = wake;
      });
    }
    if (signal?.aborted) throw withdrawn();
  }
}
