/**
 * Which timers are waiting. On Workers they end with the response, so none may be left that anything
 * depends on.
 *
 * @module
 */

const waiting = new Set<unknown>();
const { setTimeout: set, clearTimeout: clear } = globalThis;

Object.assign(globalThis, {
  setTimeout(callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) {
    const timer = set(() => {
      waiting.delete(timer);
      callback(...args);
    }, ms);
    waiting.add(timer);
    return timer;
  },
  clearTimeout(timer: ReturnType<typeof set>) {
    waiting.delete(timer);
    clear(timer);
  },
});

/** How many there are, as soon as everything that waits for nothing has run. */
export async function waitingTimers(): Promise<number> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return waiting.size;
}
