import assert from "node:assert/strict";
import { Call } from "../../../drivers/zookeeper/call.ts";
import { Ensemble } from "../../../drivers/zookeeper/ensemble.ts";
import { Nodes } from "../../../drivers/zookeeper/nodes.ts";
import { sweep, SWEEPS } from "../../../drivers/zookeeper/sweep.ts";
import { reads, textsIn } from "../../../drivers/zookeeper/view.ts";
import { list } from "../../../drivers/zookeeper/wire.ts";
import { connect } from "../../../drivers/kit/sockets.ts";
import { isSwept } from "../../../drivers/kit/sweeps.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { withZookeeper } from "./with_zookeeper.ts";

const nodes = new Nodes("/baton");

/** Asks the server itself, past the driver. */
async function withCalls(
  port: number,
  test: (call: Call, seatsOf: (resource: string) => Promise<string[]>) => Promise<void>,
): Promise<void> {
  const ensemble = new Ensemble({
    ...{ servers: [{ host: "127.0.0.1", port }], tls: false, login: undefined, lasting: true },
    ...{ timeout: 10_000, connect: (address) => connect("zookeeper", address) },
  });
  const call = new Call(ensemble, {});
  try {
    await test(call, async (resource) => {
      const { lists: [found] } = await reads(call, [], [list(nodes.resource(resource))]);
      return textsIn(found);
    });
  } finally {
    await call.end();
    await ensemble.end();
  }
}

Deno.test("ZooKeeper: seats that have ended and that nobody asks for are removed by later grants", () =>
  withZookeeper(async ({ server, connect }) => {
    const driver = connect();
    const slot = (n: number) => `${n}`.padStart(6, "0");
    const dead = Array.from(
      { length: 300 },
      (_, n) => acquire("cron:j", { seat: slot(n), ttl: 1 }),
    );
    const living = acquire("cron:j", { seat: "living" });
    await driver.apply([...dead, living]);
    await withCalls(server.port, async (_, seatsOf) => {
      let [next, swept] = [300, 0];
      await until("a sweep has passed", async () => {
        const [grant] = await driver.apply([acquire("cron:j", { seat: slot(next++), ttl: 1 })]);
        if (grant && isSwept(grant, SWEEPS)) swept++;
        return swept === 8;
      });
      const seats = await seatsOf("cron:j");
      assert.ok(seats.includes("living"));
      assert.ok(seats.length < (next + 1) / 2, `${seats.length} of ${next + 1} are left`);
    });
    const [seen] = await driver.apply([inspect("cron:j", "living")]);
    assert.equal(seen?.leases[0]?.id, living.id);
  }));

Deno.test("ZooKeeper: a sweep finds what has ended in other resources, too, and leaves what lives", () =>
  withZookeeper(async ({ server, connect }) => {
    const driver = connect();
    const [gone, kept] = [acquire("lock:gone", { ttl: 1 }), acquire("lock:kept")];
    await driver.apply([gone, kept]);
    await withCalls(server.port, async (call, seatsOf) => {
      // Chance chooses one bucket of 256.
      await until("it is found", async () => {
        await sweep("lock:other", nodes, call, "nonce");
        return (await seatsOf("lock:gone")).length === 0;
      });
      assert.deepEqual(await seatsOf("lock:kept"), [""]);
    });
    const [seen] = await driver.apply([inspect("lock:kept")]);
    assert.equal(seen?.leases[0]?.id, kept.id);
  }));
