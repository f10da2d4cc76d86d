/**
 * Told of the end by those platforms that tell.
 *
 * @module
 */

/** The part of Node's, Deno's and Bun's `process` that tells of signals. */
interface Signals {
  once(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
}

/** The signal that the first such signal has aborted; it is the process's, so no request's. */
let told: AbortSignal | undefined;

/**
 * Aborts when the process is asked to end, by SIGINT or SIGTERM; Deno Deploy then leaves it five
 * seconds, Kubernetes thirty. On Workers, and wherever nobody tells, it never aborts: never rely on a
 * release at the end, for what is held ends by its ttl anyway.
 *
 * The first signal aborts and no longer ends the process, so let what you do end by itself; the second
 * ends it as before. Ask before it can come: a signal that came before the first call has ended the
 * process, and what is asked for after one that came later is aborted already.
 *
 * @example Hand leadership over at once when told to stop:
 * ```ts ignore
 * await baton.lead("indexers", work, { signal: shutdownSignal() });
 * ```
 */
export function shutdownSignal(): AbortSignal {
  if (told) return told;
  const controller = new AbortController();
  const process = (globalThis as Record<string, unknown>)["process"] as
    | Partial<Signals>
    | undefined;
  const names = ["SIGINT", "SIGTERM"];
  const stop = (): void => {
    for (const name of names) process?.off?.(name, stop);
    told = controller.signal;
    controller.abort(new DOMException("The process was asked to end", "AbortError"));
  };
  try {
    for (const name of names) process?.once?.(name, stop);
  } catch {
    // A platform that has the function and refuses to use it tells of nothing.
  }
  return controller.signal;
}
