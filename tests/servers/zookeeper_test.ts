import assert from "node:assert/strict";
import { acquire, inspect } from "../conformance/operations.ts";
import { zookeeper } from "../../drivers/zookeeper/zookeeper.ts";
import type { Driver } from "../../drivers/driver.ts";
import { until } from "./process.ts";
import { asked, startZookeeper } from "./zookeeper.ts";
import { ZOOKEEPERS, type ZookeeperVersion } from "./zookeeper_install.ts";

for (const version of Object.keys(ZOOKEEPERS) as ZookeeperVersion[]) {
  Deno.test(`a ZooKeeper ${version} keeps what it acknowledged over a kill and a restart, and stands still when frozen`, async () => {
    const server = await startZookeeper({ version });
    const connect = () => zookeeper({ servers: server.host }) as Driver & AsyncDisposable;
    try {
      assert.match(await asked(server.port, "srvr"), new RegExp(`version: ${version}\\.`));
      const mine = acquire("lock:a");
      {
        await using driver = connect();
        await driver.apply([mine]);
      }
      const { pid } = server;
      await server.kill();
      await assert.rejects(connect().apply([inspect("lock:a")]), { code: "connection" });
      await server.restart();
      assert.notEqual(server.pid, pid);
      await using driver = connect();
      const [seen] = await driver.apply([inspect("lock:a")]);
      assert.deepEqual(seen?.leases.map(({ id }) => id), [mine.id]);
      server.pause();
      // A signal takes its time.
      await until("it is frozen", () => asked(server.port, "srvr").then(() => false, () => true));
      let answered = false;
      const late = driver.apply([inspect("lock:a")]).then(() => answered = true);
      await assert.rejects(asked(server.port, "srvr"), /no answer/);
      assert.equal(answered, false);
      server.resume();
      assert.equal(await late, true);
    } finally {
      await server.stop();
    }
  });
}
