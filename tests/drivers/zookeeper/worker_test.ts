import assert from "node:assert/strict";
import { acquire, inspect, release } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { asked } from "../../servers/zookeeper.ts";
import { inRuntime, missesServer, RUNTIMES, sharesLeases } from "../in_runtimes.ts";
import { watchesOf, withZookeeper } from "./with_zookeeper.ts";

const MADE = {
  imports: 'import { zookeeper } from "./drivers/zookeeper/zookeeper.ts";',
  driver: "zookeeper({ servers: server })",
};

Deno.test("ZooKeeper: the driver works in Node, Bun and workerd, where each call has a connection of its own", (t) =>
  withZookeeper(async ({ server, connect }) => {
    const driver = connect();
    const { host, port } = server;
    const clients = async () =>
      Number(/alive_connections\t(\d+)/.exec(await asked(port, "mntr"))?.[1]);
    for (const runtime of RUNTIMES) {
      await t.step(runtime, () =>
        inRuntime(runtime, MADE, async (ask) => {
          await driver.apply([inspect("x")]);
          const before = await clients();
          const mine = await sharesLeases(ask, host, driver);
          if (runtime === "workerd") {
            await until("no connection is left", async () => await clients() === before);
          } else assert.equal(await clients(), before + 1);
          const vain = acquire(mine.resource, { patience: 100 });
          assert.equal((await ask(host, vain))[0]?.ok, false);
          await until("nobody watches", async () => await watchesOf(port) === 0);
          const next = acquire(mine.resource, { patience: 600_000 });
          const wait = ask(host, next);
          await until("it waits", async () => await watchesOf(port) === 1);
          await driver.apply([release(mine)]);
          assert.equal((await wait)[0]?.ok, true);
          assert.equal((await ask(host, release(next)))[0]?.ok, true);
          await missesServer(ask);
        }));
    }
  }));
