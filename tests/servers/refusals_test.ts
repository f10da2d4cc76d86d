/**
 * A server that is made to refuse does so definitely, in the words that the vendor's users hear, and takes
 * everything again afterwards.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, UnknownOutcome } from "../../errors.ts";
import { having } from "../backends/mod.ts";
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
        let probes = 0;
        try {
          if (seen.has(why)) continue;
          await t.step(why, async () => {
            // A server reads its settings again in its own time, and the connections that it ends on the
            // way take the outcomes of what was under way with them. So the first answer counts that is
            // a server's: one who takes a refusal for an unknown outcome waits for it without end.
            let error: unknown;
            await until("it refuses, definitely", async () => {
              error = await granted(`${why} ${++probes}`).catch((error) => error);
              return error instanceof Error && !(error instanceof UnknownOutcome);
            });
            assert(error instanceof ConnectionError, `${Deno.inspect(error)}`);
            assert.equal(error.code, unauthorized ? "unauthorized" : "connection");
          });
        } finally {
          await end();
        }
        await until("it is back", () => granted("back").catch(() => false));
        const [look] = await driver.apply([{ op: "inspect", resource: `lock:${why} ${probes}` }]);
        assert.deepEqual(look?.leases, []);
        seen.add(why);
      }
    } finally {
      await stop();
    }
  });
}
