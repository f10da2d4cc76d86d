/**
 * The servers of an ensemble, of which one is used at a time.
 *
 * @module
 */

import type { ApplyOptions } from "../driver.ts";
import { onAbort, unlessAborted } from "../kit/aborts.ts";
import { nonces } from "../kit/nonce.ts";
import type { Connect, SocketAddress } from "../kit/sockets.ts";
import { zookeeperError } from "./errors.ts";
import { type Login, Session } from "./session.ts";

/** Where the servers are, and who asks. */
export interface Servers {
  /** Where each is. */
  readonly servers: readonly Pick<SocketAddress, "host" | "port">[];
  /** Whether to speak TLS. */
  readonly tls: SocketAddress["tls"];
  /** The user, if there is one. */
  readonly login: Login | undefined;
  /** For how long a session lasts when nothing is sent, in ms. */
  readonly timeout: number;
  /** Opens sockets. */
  readonly connect: Connect;
  /** Whether a socket may be used by several calls. */
  readonly lasting: boolean;
}

/** A session that is being opened, and how many wait for it. */
interface Opening {
  readonly session: Promise<Session>;
  readonly stop: AbortController;
  waiting: number;
}

/** What `beforeRequest` threw: it concerns its own call alone. */
class Forbidden {
  constructor(readonly reason: unknown) {}
}

/** Sessions with one of several servers. */
export class Ensemble {
  readonly #with: Servers;
  #order: Servers["servers"] | undefined;
  #at = 0;
  #session: Session | undefined;
  #opening: Opening | undefined;
  #number = 0;

  /** Nothing is opened yet. */
  constructor(servers: Servers) {
    this.#with = servers;
  }

  /**
   * A session that lives. Give it back with {@link Ensemble.leave}.
   *
   * @throws {ConnectionError} when no server opens one.
   */
  async enter(options: ApplyOptions): Promise<Session> {
    const { signal } = options;
    for (;;) {
      if (this.#session?.lives) return entered(this.#session);
      const begins = !this.#opening || !this.#with.lasting;
      const opening = begins ? this.#begin(options) : this.#opening!;
      opening.waiting++;
      try {
        const session = await unlessAborted(opening.session, signal);
        // A call that was told before us may have given it up.
        if (session.lives) return entered(session);
      } catch (error) {
        if (!(error instanceof Forbidden)) throw error;
        if (begins) throw error.reason;
      } finally {
        if (--opening.waiting === 0) {
          // Nobody wants it any more, be it open or not: then the next call asks another server.
          if (signal?.aborted) this.#at++;
          this.#forget(opening);
          opening.stop.abort();
        }
      }
    }
  }

  /**
   * A call has ended.
   *
   * @param well Whether it was answered. Otherwise the next session is with another server.
   */
  async leave(session: Session, well: boolean): Promise<void> {
    if (!well) {
      // Several calls may say so of one session.
      if (this.#session === session || !this.#with.lasting) this.#at++;
      if (this.#session === session) this.#session = undefined;
      session.retire();
    }
    session.leave();
    if (!this.#with.lasting) await session.end();
  }

  /** Ends the session. */
  async end(): Promise<void> {
    await this.#session?.end();
    this.#session = undefined;
  }

  #forget(opening: Opening): void {
    if (this.#opening === opening) this.#opening = undefined;
  }

  #begin(options: ApplyOptions): Opening {
    const stop = new AbortController();
    const session = this.#open(options, stop.signal).then((session) => {
      if (!this.#with.lasting) return session;
      // It has been silent for too long: the server ends it soon.
      this.#session?.retire();
      return this.#session = session;
    });
    const opening = { session, stop, waiting: 0 };
    // Before those who wait are told: they may try again.
    session.catch(() => this.#forget(opening));
    // What one request of a Worker has begun must not be waited for in another.
    if (this.#with.lasting) this.#opening = opening;
    return opening;
  }

  async #open({ beforeRequest }: ApplyOptions, signal: AbortSignal): Promise<Session> {
    const { servers, tls, login, timeout, connect } = this.#with;
    this.#order ??= servers.map((server) => ({ server, dice: Math.random() }))
      .sort((one, two) => one.dice - two.dice).map(({ server }) => server);
    // The requests of two handles do not begin alike.
    this.#number ||= parseInt(nonces()(), 16);
    for (let left = servers.length;; left--) {
      const server = this.#order[this.#at % servers.length]!;
      try {
        const socket = await connect({ ...server, tls, signal });
        const unlisten = onAbort(signal, () => socket.close());
        try {
          // It may have been given up just as it was there.
          signal.throwIfAborted();
          allowed(beforeRequest);
          const session = await Session.open(socket, this.#number++, timeout, login);
          // The socket was closed when it had just become a session.
          signal.throwIfAborted();
          return session;
        } catch (error) {
          socket.close();
          throw error;
        } finally {
          unlisten();
        }
      } catch (error) {
        if (error instanceof Forbidden) throw error;
        if (!signal.aborted) this.#at++;
        if (signal.aborted || left === 1) throw zookeeperError(error, false);
      }
    }
  }
}

/** Counted in the same step as it is found to live, or a call that gives it up would close it between. */
function entered(session: Session): Session {
  session.enter();
  return session;
}

function allowed(beforeRequest: ApplyOptions["beforeRequest"]): void {
  try {
    beforeRequest?.();
  } catch (reason) {
    throw new Forbidden(reason);
  }
}
