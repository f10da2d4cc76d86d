/**
 * The socket port, in every runtime that has sockets of its own, against a server that sends back what it
 * gets.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { createServer as createTlsServer } from "node:tls";
import { build } from "../../tools/bundler.ts";
import { codeOf, ConnectionError } from "../../../errors.ts";
import { connect } from "../../../drivers/kit/sockets.ts";
import { bundleOptions } from "../../runtimes/bundle.ts";
import { requireRuntimes } from "../../runtimes/install.ts";
import { startChild } from "../../runtimes/talk.ts";
import { CERTIFICATE, PRIVATE_KEY } from "../../servers/certificate.ts";
import { freePort } from "../../servers/ports.ts";
import { removeFolder, temporaryFolder } from "../../servers/folders.ts";

/** Sends back what it gets, and ends what sends "end". */
async function withEcho(
  tls: boolean,
  work: (port: number, ended: Promise<void>) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const closed = Promise.withResolvers<void>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => closed.resolve());
    socket.on(
      "data",
      (chunk) => String(chunk) === "end" ? socket.end() : socket.write(chunk),
    );
  };
  const server: Server = tls
    ? createTlsServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, serve)
    : createServer(serve);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  try {
    await work(port, closed.promise);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const textOf = (chunk: Uint8Array | undefined): string => new TextDecoder().decode(chunk);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

for (const tls of [false, { ca: CERTIFICATE }]) {
  const title = tls ? "TLS" : "TCP";
  Deno.test(`bytes go to the server and back over ${title}, and its end is the end`, () =>
    withEcho(Boolean(tls), async (port) => {
      const socket = await connect("echo", { host: "127.0.0.1", port, tls });
      const writer = socket.writable.getWriter();
      const reader = socket.readable.getReader();
      await writer.write(bytesOf("there"));
      assert.equal(textOf((await reader.read()).value), "there");
      await writer.write(bytesOf("end"));
      assert.equal((await reader.read()).done, true);
      socket.close();
      socket.close();
    }));

  Deno.test(`a ${title} socket that is closed ends for the server and for whoever reads`, () =>
    withEcho(Boolean(tls), async (port, ended) => {
      const socket = await connect("echo", { host: "127.0.0.1", port, tls });
      const reading = socket.readable.getReader().read();
      socket.close();
      assert.equal(await reading.then(({ done }) => done, () => true), true);
      await ended;
    }));
}

Deno.test("where nobody listens nothing was written, and that may pass", async () => {
  const port = await freePort();
  await assert.rejects(connect("echo", { host: "127.0.0.1", port }), (error: Error) => {
    assert(error instanceof ConnectionError && error.retryable, `${error}`);
    assert.match(error.message, /^echo was not reached, so nothing was written \(.*ECONNREFUSED\)/);
    return true;
  });
});

Deno.test("a certificate that nobody vouches for is refused before anything is sent", () =>
  withEcho(true, async (port) => {
    await assert.rejects(
      connect("echo", { host: "127.0.0.1", port, tls: true }),
      (error: Error) => {
        // The same certificate is refused the next time, too.
        assert(error instanceof ConnectionError && !error.retryable, `${error}`);
        assert.match(error.message, /nothing was written .*certificate/);
        return true;
      },
    );
  }));

Deno.test("an abort ends the attempt: nothing was written, and the next one may succeed", async () => {
  const silent: Socket[] = [];
  // It accepts, and never begins with TLS.
  const server = createServer((socket) => silent.push(socket.on("error", () => {})));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const controller = new AbortController();
  const { signal } = controller;
  const attempt = connect("echo", { host: "127.0.0.1", port, tls: true, signal });
  server.once("connection", () => controller.abort());
  await assert.rejects(
    attempt,
    (error) => error instanceof ConnectionError && error.retryable,
  );
  await assert.rejects(
    connect("echo", { host: "127.0.0.1", port, signal: AbortSignal.abort("before") }),
    (error) => error === "before",
  );
  for (const each of silent) each.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** The same steps in another runtime; an open socket that nobody reads keeps no process alive. */
const PROGRAM = `
export async function echo(port, ca) {
  const socket = await connect("echo", { host: "127.0.0.1", port, tls: ca && { ca } });
  const writer = socket.writable.getWriter();
  const reader = socket.readable.getReader();
  await writer.write(new TextEncoder().encode("there"));
  const back = new TextDecoder().decode((await reader.read()).value);
  const code = await connect("echo", { host: "127.0.0.1", port: 1 }).then(() => "open", (e) => e.code);
  const idle = await connect("echo", { host: "127.0.0.1", port, tls: ca && { ca } });
  await writer.write(new TextEncoder().encode("end"));
  return [back, code, (await reader.read()).done, socketsLast() && idle.readable.locked === false];
}
`;
const MAIN = `
for await (const line of createInterface({ input: process.stdin })) {
  const { id, port, ca } = JSON.parse(line);
  const answer = await echo(port, ca).then((reply) => ({ reply }), (e) => ({ error: String(e.stack) }));
  process.stdout.write(JSON.stringify({ id, ...answer }) + "\\n");
}
`;

Deno.test("the same in Node, Bun and Deno, from one file; an idle socket keeps no process alive", async (t) => {
  const { node, bun } = await requireRuntimes();
  const folder = await temporaryFolder("baton-sockets-");
  try {
    const outfile = `${folder}/main.mjs`;
    await build({
      ...bundleOptions(""),
      stdin: {
        contents:
          `import process from "node:process"; import { createInterface } from "node:readline";
          import { connect, socketsLast } from "./drivers/kit/sockets.ts"; ${PROGRAM} ${MAIN}`,
        resolveDir: fileURLToPath(new URL("../../../", import.meta.url)),
      },
      external: ["node:*"],
      outfile,
    });
    for (
      const [name, program, ...args] of [
        ["Node", node],
        ["Bun", bun],
        ["Deno", Deno.execPath(), "run", "-A", "--no-config"],
      ] as const
    ) {
      for (const tls of [false, true]) {
        await t.step(`${name}${tls ? ", over TLS" : ""}`, () =>
          withEcho(tls, async (port) => {
            const child = startChild(program, [...args, outfile]);
            try {
              const answer = await child.ask({ port, ...tls && { ca: CERTIFICATE } });
              assert.deepEqual(answer, ["there", "connection", true, true]);
            } finally {
              await child.stop();
            }
          }));
      }
    }
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("what it asks of Cloudflare's sockets and of Node's, and that it waits until they are open", async () => {
  const theirs = "data:text/javascript,export const connect = (...all) => openSocket(...all)";
  const imports = { imports: { "cloudflare:sockets": theirs } };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--no-config"],
      `--import-map=data:application/json,${encodeURIComponent(JSON.stringify(imports))}`,
      fileURLToPath(import.meta.resolve("./sockets_elsewhere.ts")),
    ],
  }).output();
  assert.equal(code, 0, textOf(stderr));
  assert.equal(textOf(stdout), "all as it should be\n");
});

Deno.test("in Deno an abort ends an attempt that nobody has answered yet", async () => {
  const { connect: real } = Deno;
  let given: AbortSignal | undefined;
  Object.assign(Deno, {
    connect: ({ signal }: { signal: AbortSignal }) => {
      given = signal;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
  });
  try {
    const stop = new AbortController();
    const attempt = connect("echo", { host: "h", port: 7, signal: stop.signal });
    const rejected = assert.rejects(attempt, { code: "connection", retryable: true });
    stop.abort();
    // It waits for what Deno answers at once, and no longer.
    await rejected;
    assert.equal(given?.aborted, true);
  } finally {
    Object.assign(Deno, { connect: real });
  }
});

// Deno's own `connect()` left some open here. The test runner tells of a connection that is still there.
Deno.test("in Deno an abort just when a connection is there leaves none open, in the same turn or by a timer", () =>
  withEcho(false, async (port) => {
    let ended = 0;
    for (let round = 0; round < 150; round++) {
      const controllers = Array.from({ length: 60 }, () => new AbortController());
      const calls = controllers.map(async ({ signal }, n) => {
        try {
          const socket = await connect("echo", { host: "127.0.0.1", port, signal });
          // One that may be there in the same turn.
          if (round % 2 === 0) controllers[(n + 1 + round) % controllers.length]?.abort();
          socket.close();
        } catch (error) {
          assert.equal(codeOf(error), "connection");
        }
        ended++;
      });
      const timers = controllers.filter((_, n) => n % 2 === 0).map((each) =>
        new Promise<void>((resolve) =>
          setTimeout(() => {
            // The others become ready meanwhile, and are answered after the timers.
            for (const start = performance.now(); performance.now() < start + 0.3;);
            each.abort();
            resolve();
          }, round % 3)
        )
      );
      await Promise.all([...calls, ...timers]);
    }
    assert.equal(ended, 9_000);
  }));
