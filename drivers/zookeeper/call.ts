/**
 * One call of the driver: its flights to the server, and what their failures mean.
 *
 * @module
 */

import type { ApplyOptions } from "../driver.ts";
import { ConnectionError } from "../../errors.ts";
import { unlessAborted } from "../kit/aborts.ts";
import { partly } from "../kit/failure.ts";
import { instant, since } from "../kit/instants.ts";
import type { Ensemble } from "./ensemble.ts";
import { isOvertaken, Refused, zookeeperError } from "./errors.ts";
import { Listener, type News } from "./news.ts";
import type { Reply, Session } from "./session.ts";
import { isWatched, type Part, type Result, transaction, unwatch } from "./wire.ts";

/** How often others may be first. */
export const ATTEMPTS = 1_000;

/** The flights of one call. */
export class Call {
  readonly #ensemble: Ensemble;
  readonly #options: ApplyOptions;
  #session: Session | undefined;
  #listener: Listener | undefined;
  #wrote = false;
  #well = true;

  /** Nothing is sent yet. */
  constructor(ensemble: Ensemble, options: ApplyOptions) {
    this.#ensemble = ensemble;
    this.#options = options;
  }

  /** Sends requests that write nothing of a lease, and answers what came back. */
  async ask(parts: readonly Part[]): Promise<Reply[]> {
    return await this.#flight(parts, false);
  }

  /** Writes all of it; `undefined` if somebody else was first. Nothing is written then. */
  async write(parts: readonly Part[]): Promise<Result[] | undefined> {
    const [reply] = await this.#flight([transaction(parts)], true).catch((error) => {
      if (isOvertaken(codeIn(error))) return [];
      throw error;
    });
    const results = reply ? resultsIn(reply) : [];
    const codes = results.map(({ error = 0 }) => error);
    if (!reply || codes.some(isOvertaken)) return undefined;
    // Of a failed one, those before the first failure have 0, and those after it -2.
    const code = codes.find((code) => code !== 0 && code !== -2);
    if (code !== undefined) throw this.#failed(new Refused(code), true, true);
    this.#wrote = true;
    return results;
  }

  /**
   * What is heard of the node that was watched last, at the latest after so many ms; `undefined` if that
   * is nothing. If its session is lost, the next flight has another one.
   *
   * @throws {UnknownOutcome} when the call is aborted.
   */
  async news(ms: number): Promise<News | undefined> {
    const start = instant();
    for (let left = ms; left > 0 && this.#session; left = ms - since(start)) {
      const pause = Math.min(left, this.#session.keep());
      const news = await this.#listener?.within(pause, this.#options.signal);
      if (news === "lost") await this.#leave(false);
      if (news) return news;
    }
    return undefined;
  }

  /** Ends it. */
  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** The node that is watched. */
  get watched(): string | undefined {
    return this.#listener?.path;
  }

  /** The error when others were first too often. */
  overtaken(): unknown {
    const error = new ConnectionError(
      `Others were first ${ATTEMPTS} times, so nothing was written; try again later`,
      { retryable: true },
    );
    return this.#wrote ? partly(error) : error;
  }

  /** Nothing more is sent for now. */
  async end(): Promise<void> {
    await this.#leave(this.#well);
  }

  async #leave(well: boolean): Promise<void> {
    const session = this.#session;
    if (!session) return;
    this.#listen();
    this.#session = undefined;
    await this.#ensemble.leave(session, well);
  }

  /** Listens to this node or, without one, to none, and no longer to the one before. */
  #listen(path?: string): void {
    const [session, before] = [this.#session, this.#listener];
    this.#listener = path ? new Listener(path) : undefined;
    if (this.#listener) session?.listen(this.#listener);
    if (before && session?.forget(before)) this.#unwatch(session, before.path);
  }

  /** The server does not watch. */
  #deaf(): void {
    if (this.#listener) this.#session?.forget(this.#listener);
    this.#listener = undefined;
  }

  /** In the background. The answer also ends the reading, which would keep a process from its end. */
  async #unwatch(session: Session, path: string): Promise<void> {
    try {
      this.#options.beforeRequest?.();
      await session.send([unwatch(path)]);
    } catch {
      // The server has told just now, or the session is over.
    }
  }

  async #flight(parts: readonly Part[], writes: boolean): Promise<Reply[]> {
    const { signal, beforeRequest } = this.#options;
    const watch = parts.find(({ watches }) => watches);
    try {
      this.#session ??= await this.#ensemble.enter(this.#options);
      signal?.throwIfAborted();
      beforeRequest?.();
      // Before it is sent, because the news may come together with the answer.
      if (watch) this.#listen(watch.watches);
    } catch (error) {
      throw this.#wrote ? partly(error) : error;
    }
    try {
      const replies = await unlessAborted(this.#session.send(parts), signal);
      if (watch && !isWatched(watch, replies[parts.indexOf(watch)]!.error)) this.#deaf();
      return replies;
    } catch (error) {
      throw this.#failed(error, writes, codeIn(error) !== undefined);
    }
  }

  /** The error that is thrown. An answer, even one that refuses, shows that the server is well. */
  #failed(error: unknown, writes: boolean, answered: boolean): unknown {
    if (answered && isOvertaken(codeIn(error))) return error;
    const { signal } = this.#options;
    this.#well &&= answered;
    if (signal?.aborted && !writes && !this.#wrote) return signal.reason;
    // The signal's reason proves nothing, whatever error it is.
    const failed = zookeeperError(error, true, signal);
    return this.#wrote ? partly(failed) : failed;
  }
}

/** ZooKeeper's code, if the server refused. */
export function codeIn(error: unknown): number | undefined {
  return error instanceof Refused ? error.code : undefined;
}

/**
 * The results in a reply.
 *
 * @throws {UnknownOutcome} when it is not one.
 */
export function resultsIn({ answer }: Reply): Result[] {
  try {
    return answer.results();
  } catch (error) {
    throw zookeeperError(error, true);
  }
}
