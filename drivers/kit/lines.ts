/**
 * Calls of one driver object that wait for the same seat, for backends that wake all waiters at once: only
 * the first of them waits at the backend, so that a change is one request and not one for each of them.
 *
 * @module
 */

import type { Acquire } from "../driver.ts";
import { isCloudflare } from "./cloudflare.ts";
import { Pause } from "./pause.ts";

/** All lines of one driver object. */
export class Lines {
  readonly #lines = new Map<string, Set<Pause>>();

  /** For one call, which waits for one thing at a time. */
  turn(signal: AbortSignal | undefined): Turn {
    return new Turn(this.#lines, signal);
  }
}

/** The place of one call in a line. */
export class Turn {
  readonly #lines: Map<string, Set<Pause>>;
  readonly #signal: AbortSignal | undefined;
  #mine = new Pause();
  #key: string | undefined;

  /** It is in no line yet. */
  constructor(lines: Map<string, Set<Pause>>, signal: AbortSignal | undefined) {
    this.#lines = lines;
    this.#signal = signal;
  }

  /** Whether another call waits for the same seat that came before it. */
  isBehind(op: Acquire): boolean {
    const first = firstOf(this.#lines.get(keyOf(op)));
    return first !== undefined && first !== this.#mine;
  }

  /**
   * Waits until all calls that came before it have left, for at most so many ms. Answers whether it is
   * its turn.
   *
   * @throws {UnknownOutcome} when the signal aborts.
   */
  async comes(op: Acquire, ms: number): Promise<boolean> {
    if (isCloudflare()) return true;
    const key = keyOf(op);
    // It has waited for something else before.
    if (key !== this.#key) this.end();
    this.#key = key;
    const line = this.#lines.get(key) ?? new Set<Pause>();
    this.#lines.set(key, line.add(this.#mine));
    if (firstOf(line) !== this.#mine) await this.#mine.within(ms, this.#signal);
    return firstOf(line) === this.#mine;
  }

  /** It waits no longer. */
  end(): void {
    const line = this.#lines.get(this.#key ?? "");
    line?.delete(this.#mine);
    if (line?.size === 0) this.#lines.delete(this.#key!);
    // If that was the first before, it goes on as it is.
    else firstOf(line)?.end();
    this.#mine = new Pause();
    this.#key = undefined;
  }
}

function firstOf(line: ReadonlySet<Pause> | undefined): Pause | undefined {
  return line?.values().next().value;
}

/** A guard that fails for one fails for all. */
function keyOf({ resource, seat, guard }: Acquire): string {
  return JSON.stringify([resource, seat, guard]);
}
