/**
 * Listens to abort signals that may live longer than their listeners.
 *
 * @module
 */

/** By signal, so that an entry does not outlive its signal. */
const listening = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls back once when the signal aborts. The function that it returns ends that. It never calls
 * back for a signal that has aborted before, so check `aborted` first. The callback must not throw.
 *
 * However many callbacks a signal has here, it gets only one event listener. Node warns of a leak
 * from the eleventh event listener on. And every platform compares a new one with all before it, so
 * 10,000 waits under one signal would take 50,000,000 steps.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => {};
  let listeners = listening.get(signal);
  if (!listeners) listening.set(signal, listeners = new Listeners(signal));
  return listeners.add(callback);
}

/**
 * Waits for work that takes no signal, until the signal aborts: then it rejects with the signal's reason,
 * and what was sent goes on.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const unlisten = onAbort(signal, () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
    work.then(resolve, reject).finally(unlisten);
  });
}

/** All callbacks of one signal. */
class Listeners {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<{ readonly call: () => void }>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(call: () => void): () => void {
    // One function may be added twice.
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
