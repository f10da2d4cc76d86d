/**
 * Listening to abort signals that may live longer than what listens to them.
 *
 * @module
 */

/** By signal, so that none outlives it. */
const listening = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls back once when the signal aborts, until the answer is called. It never calls back for a signal
 * that has aborted before: look at it first. The callback must not throw.
 *
 * However many listen through this function, a signal has one listener of the platform's. Node warns of
 * a leak from the eleventh on, and every platform compares a new listener with all before it, so that
 * 10,000 waits under one signal would take 50,000,000 steps.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => {};
  let listeners = listening.get(signal);
  if (!listeners) listening.set(signal, listeners = new Listeners(signal));
  return listeners.add(callback);
}

/** All that listen to one signal. */
class Listeners {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<{ readonly call: () => void }>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(call: () => void): () => void {
    // One function may listen twice.
    const callback = { call };
    if (this.#callbacks.size === 0) this.#signal.addEventListener("abort", this.#tell);
    this.#callbacks.add(callback);
    return () => {
      if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return;
      this.#signal.removeEventListener("abort", this.#tell);
    };
  }

  readonly #tell = (): void => {
    this.#signal.removeEventListener("abort", this.#tell);
    for (const callback of this.#callbacks) {
      this.#callbacks.delete(callback);
      callback.call();
    }
  };
}
