/**
 * What the socket port asks of Cloudflare's sockets and of Node's, which do what this program says. It runs
 * in a process of its own: for the port, this is another runtime then. `sockets_test.ts` starts it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import process from "node:process";
import { connect, socketsLast } from "../../../drivers/kit/sockets.ts";
import { type ConnectionError, NotSupported } from "../../../errors.ts";

/** What was asked of the runtime. */
const asked: unknown[][] = [];

/** Whether a promise has an answer, once all that can go on has gone on. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await new Promise((resolve) => setTimeout(resolve));
  return settled;
}

/** The error of an attempt, after which nothing was written and which may be made again. */
async function notOpened(attempt: Promise<unknown>, words: RegExp): Promise<void> {
  await assert.rejects(attempt, (error: ConnectionError) => {
    assert.deepEqual([error.code, error.retryable], ["connection", true], `${error}`);
    assert.match(error.message, words);
    return true;
  });
}

/** Makes this process look like another runtime. */
function become(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

async function onCloudflare(): Promise<void> {
  let socket = cloudflareSocket();
  function cloudflareSocket() {
    const [opened, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let closes = 0;
    return {
      opened,
      closed,
      given: {
        ...{ readable: "what it reads", writable: "what it writes" },
        ...{ opened: opened.promise, closed: closed.promise },
        close: () => {
          closes++;
          // One that is not open cannot be closed, which it says only later.
          return Promise.reject(new Error("not open"));
        },
      },
      get closes() {
        return closes;
      },
    };
  }
  become("openSocket", (...args: unknown[]) => {
    asked.push(args);
    return socket.given;
  });
  assert.equal(socketsLast(), false);
  for (const tls of [false, true]) {
    socket = cloudflareSocket();
    const attempt = connect("echo", { host: "h", port: 7, tls });
    assert.equal(await isSettled(attempt), false, "it is open only when the socket says so");
    socket.opened.resolve();
    const { readable, writable, close } = await attempt;
    assert.deepEqual([readable, writable], [socket.given.readable, socket.given.writable]);
    assert.equal(socket.closes, 0);
    close();
    close();
    assert.equal(socket.closes, 2);
    // The reads and writes fail then, and nobody else has to hear of it.
    socket.closed.reject(new Error("lost"));
  }
  assert.deepEqual(asked.splice(0), [
    [{ hostname: "h", port: 7 }, { secureTransport: "off" }],
    [{ hostname: "h", port: 7 }, { secureTransport: "on" }],
  ]);

  socket = cloudflareSocket();
  socket.opened.reject(new Error("proxy request failed"));
  const refused = connect("echo", { host: "h", port: 7 });
  await notOpened(
    refused,
    /nothing was written \(proxy request failed\); look at the host and port$/,
  );
  assert.equal(socket.closes, 1);

  socket = cloudflareSocket();
  const stop = new AbortController();
  const stopped = connect("echo", { host: "h", port: 7, signal: stop.signal });
  assert.equal(await isSettled(stopped), false);
  stop.abort();
  assert.equal(socket.closes, 1, "an abort closes it at once");
  socket.opened.reject(new Error("closed"));
  await notOpened(stopped, /aborted before echo was reached/);

  socket = cloudflareSocket();
  const early = new AbortController();
  const before = connect("echo", { host: "h", port: 7, signal: early.signal });
  early.abort();
  assert.equal(await isSettled(before), false);
  assert.equal(socket.closes, 1, "so does one that came before there was a socket");
  socket.opened.reject(new Error("closed"));
  await notOpened(before, /aborted before echo was reached/);

  asked.splice(0);
  await assert.rejects(
    connect("echo", { host: "h", port: 7, tls: { ca: "a certificate" } }),
    NotSupported,
  );
  assert.deepEqual(asked, []);
}

/** A socket of Node's that sends what it is given, and remembers what was done with it. */
class NodeSocket extends EventEmitter {
  readonly done: string[] = [];
  readonly chunks: (Uint8Array | undefined)[] = [];
  written: Uint8Array[] = [];
  destroy = (): void => void this.done.push("destroy");
  setNoDelay = (): void => void this.done.push("setNoDelay");
  ref = (): void => void this.done.push("ref");
  unref = (): void => void this.done.push("unref");

  write(chunk: Uint8Array, done: (error?: Error) => void): void {
    this.written.push(chunk);
    done(this.written.length > 1 ? new Error("lost") : undefined);
  }

  async *[Symbol.asyncIterator]() {
    for (const chunk of this.chunks) {
      if (!chunk) throw new Error("reset");
      yield await Promise.resolve(chunk);
    }
  }
}

async function inNode(): Promise<void> {
  let socket = new NodeSocket();
  become("Deno", undefined);
  const builtin = process.getBuiltinModule;
  process.getBuiltinModule = ((name: string) => ({
    connect: (options: object) => {
      asked.push([name, options]);
      return socket;
    },
  })) as unknown as typeof builtin;
  assert.equal(socketsLast(), true);
  const opened = async (address: Partial<Parameters<typeof connect>[1]>, event: string) => {
    const attempt = connect("echo", { host: "h", port: 7, ...address });
    socket.emit(event === "connect" ? "secureConnect" : "connect");
    assert.equal(await isSettled(attempt), false, "it is open when TLS has begun");
    socket.emit(event);
    return await attempt;
  };

  socket.chunks.push(new Uint8Array([1]), new Uint8Array([2]));
  const { readable, writable, close } = await opened({}, "connect");
  assert.deepEqual(socket.done.splice(0), ["setNoDelay", "unref"]);
  const reader = readable.getReader();
  assert.deepEqual(socket.done, [], "what nobody has asked for is not read");
  for (const byte of [1, 2]) {
    assert.deepEqual(await reader.read(), { value: new Uint8Array([byte]), done: false });
    // The process lives on just while somebody reads.
    assert.deepEqual(socket.done.splice(0), ["ref", "unref"]);
  }
  assert.equal((await reader.read()).done, true);
  assert.deepEqual(socket.done.splice(0), ["ref", "unref"]);
  const writer = writable.getWriter();
  await writer.write(new Uint8Array([3]));
  await assert.rejects(writer.write(new Uint8Array([4])), /lost/);
  assert.deepEqual(socket.written, [new Uint8Array([3]), new Uint8Array([4])]);
  socket.emit("error", new Error("it would end the process if nobody listened"));
  close();
  assert.deepEqual(socket.done.splice(0), ["destroy"]);

  for (const end of ["cancel", "abort"] as const) {
    socket = new NodeSocket();
    const { readable, writable } = await opened({}, "connect");
    socket.done.splice(0);
    await (end === "cancel" ? readable.cancel() : writable.abort());
    assert.deepEqual(socket.done, ["destroy"], end);
  }

  asked.splice(0);
  // Only a name can be announced to the server.
  for (const host of ["db.example", "h2", "10.0.0.1", "::1"]) {
    socket = new NodeSocket();
    await opened({ host, tls: true }, "secureConnect");
  }
  await opened({ tls: { ca: "a certificate" } }, "secureConnect");
  const rest = { port: 7, ca: undefined };
  assert.deepEqual(asked.splice(0), [
    ["node:tls", { host: "db.example", servername: "db.example", ...rest }],
    ["node:tls", { host: "h2", servername: "h2", ...rest }],
    ["node:tls", { host: "10.0.0.1", ...rest }],
    ["node:tls", { host: "::1", ...rest }],
    ["node:tls", { host: "h", servername: "h", port: 7, ca: "a certificate" }],
  ]);

  for (const [event, words] of [["error", /no route/], ["close", /closed/]] as const) {
    socket = new NodeSocket();
    const attempt = connect("echo", { host: "h", port: 7 });
    socket.emit(event, new Error("no route"));
    await notOpened(attempt, words);
    assert.deepEqual(socket.done, ["destroy"]);
  }
  assert.deepEqual(asked.splice(0), [["node:net", { host: "h", port: 7 }], [
    "node:net",
    { host: "h", port: 7 },
  ]]);

  process.getBuiltinModule = () => undefined as never;
  await assert.rejects(connect("echo", { host: "h", port: 7 }), NotSupported);
  process.getBuiltinModule = builtin;
}

const usual = Object.getOwnPropertyDescriptor(globalThis, "navigator");
become("navigator", { userAgent: "Cloudflare-Workers" });
await onCloudflare();
if (usual) Object.defineProperty(globalThis, "navigator", usual);
await inNode();
process.stdout.write("all as it should be\n");
