import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Op, Outcome } from "../../../drivers/driver.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { bundleOptions } from "../../runtimes/bundle.ts";
import { type Installation, requireRuntimes } from "../../runtimes/install.ts";
import { startWorkers, type Workers } from "../../runtimes/runtimes.ts";
import { startChild } from "../../runtimes/talk.ts";
import { freePort } from "../../servers/ports.ts";
import { removeFolder, temporaryFolder } from "../../servers/folders.ts";
import { until } from "../../servers/process.ts";
import { asked } from "../../servers/zookeeper.ts";
import { build } from "../../tools/bundler.ts";
import { watchesOf, withZookeeper } from "./with_zookeeper.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const DRIVER = `import { zookeeper } from "./drivers/zookeeper/zookeeper.ts";
let driver;
async function answer({ servers, ops }) {
  // It outlives the request, against all advice.
  driver ??= zookeeper({ servers });
  return await driver.apply(ops).catch(({ code, message }) => ({ code, message }));
}`;
const WORKER = `${DRIVER}
export default {
  async fetch(request) {
    return Response.json({ answer: await answer(await request.json()) });
  },
};`;
const PROCESS =
  `import process from "node:process"; import { createInterface } from "node:readline";
${DRIVER}
for await (const line of createInterface({ input: process.stdin })) {
  const { id, question } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ id, reply: await answer(question) }) + "\\n");
}`;

type Ask = (servers: string, ...ops: Op[]) => Promise<readonly Outcome[]>;

/** Asks a driver in another runtime. */
async function withAsk(
  runtime: "workerd" | "Node" | "Bun",
  folder: string,
  installed: Installation,
  test: (ask: Ask) => Promise<void>,
): Promise<void> {
  const contents = runtime === "workerd" ? WORKER : PROCESS;
  const outfile = `${folder}/${runtime}.mjs`;
  const options = { ...bundleOptions(""), external: ["node:*"] };
  await build({ ...options, stdin: { contents, resolveDir: root }, outfile });
  if (runtime !== "workerd") {
    const child = startChild(installed[runtime === "Bun" ? "bun" : "node"], [outfile]);
    try {
      await test((servers, ...ops) => child.ask({ question: { servers, ops } }));
    } finally {
      // It ends although its session is open.
      await child.stop();
    }
    return;
  }
  const entryPoints = [`${root}/tests/runtimes/miniflare_main.ts`];
  await build({ ...options, entryPoints, outdir: folder, outExtension: { ".js": ".mjs" } });
  const workers: Workers = startWorkers(installed, folder);
  try {
    await workers.start("driver", { modules: [outfile] });
    await test(async (servers, ...ops) =>
      (await workers.fetch<{ answer: readonly Outcome[] }>("driver", { servers, ops })).answer
    );
  } finally {
    await workers.stop();
  }
}

Deno.test("ZooKeeper: the driver works in Node, Bun and workerd, where each call has a connection of its own", async (t) => {
  const installed = await requireRuntimes();
  const folder = await temporaryFolder("baton-zookeeper-worker-");
  try {
    await withZookeeper(async ({ server, connect }) => {
      const driver = connect();
      for (const runtime of ["Node", "Bun", "workerd"] as const) {
        await t.step(runtime, () =>
          withAsk(runtime, folder, installed, async (ask) => {
            const mine = acquire(`lock:${runtime}`, { value: "é" });
            const clients = async () =>
              Number(/alive_connections\t(\d+)/.exec(await asked(server.port, "mntr"))?.[1]);
            await driver.apply([inspect("x")]);
            const before = await clients();
            const [granted] = await ask(server.host, mine);
            const [seen] = await driver.apply([inspect(mine.resource)]);
            assert.deepEqual(granted?.leases[0]?.token, seen?.leases[0]?.token);
            assert.equal((await ask(server.host, renew(mine)))[0]?.ok, true);
            const all = Array.from({ length: 10 }, () => ask(server.host, acquire(mine.resource)));
            for (const [outcome] of await Promise.all(all)) {
              assert.deepEqual(outcome?.leases.map(({ id }) => id), [mine.id]);
            }
            if (runtime === "workerd") {
              await until("no connection is left", async () => await clients() === before);
            } else assert.equal(await clients(), before + 1);
            const vain = acquire(mine.resource, { patience: 100 });
            assert.equal((await ask(server.host, vain))[0]?.ok, false);
            await until("nobody watches", async () => await watchesOf(server.port) === 0);
            const next = acquire(mine.resource, { patience: 600_000 });
            const wait = ask(server.host, next);
            await until("it waits", async () => await watchesOf(server.port) === 1);
            await driver.apply([release(mine)]);
            assert.equal((await wait)[0]?.ok, true);
            assert.equal((await ask(server.host, release(next)))[0]?.ok, true);
          }));
        await t.step(
          `${runtime}, where nobody listens`,
          () =>
            withAsk(runtime, folder, installed, async (ask) => {
              const gone = `127.0.0.1:${await freePort()}`;
              const { code } = Object(await ask(gone, inspect("x")));
              assert.equal(code, "connection");
            }),
        );
      }
    });
  } finally {
    await removeFolder(folder);
  }
});
