/**
 * Sockets over TCP and TLS, for drivers of servers that do not speak HTTP: by `Deno.connect` in Deno,
 * `node:net` in Node and Bun, and `cloudflare:sockets` in Workers. Each is asked for when the first
 * socket is opened, so that a bundle for the edge has none of them in it.
 *
 * @module
 */

import { ConnectionError, NotSupported } from "../../errors.ts";
import { onAbort } from "./aborts.ts";
import { isCloudflare } from "./cloudflare.ts";
import { failure } from "./failure.ts";
import { plain, textOf } from "./plain_words.ts";
import { runtimeModule } from "./runtime_modules.ts";

/** Bytes to a server and back. */
export interface Socket {
  /** What the server sends. A process lives on while somebody reads, and no longer. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the server gets. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Closes it at once, in both directions: reads end, and writes fail.
   * It may be called more than once, and never throws.
   */
  close(): void;
}

/** Where a server is. */
export interface SocketAddress {
  /** A name or an address; one of IPv6 without brackets. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /**
   * Whether to speak TLS. An object may have `ca`, certificates of authorities as PEM, which Cloudflare
   * cannot use. Default: `false`.
   */
  readonly tls?: boolean | { readonly ca?: string | undefined } | undefined;
  /** Ends the attempt. It has no effect on a socket that is open. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens a socket, through a proxy or with a certificate of your own for example. */
export type Connect = (address: SocketAddress) => Promise<Socket>;

/**
 * Opens a socket with the runtime's own means. When it resolves, TLS has begun as well.
 *
 * @param name The name of the backend, for messages.
 * @throws {ConnectionError} when it was not opened. Nothing was sent then.
 * @throws {NotSupported} when this runtime has no sockets.
 */
export async function connect(name: string, address: SocketAddress): Promise<Socket> {
  const { signal } = address;
  signal?.throwIfAborted();
  try {
    return await opened(address);
  } catch (error) {
    if (signal?.aborted) throw notOpened(name);
    const secure = Boolean(address.tls);
    throw failure(name, error, () => ({
      said: plain(textOf(error), address.host),
      // No byte of ours is sent before it is open.
      refused: true,
      mayPass: !secure,
      advice: `look at the host${
        secure ? ", the port, and the server's certificate" : " and port"
      }`,
    }));
  }
}

/** Whether a socket may be kept and used again. In Cloudflare's Workers it may not. */
export function socketsLast(): boolean {
  return !isCloudflare();
}

function notOpened(name: string): ConnectionError {
  return new ConnectionError(
    `The call was aborted before ${name} was reached, so nothing was written; try again`,
    { retryable: true },
  );
}

async function opened(address: SocketAddress): Promise<Socket> {
  const { Deno: deno } = globalThis as unknown as Runtime;
  if (isCloudflare()) return await onCloudflare(address);
  if (deno) return await inDeno(deno, address);
  const net = runtimeModule<NodeNet>(address.tls ? "node:tls" : "node:net");
  if (net) return await inNode(net, address);
  throw new NotSupported(
    "Cannot open a socket here. Use Deno, Node 20.16 or later, Bun, or Cloudflare Workers",
  );
}

async function inDeno(deno: DenoNet, { host, port, tls, signal }: SocketAddress): Promise<Socket> {
  const conn = await connectedInDeno(deno, { hostname: host, port }, signal);
  // One write is one flight here: there is nothing to gather.
  conn.setNoDelay();
  if (!tls) return denoSocket(conn);
  const caCerts = [caOf(tls)].flatMap((ca) => ca ?? []);
  const secure = await deno.startTls(conn, { hostname: host, caCerts });
  await orClosed(secure.handshake(), signal, () => close(secure));
  return denoSocket(secure);
}

/**
 * Deno's `connect()` loses a connection, which then stays open, if its signal aborts when the connection
 * is there and has not been answered yet. So an abort waits until all that is there has been answered.
 */
async function connectedInDeno(
  deno: DenoNet,
  address: { readonly hostname: string; readonly port: number },
  signal: AbortSignal | undefined,
): Promise<DenoTcp> {
  const late = new AbortController();
  let aborting: Promise<void> | undefined;
  const unlisten = onAbort(signal, () => {
    aborting = abortBehindAnswers(late);
  });
  try {
    const conn = await deno.connect({ ...address, signal: late.signal });
    if (signal?.aborted) close(conn);
    signal?.throwIfAborted();
    return conn;
  } finally {
    unlisten();
    // Nothing of it is left when this has ended.
    await aborting;
  }
}

/**
 * Aborts when Deno has answered all that was there. In each turn of its event loop come first the timers,
 * which may go off when an answer waits for its turn, then all answers, and then the immediates.
 */
async function abortBehindAnswers(late: AbortController): Promise<void> {
  // Deno 2.0 does not hand them out; nor does its `connect()` take a signal.
  const timers = runtimeModule<NodeTimers>("node:timers");
  if (timers) await new Promise<void>((resolve) => timers.setImmediate(resolve));
  late.abort();
}

function denoSocket(conn: DenoConn): Socket {
  return { readable: conn.readable, writable: conn.writable, close: () => close(conn) };
}

function close(conn: DenoConn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}

async function inNode(net: NodeNet, { host, port, tls, signal }: SocketAddress): Promise<Socket> {
  // A name to be announced cannot be an address.
  const named = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  const socket = net.connect({ host, port, ...tls && { ...named, ca: caOf(tls) } });
  const open = new Promise<void>((resolve, reject) => {
    // The listener for errors stays: without one, an error would end the process.
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
    socket.on(tls ? "secureConnect" : "connect", () => resolve());
  });
  await orClosed(open, signal, () => socket.destroy());
  socket.setNoDelay();
  socket.unref();
  const chunks = socket[Symbol.asyncIterator]();
  return {
    readable: new ReadableStream<Uint8Array>({
      async pull(stream) {
        socket.ref();
        try {
          const { value, done } = await chunks.next();
          if (done) stream.close();
          else stream.enqueue(value);
        } finally {
          socket.unref();
        }
      },
      cancel: () => socket.destroy(),
      // What nobody has asked for is not read.
    }, { highWaterMark: 0 }),
    writable: new WritableStream<Uint8Array>({
      write: (chunk) =>
        new Promise((resolve, reject) => {
          socket.write(chunk, (error) => error ? reject(error) : resolve());
        }),
      abort: () => socket.destroy(),
    }),
    close: () => socket.destroy(),
  };
}

async function onCloudflare({ host, port, tls, signal }: SocketAddress): Promise<Socket> {
  if (caOf(tls)) throw new NotSupported("Workers take no certificates of authorities");
  // As a variable: a bundler for another platform would look for such a package.
  const name = "cloudflare:sockets";
  const { connect } = await import(name) as CloudflareSockets;
  const socket = connect({ hostname: host, port }, { secureTransport: tls ? "on" : "off" });
  const close = (): void => void socket.close().catch(() => {});
  // Its end is seen by reads and writes.
  socket.closed.catch(() => {});
  await orClosed(socket.opened, signal, close);
  return { readable: socket.readable, writable: socket.writable, close };
}

/** Waits until a socket is open. An abort closes it, and so does an error. */
async function orClosed(
  open: Promise<unknown>,
  signal: AbortSignal | undefined,
  close: () => void,
): Promise<void> {
  const unlisten = onAbort(signal, close);
  if (signal?.aborted) close();
  try {
    await open;
  } catch (error) {
    close();
    throw error;
  } finally {
    unlisten();
  }
}

function caOf(tls: SocketAddress["tls"]): string | undefined {
  return typeof tls === "object" ? tls.ca : undefined;
}

/** What is looked for, whose types would tie all that imports this file to one runtime. */
interface Runtime {
  readonly Deno?: DenoNet;
}

interface DenoNet {
  connect(options: { hostname: string; port: number; signal: AbortSignal }): Promise<DenoTcp>;
  startTls(
    conn: DenoTcp,
    options: { hostname: string; caCerts: string[] },
  ): Promise<DenoConn & { handshake(): Promise<unknown> }>;
}

interface DenoConn {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): void;
}

interface DenoTcp extends DenoConn {
  setNoDelay(): void;
}

interface NodeTimers {
  setImmediate(call: () => void): void;
}

interface NodeNet {
  connect(options: object): NodeSocket;
}

interface NodeSocket extends AsyncIterable<Uint8Array> {
  on(event: string, listener: (error: Error) => void): void;
  write(chunk: Uint8Array, done: (error?: Error | null) => void): void;
  destroy(): void;
  setNoDelay(): void;
  ref(): void;
  unref(): void;
}

interface CloudflareSockets {
  connect(address: { hostname: string; port: number }, options: object): {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
    readonly opened: Promise<unknown>;
    readonly closed: Promise<unknown>;
    close(): Promise<void>;
  };
}
