/**
 * The end of the process, on platforms that announce it.
 *
 * @module
 */

/** The part of Node's, Deno's and Bun's `process` that reports signals. */
interface Signals {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
}

/** The process's, so no request's; made at the first call. */
let shared: AbortSignal | undefined;

/**
 * Aborts when the process is asked to end, by SIGINT or SIGTERM; Deno Deploy then leaves it five
 * seconds, Kubernetes thirty. On Workers, and where the platform announces nothing, it never aborts:
 * never rely on a release at the end, for what is held ends by its ttl anyway.
 *
 * The first signal aborts and no longer ends the process, so let what you do end by itself; the second
 * ends it as before. Call it early: before the first call a signal still ends the process.
 *
 * Every call answers the same signal, so that the process has one listener for each of the two. What
 * you listen to it with you must remove yourself. Baton's own calls do so when they end.
 *
 * @example Hand leadership over at once when told to stop:
 * ```ts ignore
 * await baton.lead("indexers", work, { signal: shutdownSignal() });
 * ```
 */
export function shutdownSignal(): AbortSignal {
  // On Workers no request may touch another's signal, and nothing announces the end.
  if (globalThis.navigator?.userAgent === "Cloudflare-Workers") return new AbortController().signal;
  return shared ??= listen();
}

function listen(): AbortSignal {
  const controller = new AbortController();
  const process = (globalThis as Record<string, unknown>)["process"] as
    | Partial<Signals>
    | undefined;
  const names = ["SIGINT", "SIGTERM"];
  const stop = (): void => {
    for (const name of names) process?.off?.(name, stop);
    controller.abort(new DOMException("The process was asked to end", "AbortError"));
  };
  try {
    for (const name of names) process?.on?.(name, stop);
  } catch {
    // A platform that has the function and refuses to use it announces nothing.
  }
  return controller.signal;
}
