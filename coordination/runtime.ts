/**
 * The core's only way to time, timers, randomness and background work, so that a test can own them.
 *
 * @module
 */

import { onAbort } from "../drivers/kit/aborts.ts";
import { checkOptions } from "../drivers/kit/options.ts";

/** What the core needs of the place it runs in. {@link systemRuntime} is the real one. */
export interface Runtime {
  /** The wall clock, in ms since the epoch. */
  wall(): number;
  /** A clock that never runs backwards, in ms. On Workers it is the wall clock. */
  mono(): number;
  /**
   * Calls back once after `ms`; the answer cancels it. With `background` nobody awaits it, so it should
   * not keep a process alive that has nothing else to do.
   */
  after(ms: number, callback: () => void, options?: { background?: boolean }): () => void;
  /** A fresh id of at least 122 random bits. */
  id(): string;
  /** A number from 0 up to 1, for jitter only. */
  random(): number;
  /** Keeps the runtime alive for work that nobody awaits; the promise never rejects. */
  waitUntil(work: Promise<void>): void;
  /** Whether a timer set now still fires once the current request has been answered. */
  readonly lasting: boolean;
}

/** How the real runtime is made. */
export interface SystemRuntimeOptions {
  /**
   * The platform's own, such as `(work) => ctx.waitUntil(work)` on Cloudflare Workers. Not
   * `ctx.waitUntil` alone, which refuses to be called without its object: that is ignored, and then
   * the platform may end background work with the request.
   */
  waitUntil?: ((work: Promise<void>) => void) | undefined;
}

/**
 * The runtime we are in: Deno, Node, Bun, Workers or a browser.
 *
 * @example On Cloudflare Workers, so that a release outlives the response:
 * ```ts
 * import { Coordinator, systemRuntime } from "@baton/baton";
 * import { memory } from "@baton/baton/drivers/memory";
 *
 * declare const ctx: { waitUntil(work: Promise<unknown>): void };
 * const runtime = systemRuntime({ waitUntil: (work) => ctx.waitUntil(work) });
 * const baton = new Coordinator(memory(), { runtime });
 * ```
 */
export function systemRuntime(options: SystemRuntimeOptions = {}): Runtime {
  checkOptions(options, "waitUntil");
  return {
    wall: () => Date.now(),
    mono: () => performance.now(),
    after: (ms, callback, { background = false } = {}) => {
      // A longer delay than this fires at once.
      const timer = setTimeout(callback, Math.min(ms, 2 ** 31 - 1));
      if (background) letExit(timer);
      return () => clearTimeout(timer);
    },
    id: () => crypto.randomUUID(),
    random: () => Math.random(),
    waitUntil: (work) => inBackground(options, work),
    // Workers stop timers once the response is sent, and forbid sharing them between requests.
    lasting: globalThis.navigator?.userAgent !== "Cloudflare-Workers",
  };
}

/**
 * Hands work that nobody awaits to the platform. Where the platform's function throws or rejects, the
 * work goes on all the same, and neither a caller's answer nor its error gives way to that.
 */
export function inBackground(
  platform: { waitUntil?: ((work: Promise<void>) => unknown) | undefined },
  work: Promise<void>,
): void {
  try {
    Promise.resolve(platform.waitUntil?.(work)).catch(() => {});
  } catch {
    // As above.
  }
}

/** Lets the process exit before the timer fires, on runtimes that have processes. */
function letExit(timer: unknown): void {
  // An object in Node and Bun.
  if (typeof timer === "object") return (timer as { unref?(): void }).unref?.();
  // A number in Deno, and in browsers, where a page's end asks nobody.
  type Unref = { unrefTimer?(timer: unknown): void };
  const deno = (globalThis as Record<string, unknown>)["Deno"] as Unref | undefined;
  deno?.unrefTimer?.(timer);
}

/** A moment on both clocks. */
export interface Instant {
  /** Of {@link Runtime.wall}. */
  readonly wall: number;
  /** Of {@link Runtime.mono}. */
  readonly mono: number;
}

/** This moment. */
export function instant(runtime: Runtime): Instant {
  return { wall: runtime.wall(), mono: runtime.mono() };
}

/**
 * Milliseconds since `start`, by whichever clock says more: a monotonic clock stops while a machine
 * sleeps, a wall clock can be set back, and we may only ever give a lease up too early.
 */
export function elapsed(runtime: Runtime, start: Instant): number {
  return between(start, instant(runtime));
}

/** As {@link elapsed}, up to `end`. */
export function between(start: Instant, end: Instant): number {
  return Math.max(end.wall - start.wall, end.mono - start.mono);
}

/** Waits `ms`; rejects with the signal's reason as soon as it aborts. */
export function sleep(runtime: Runtime, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const unlisten = onAbort(signal, () => {
      cancel();
      reject(signal?.reason);
    });
    const cancel = runtime.after(ms, () => {
      unlisten();
      resolve();
    });
  });
}

/** The smallest number that `of` makes of each; `Infinity` for none, and however many there are. */
export function least<T>(all: Iterable<T>, of: (each: T) => number): number {
  let found = Infinity;
  for (const each of all) found = Math.min(found, of(each));
  return found;
}
