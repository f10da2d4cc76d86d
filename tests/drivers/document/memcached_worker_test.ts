import assert from "node:assert/strict";
import { inspect, release } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { inRuntime, missesServer, RUNTIMES, sharesLeases } from "../in_runtimes.ts";
import { one, withMemcached } from "./with_memcached.ts";

const MADE = {
  imports: 'import { memcached } from "./drivers/document/memcached.ts";',
  driver: "memcached({ server })",
};

Deno.test("Memcached: the driver works in Node, Bun and workerd, where each call has a connection of its own", (t) =>
  withMemcached(async ({ server, connect }) => {
    const driver = connect();
    await one(driver, inspect("x"));
    for (const runtime of RUNTIMES) {
      await t.step(runtime, () =>
        inRuntime(runtime, MADE, async (ask) => {
          const before = await server.connections();
          const mine = await sharesLeases(ask, server.host, driver);
          if (runtime === "workerd") {
            await until("none is left", async () => await server.connections() === before);
          } else assert.equal(await server.connections(), before + 1);
          assert.equal((await ask(server.host, release(mine)))[0]?.ok, true);
          await missesServer(ask);
        }));
    }
  }));
