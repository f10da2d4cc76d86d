/**
 * On a cluster whose leader is frozen until it is deposed, killed, and cut off, all that eight clients
 * do can be told as one story, too.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Server } from "../backends/mod.ts";
import { consulCluster } from "../backends/consul_cluster.ts";
import { etcdCluster } from "../backends/etcd_cluster.ts";
import { seedOfRun } from "../tools/chance.ts";
import { overHttp } from "./places.ts";
import { run } from "./run.ts";

const seed = seedOfRun();

/** Each ends with another leader. */
async function blows(server: Server): Promise<void> {
  // The first is a freeze, the second a cut.
  server.pause();
  server.resume();
  await server.kill(0);
  await server.restart();
  server.pause();
  server.resume();
  // When all of that is done.
  await server.restart();
}

for (const backend of [consulCluster, etcdCluster]) {
  Deno.test(`on ${backend.name} all is linearizable while leaders are frozen, killed and cut off`, async () => {
    const running = await backend.start();
    const place = overHttp(running);
    try {
      let over = false;
      const struck = blows(running.server).finally(() => over = true);
      let [granted, rounds] = [0, 0];
      const losses = { requests: 0, replies: 0, late: 0 };
      do {
        const plan = { through: "bare", operations: 40, losses, seed: seed + rounds } as const;
        granted += (await run(place, plan)).granted;
        rounds++;
      } while (!over);
      await struck;
      assert.ok(granted > rounds, `${granted} grants in ${rounds} rounds`);
    } finally {
      await place.stop();
    }
  });
}
