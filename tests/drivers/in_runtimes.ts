/**
 * A driver of sockets in Node, Bun and workerd, asked from here.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Acquire, Driver, Op, Outcome } from "../../drivers/driver.ts";
import { acquire, inspect, renew } from "../conformance/operations.ts";
import { bundleOptions } from "../runtimes/bundle.ts";
import { requireRuntimes } from "../runtimes/install.ts";
import { startWorkers, type Workers } from "../runtimes/runtimes.ts";
import { startChild } from "../runtimes/talk.ts";
import { inFolder } from "../servers/folders.ts";
import { freePort } from "../servers/ports.ts";
import { build } from "../tools/bundler.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** How a driver is made, in the text of a module. */
export interface Made {
  /** Its imports, from the root of the project. */
  readonly imports: string;
  /** An expression; `server` is the host and port. */
  readonly driver: string;
}

const answering = ({ imports, driver }: Made) =>
  `${imports}
const drivers = {};
async function answer({ server, ops }) {
  // They outlive the request, against all advice.
  const driver = drivers[server] ??= ${driver};
  return await driver.apply(ops).catch(({ code, message }) => ({ code, message }));
}`;
const WORKER = `
export default {
  async fetch(request) {
    return Response.json({ answer: await answer(await request.json()) });
  },
};`;
const PROCESS = `
import process from "node:process"; import { createInterface } from "node:readline";
for await (const line of createInterface({ input: process.stdin })) {
  const { id, question } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ id, reply: await answer(question) }) + "\\n");
}`;

/** The runtimes besides Deno that have sockets. */
export const RUNTIMES = ["Node", "Bun", "workerd"] as const;

/** Runs operations of a driver in another runtime; an error comes back as its code and message. */
export type Ask = (server: string, ...ops: Op[]) => Promise<readonly Outcome[]>;

/** Asks a driver in another runtime. */
export async function inRuntime(
  runtime: (typeof RUNTIMES)[number],
  made: Made,
  test: (ask: Ask) => Promise<void>,
): Promise<void> {
  const installed = await requireRuntimes();
  const isWorker = runtime === "workerd";
  const contents = answering(made) + (isWorker ? WORKER : PROCESS);
  const options = { ...bundleOptions(""), external: ["node:*"] };
  await inFolder("baton-in-runtime-", async (folder) => {
    const outfile = `${folder}/${runtime}.mjs`;
    await build({ ...options, stdin: { contents, resolveDir: root }, outfile });
    if (!isWorker) {
      const child = startChild(installed[runtime === "Bun" ? "bun" : "node"], [outfile]);
      try {
        await test((server, ...ops) => child.ask({ question: { server, ops } }));
      } finally {
        // It ends although its connection is open.
        await child.stop();
      }
      return;
    }
    const entryPoints = [`${root}/tests/runtimes/miniflare_main.ts`];
    await build({ ...options, entryPoints, outdir: folder, outExtension: { ".js": ".mjs" } });
    const workers: Workers = startWorkers(installed, folder);
    try {
      await workers.start("driver", { modules: [outfile] });
      await test(async (server, ...ops) =>
        (await workers.fetch<{ answer: readonly Outcome[] }>("driver", { server, ops })).answer
      );
    } finally {
      await workers.stop();
    }
  });
}

/** Tries a driver in another runtime that a driver here sees the leases of. What it holds is answered. */
export async function sharesLeases(ask: Ask, server: string, here: Driver): Promise<Acquire> {
  const mine = acquire(`lock:${crypto.randomUUID()}`, { value: "é" });
  const [granted] = await ask(server, mine);
  const [seen] = await here.apply([inspect(mine.resource)]);
  assert.deepEqual(granted?.leases[0]?.token, seen?.leases[0]?.token);
  assert.equal((await ask(server, renew(mine)))[0]?.ok, true);
  const all = Array.from({ length: 10 }, () => ask(server, acquire(mine.resource)));
  for (const [outcome] of await Promise.all(all)) {
    assert.deepEqual(outcome?.leases.map(({ id }) => id), [mine.id]);
  }
  return mine;
}

/** Where nobody listens, the error says so. */
export async function missesServer(ask: Ask): Promise<void> {
  const { code } = Object(await ask(`127.0.0.1:${await freePort()}`, inspect("x")));
  assert.equal(code, "connection");
}
