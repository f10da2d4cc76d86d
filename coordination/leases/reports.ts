/**
 * Who hears of what happens.
 *
 * @module
 */

import type { CoordinatorEvent } from "../events.ts";

/** Hands events to the user's observer and to our own listeners. */
export class Reports {
  readonly #on: ((event: CoordinatorEvent) => unknown) | undefined;
  #warned = false;
  readonly #listeners = new Set<(event: CoordinatorEvent) => void>();

  /** Reports to `on`, if there is one. */
  constructor(on?: (event: CoordinatorEvent) => unknown) {
    this.#on = on;
  }

  /** Whether a user wants to hear. */
  get heard(): boolean {
    return this.#on !== undefined;
  }

  /** Reports an event. What an observer throws, at once or later, must not cost a lease. */
  report(event: CoordinatorEvent): void {
    for (const listener of this.#listeners) listener(event);
    if (this.#on) harmless(() => this.#on?.(event));
    else this.#warn(event);
  }

  /**
   * Says once, where nobody observes, that a call goes on although the backend does not serve it: a
   * `lead()` with a wrong password would otherwise wait in silence.
   */
  #warn(event: CoordinatorEvent): void {
    if (this.#warned || !/^(campaign|acquire|tick)-failed$/.test(event.type)) return;
    this.#warned = true;
    // deno-lint-ignore no-console -- the last resort, which `on: () => {}` replaces
    console.warn(
      `@baton/baton: ${event.type}, and it is tried again: ${Object(event).error?.message}. ` +
        "This is said once; the option `on` receives every such event",
    );
  }

  /** Has one of ours hear of all events. */
  listen(listener: (event: CoordinatorEvent) => void): void {
    this.#listeners.add(listener);
  }
}

/**
 * Calls a user's function whose failure is nobody's business but its own. An async one would otherwise
 * end the process by an unhandled rejection.
 */
export function harmless(
  call: () => unknown,
  failed: (error: unknown) => void = () => {},
): void {
  try {
    Promise.resolve(call()).catch(failed);
  } catch (error) {
    failed(error);
  }
}
