/**
 * A server that sends back whatever it was sent, breaks, dawdles or points elsewhere: all that can
 * stand where a backend should.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Socket } from "node:net";

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the server does with a request. */
export type Behaviour = (
  received: Received,
  response: ServerResponse,
  request: IncomingMessage,
) => void;

/** A server on a loopback port. */
export interface BadServer {
  /** Host and port. */
  readonly host: string;
  /** What it does from now on. */
  behave(behaviour: Behaviour): void;
  /** Every request so far. */
  readonly received: readonly Received[];
  stop(): Promise<void>;
}

/** Starts one that does nothing but take requests in, until it is told how to behave. */
export async function startBadServer(): Promise<BadServer> {
  const received: Received[] = [];
  let behave: Behaviour = (_received, response) => void response.end("{}");
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("error", () => {}).on("data", (chunk) => chunks.push(chunk)).on("end", () => {
      const { method = "", url = "" } = request;
      const headers = request.headers as Record<string, string>;
      const one = { method, url, headers, body: new TextDecoder().decode(joined(chunks)) };
      received.push(one);
      behave(one, response, request);
    });
  });
  // Whoever leaves in the middle of an answer is no error of ours.
  server.on("clientError", (_error, socket) => socket.destroy());
  const host = await listening(server);
  return {
    host,
    received,
    behave: (behaviour) => void (behave = behaviour),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A server that does not speak HTTP: it says something else to all who come, and hangs up. */
export async function startBabbler(
  words: string,
): Promise<{ readonly host: string; stop(): Promise<void> }> {
  const open = new Set<Socket>();
  const server = createSocketServer((socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
    socket.once("data", (data) => socket.end(`${words} ${data}`));
  });
  const host = await listening(server);
  return {
    host,
    stop: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function listening(server: ReturnType<typeof createSocketServer>): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
