/**
 * Clients that keep connections open: how a driver of a URL opens, uses and closes them.
 *
 * @module
 */

import { ConnectionError, type CoordinationError, isUnknown, NotSupported } from "../../errors.ts";
import { onAbort } from "./aborts.ts";
import { plain } from "./plain_words.ts";

/** Connections of a client to one server. */
export interface Connections<C> {
  /** A connection that is ready for a request. */
  connect(): Promise<C>;
  /** Takes a connection back. A broken one is closed and never used again. */
  release(connection: C, broken: boolean): void;
  /** Closes all connections. */
  end(): Promise<unknown>;
}

/** How requests go out over connections. */
export interface Sockets<C> {
  /** The driver's name, for messages. */
  readonly name: string;
  /** Makes the client. It must not connect before it is asked to. */
  open(): Connections<C>;
  /** The error of a request as Baton throws it. */
  explain(error: unknown): CoordinationError;
  /** Whether a connection that failed with this error must not be used again. */
  breaks(error: unknown): boolean;
  /** What to check if no connection can be made, for messages. */
  readonly check: string;
}

/** Sends requests over connections that are opened when they are needed. */
export class Sender<C> {
  readonly #sockets: Sockets<C>;
  #connections: Connections<C> | undefined;
  #busy = 0;

  /** It connects at the first request. */
  constructor(sockets: Sockets<C>) {
    this.#sockets = sockets;
  }

  /**
   * Sends one request over a connection of its own turn. When the signal aborts, the connection is
   * closed, because nobody knows when the rest of the answer comes.
   *
   * @throws {ConnectionError} when there was no connection, so that nothing was sent.
   */
  async send<T>(work: (connection: C) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connections = this.#connections ??= this.#sockets.open();
    this.#busy++;
    try {
      const connection = await connections.connect().catch((error) => {
        throw this.#unconnected(error);
      });
      if (signal?.aborted) {
        connections.release(connection, false);
        throw signal.reason;
      }
      return await this.#over(connections, connection, work(connection), signal);
    } finally {
      this.#busy--;
    }
  }

  /** Closes the connections. The next request opens new ones. */
  async close(): Promise<void> {
    const connections = this.#connections;
    this.#connections = undefined;
    const ended = connections?.end();
    // A request that goes on without an answer must not keep anybody from stopping.
    if (this.#busy === 0) await ended;
    else ended?.catch(() => {});
  }

  #over<T>(
    connections: Connections<C>,
    connection: C,
    answer: Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let open = true;
      const release = (broken: boolean): void => {
        if (open) connections.release(connection, broken);
        open = false;
        unlisten();
      };
      const unlisten = onAbort(signal, () => {
        reject(signal?.reason);
        release(true);
      });
      answer.then(
        (value) => {
          release(false);
          resolve(value);
        },
        (error) => {
          release(this.#sockets.breaks(error));
          reject(error);
        },
      );
    });
  }

  /** Whatever the error is, nothing was sent but a greeting. */
  #unconnected(error: unknown): CoordinationError {
    const { name, check } = this.#sockets;
    const explained = this.#sockets.explain(error);
    if (!isUnknown(explained)) return explained;
    const { code } = Object(error);
    const network = /^[A-Z_]{5,}$/.test(code) ? String(code) : undefined;
    return new ConnectionError(
      `${name} was not reached, so nothing was written (${
        [plain(error, ""), network].filter((each) => each && each !== "…").join(", ")
      }); ${check}`,
      { retryable: true, ...network && { cause: Object.assign(new Error(network), { code }) } },
    );
  }
}

/**
 * Loads a client that is an optional peer. The import is hidden from bundlers: what is bundled for the
 * edge must neither need a client nor carry one along, only because a URL could ask for it.
 *
 * @param name What is imported, such as `mysql2/promise`.
 * @param version The one that Baton is tested with.
 * @param way What works without it, for the message.
 * @throws {NotSupported} when it is not installed, or cannot run here.
 */
export async function clientOf<T>(name: string, version: string, way: string): Promise<T> {
  const [own = name, ...path] = name.split("/");
  let cause: unknown;
  // Deno finds what no project has installed by the second name.
  for (const each of [name, `npm:${[`${own}@${version}`, ...path].join("/")}`]) {
    try {
      return await import(/* webpackIgnore: true */ /* @vite-ignore */ each);
    } catch (error) {
      cause ??= error;
    }
  }
  throw missing(
    own,
    version,
    `; or, in a bundle that has no node_modules beside it, ${way}`,
    cause,
  );
}

/**
 * Loads a driver that imports its client, which is an optional peer.
 *
 * @param load What imports the driver.
 * @throws {NotSupported} when the client is not installed.
 */
export async function withClient<T>(
  load: () => Promise<T>,
  name: string,
  version: string,
): Promise<T> {
  return await load().catch((error) => {
    const { code, message } = Object(error);
    // So it is in Node, Bun and Deno. Whatever else is missing is not the user's to install.
    const itself = code === "ERR_MODULE_NOT_FOUND" && `${message}`.includes(`'${name}'`);
    throw itself ? missing(name, version, "", error) : error;
  });
}

function missing(name: string, version: string, way: string, cause: unknown): NotSupported {
  return new NotSupported(
    `The package ${name} is needed and cannot be loaded here, so nothing was sent. Install it with ` +
      `npm install ${name}@${version}${way}`,
    { cause },
  );
}
