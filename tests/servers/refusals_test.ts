/**
 * A server that is made to refuse does so definitely, in the words that the vendor's users hear, and takes
 * everything again afterwards.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError } from "../../errors.ts";
import { having } from "../backends/mod.ts";
import { batonErrorOf } from "../tools/shown.ts";
import { acquire } from "../drivers/acquire.ts";
import { until } from "./process.ts";

for (const { name, start } of having("server")) {
  Deno.test(`${name}: each way to refuse is a definite error, and ends`, async (t) => {
    const { server, connect, stop } = await start();
    try {
      const driver = await connect();
      const seen = new Set<string>();
      const granted = async (id: string, resource = `lock:${id}`): Promise<boolean> =>
        (await driver.apply([acquire(id, { resource })]))[0]?.ok === true;
      for (const dice of [0, 0.4, 0.7]) {
        const { why, unauthorized, end } = await server.refuse(dice);
        try {
          if (seen.has(why)) continue;
          await t.step(why, async () => {
            // A server that reads its settings again does so in its own time, and may break connections.
            let probes = 0;
            await until(
              "it refuses",
              () => granted(`${why} ${++probes}`).then(() => false, () => true),
            );
            const error = await batonErrorOf(granted(why));
            assert(error instanceof ConnectionError, `${error.stack}`);
            assert.equal(error.code, unauthorized ? "unauthorized" : "connection");
          });
        } finally {
          await end();
        }
        await until("it is back", () => granted("back").catch(() => false));
        const [look] = await driver.apply([{ op: "inspect", resource: `lock:${why}` }]);
        assert.deepEqual(look?.leases, []);
        seen.add(why);
      }
    } finally {
      await stop();
    }
  });
}
