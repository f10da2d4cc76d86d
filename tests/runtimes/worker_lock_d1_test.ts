/**
 * The example of a lock in D1, in workerd: one request at a time works, and a late one writes nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { schema } from "../../drivers/sqlite/migration.ts";
import { sqliteFences } from "../../fencing/mod.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { until } from "../servers/process.ts";
import { build, buildExample } from "./bundle.ts";
import { dateOf } from "./crew.ts";
import { requireRuntimes } from "./install.ts";
import { startWorkers, type Workers } from "./runtimes.ts";

const EXAMPLE = "worker-lock-d1";
/** What the example may weigh, gzipped. */
const BUDGET = 28_500;

/** Where reports come from: a request waits until it is let go. */
interface Source {
  readonly url: string;
  /** How many requests wait. */
  waiting(): number;
  /** Answers the first that waits with this text. */
  answer(text: string): void;
}

Deno.test({
  name: "the example of a lock in D1 lets one request work at a time, and refuses a late write",
  // The bundler's process ends a little after it says so.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    await withExample(async (workers, source) => {
      const report = (method: string) => workers.send("example", method, "/reports/june");
      await t.step("of five at once one works, and the others learn that it does", async () => {
        const refused: string[] = [];
        const all = Promise.all(Array.from({ length: 5 }, async () => {
          const { status, text } = await report("POST");
          if (status === 423) refused.push(text);
          return status;
        }));
        await until("four are refused", () => refused.length === 4);
        assert.match(refused[0] ?? "", /lock-not-acquired/);
        assert.equal((await report("GET")).status, 404);
        source.answer("the first");
        assert.deepEqual((await all).sort(), [200, 423, 423, 423, 423]);
        assert.equal((await report("GET")).text, "the first");
      });
      await t.step("it is free again, and the next token is greater", async () => {
        const [seen] = await workers.sql<{ token: number }>("example", SEEN);
        const next = report("POST");
        await until("it works", () => source.waiting() === 1);
        source.answer("the second");
        const { token } = JSON.parse((await next).text);
        assert.ok(token > Number(seen?.[0]?.token), `${token}`);
        assert.equal((await report("GET")).text, "the second");
      });
      await t.step("a request that comes late writes nothing", async () => {
        const late = report("POST");
        await until("it works", () => source.waiting() === 1);
        // As if it had been paused, and another had had the lock meanwhile.
        await workers.sql(
          "example",
          "update baton_fences set token = token + 1e9, asked = asked + 1e9",
        );
        source.answer("too late");
        assert.equal((await late).status, 409);
        assert.equal((await report("GET")).text, "the second");
      });
      await t.step("nothing is held at the end", async () => {
        const [leases] = await workers.sql("example", "select * from baton_leases");
        assert.deepEqual(leases, []);
      });
    });
  },
});

const SEEN = "select token from baton_fences";

async function withExample(
  test: (workers: Workers, source: Source) => Promise<void>,
): Promise<void> {
  const installed = await requireRuntimes();
  const folder = await temporaryFolder("baton-lock-d1-");
  const waiting: ((text: string) => void)[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Promise((resolve) => waiting.push((text) => resolve(new Response(text)))),
  );
  const source = {
    url: `http://127.0.0.1:${server.addr.port}`,
    waiting: () => waiting.length,
    answer: (text: string) => waiting.shift()?.(text),
  };
  try {
    await build(folder, installed.modules);
    const bytes = await buildExample(folder, installed.modules, EXAMPLE);
    assert.ok(bytes > 1_000 && bytes <= BUDGET, `${bytes} bytes, minified and gzipped`);
    const workers = startWorkers(installed, folder);
    try {
      await workers.start("example", {
        date: await dateOf(EXAMPLE),
        modules: [join(folder, "example.mjs")],
        bindings: { SOURCE_URL: source.url },
        d1: ["DB"],
      });
      const own = await readFile(
        new URL(`../../examples/${EXAMPLE}/schema.sql`, import.meta.url),
        "utf8",
      );
      await workers.sql("example", ...schema(), ...sqliteFences(), own);
      await test(workers, source);
    } finally {
      await workers.stop();
    }
  } finally {
    for (const letGo of waiting) letGo("");
    await server.shutdown();
    await removeFolder(folder);
  }
}
