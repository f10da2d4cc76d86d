/**
 * Redis with several servers: behind sentinels, which a URL can name, and in a cluster, which none can.
 *
 * @module
 */

import assert from "node:assert/strict";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { until } from "../servers/process.ts";
import { startRedis } from "../servers/redis.ts";
import { by, failure, replica } from "./by_url.ts";
import { aRedis } from "./places.ts";

Deno.test("redis: finds the primary through sentinels, and the new one after a fail-over", async () => {
  const folder = await temporaryFolder("baton-sentinel-");
  const [first, second] = [await aRedis(), await aRedis()];
  const config = `${folder}/sentinel.conf`;
  await Deno.writeTextFile(config, `sentinel monitor mine 127.0.0.1 ${first.server.port} 1\n`);
  const sentinel = await startRedis({ sentinel: config });
  try {
    await replica(second.server, first.server);
    const asked = sentinel.client();
    // It looks at its servers each ten seconds.
    await asked.call("sentinel", "debug", "info-period", "100");
    await until(
      "the sentinel knows the replica",
      async () =>
        `${await asked.call("sentinel", "replicas", "mine")}`.includes(`${second.server.port}`),
    );
    await by(`${sentinel.url}?sentinel=mine&sentinel_fallback=127.0.0.1:1`, async (baton) => {
      const lease = await baton.getLock("x").hold();
      assert.equal((await first.server.client().keys("*")).length > 0, true);
      // It refuses for as long as it does not know how far the replica is.
      await until(
        "the fail-over begins",
        () =>
          asked.call("sentinel", "failover", "mine").then(() => true, (error) => {
            assert.match(`${error}`, /NOGOODSLAVE/);
            return false;
          }),
      );
      const outage = /READONLY|unknown|not reached|refused/;
      await until("the new primary is found", async () => {
        try {
          await baton.getLock("y").acquire({ timeout: 0 });
        } catch (error) {
          assert.match(`${error}`, outage);
          return false;
        }
        return `${await second.server.client().call("role")}`.startsWith("master");
      });
      assert((await baton.getLock("z").hold()).token > lease.token);
    });
  } finally {
    await sentinel.stop();
    await second.stop();
    await first.stop();
    await removeFolder(folder);
  }
});

Deno.test("a server of a Redis Cluster is named, with what to use in place of a URL", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const moved = (async () => {
    using link = await listener.accept();
    const text = new Uint8Array(4_096);
    for (let n = await link.read(text); n !== null; n = await link.read(text)) {
      const isHello = /hello/i.test(new TextDecoder().decode(text.subarray(0, n)));
      const said = isHello ? "-ERR unknown command 'HELLO'" : "-MOVED 1 10.0.0.1:6379";
      await link.write(new TextEncoder().encode(`${said}\r\n`));
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  const error = await failure(`redis://127.0.0.1:${port}`);
  await moved;
  listener.close();
  assert.equal(error.code, "connection");
  assert.match(error.message, /nothing was written: .*Redis Cluster.*Cluster of ioredis$/);
});
