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

/** The signal of the whole process, made at the first call. */
let shared: AbortSignal | undefined;

/**
 * A signal that aborts when the process is asked to end, by SIGINT or SIGTERM. Deno Deploy then
 * gives the process five seconds, Kubernetes thirty. On Workers, and on platforms that announce
 * nothing, it never aborts. So do not rely on a release at the end; what is held ends by its ttl
 * anyway.
 *
 * The first SIGINT or SIGTERM no longer ends the process, so let your work end by itself; the
 * second ends it as before. Call this function early: before the first call, SIGINT and SIGTERM
 * still end the process.
 *
 * Every call returns the same signal, so that the process has one listener for each of the two.
 * Remove your own listeners from it when you no longer need them. Baton's own calls do so when they
 * end.
 *
 * @example Hand leadership over at once when the process is asked to stop:
 * ```ts ignore
 * await baton.lead("indexers", work, { signal: shutdownSignal() });
 * ```
 */
export function shutdownSignal(): AbortSignal {
  // On Workers no request may touch another request's signal, and nothing announces the end.
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
    // The platform has the function but does not support it, so it announces nothing.
  }
  return controller.signal;
}
