/**
 * Many seeds, as many at once as there are processors.
 *
 * @module
 */

import type { Report } from "./world.ts";

/** What a batch of seeds came to. */
export interface Total {
  /** How many seeds were run. */
  seeds: number;
  /** How many requests the backend did in all of them. */
  requests: number;
  /** What was seen how often. */
  readonly seen: Map<string, number>;
  /** The seeds in which a law was broken, and which. */
  readonly broken: Broken[];
}

/** A seed in which a law was broken. */
export interface Broken {
  readonly seed: number;
  readonly law: string;
  readonly message: string;
}

/** A few seeds, for one worker. */
export interface Task {
  readonly from: number;
  readonly count: number;
}

/** Nothing yet. */
export function nothing(): Total {
  return { seeds: 0, requests: 0, seen: new Map(), broken: [] };
}

/** Adds a run. */
export function add(total: Total, seed: number, { violation, seen, requests }: Report): void {
  total.seeds++;
  total.requests += requests;
  for (const [what, times] of seen) total.seen.set(what, (total.seen.get(what) ?? 0) + times);
  if (violation) total.broken.push({ seed, law: violation.law, message: violation.message });
}

/** How many seeds a worker is given at a time. */
const SEEDS = 25;

/**
 * Runs `count` seeds from `from` on, until one breaks a law.
 *
 * @param told Is told of the total now and then.
 */
export async function runAll(
  { from, count }: Task,
  told: (total: Total) => void = () => {},
): Promise<Total> {
  const total = nothing();
  let next = from;
  const give = (worker: Worker, done: () => void): void => {
    const left = from + count - next;
    if (left <= 0 || total.broken.length > 0) return done();
    const task: Task = { from: next, count: Math.min(SEEDS, left) };
    next += task.count;
    worker.postMessage(task);
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
    const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    await new Promise<void>((done, fail) => {
      worker.onerror = (event) => {
        event.preventDefault();
        fail(new Error(`A worker failed: ${event.message}`));
      };
      worker.onmessage = ({ data }: MessageEvent<Total>) => {
        total.seeds += data.seeds;
        total.requests += data.requests;
        for (const [what, times] of data.seen) {
          total.seen.set(what, (total.seen.get(what) ?? 0) + times);
        }
        total.broken.push(...data.broken);
        told(total);
        give(worker, done);
      };
      give(worker, done);
    }).finally(() => worker.terminate());
  }));
  total.broken.sort((a, b) => a.seed - b.seed);
  return total;
}
