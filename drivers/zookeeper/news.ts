/**
 * What is heard of nodes that somebody waits for.
 *
 * @module
 */

import { Pause } from "../kit/pause.ts";

/** A node has changed, or its session no longer tells. */
export type News = "changed" | "lost";

/** One who listens for one change of one node. */
export class Listener {
  /** Which node. */
  readonly path: string;
  #news: News | undefined;
  readonly #pause = new Pause();

  /** It has heard nothing yet. */
  constructor(path: string) {
    this.path = path;
  }

  /** Tells it. */
  hear(news: News): void {
    this.#news ??= news;
    this.#pause.end();
  }

  /**
   * What it has heard, at the latest after so many ms; `undefined` if that is nothing.
   *
   * @throws {UnknownOutcome} when the signal aborts.
   */
  async within(ms: number, signal: AbortSignal | undefined): Promise<News | undefined> {
    await this.#pause.within(ms, signal);
    return this.#news;
  }
}

/** All who listen in one session. */
export class Listeners {
  readonly #at = new Map<string, Set<Listener>>();

  /** Whether there are none. */
  get none(): boolean {
    return this.#at.size === 0;
  }

  /** One more. */
  add(one: Listener): void {
    this.#at.set(one.path, (this.#at.get(one.path) ?? new Set()).add(one));
  }

  /** One listens no longer. Answers whether it was the last for its node. */
  remove(one: Listener): boolean {
    const there = this.#at.get(one.path);
    if (!there?.delete(one) || there.size > 0) return false;
    return this.#at.delete(one.path);
  }

  /** A node has changed. The server tells it once, so all listen no longer. */
  tell(path: string): void {
    const there = this.#at.get(path) ?? [];
    this.#at.delete(path);
    for (const one of there) one.hear("changed");
  }

  /** The session is over, and all who listen hear that. */
  lose(): void {
    const all = [...this.#at.values()];
    this.#at.clear();
    for (const there of all) for (const one of there) one.hear("lost");
  }
}
