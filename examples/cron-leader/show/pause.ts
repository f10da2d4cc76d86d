/** Waiting that Ctrl-C can end. */

/** Waits `ms`; rejects with the signal's reason as soon as it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, Math.max(0, ms));
    function abort(): void {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal.addEventListener("abort", abort, { once: true });
  });
}

/** Looks every few ms until the answer is true; `false` when the time is over first. */
export async function until(
  condition: () => boolean,
  limit: number,
  signal: AbortSignal,
): Promise<boolean> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > limit) return false;
    await pause(20, signal);
  }
  return true;
}
