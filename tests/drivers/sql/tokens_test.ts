/**
 * Tokens of seats that have been taken before, on real databases.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire } from "../../../drivers/driver.ts";
import { until } from "../../servers/process.ts";
import { having } from "../../backends/mod.ts";

for (const { name, start } of having("table")) {
  Deno.test(`${name}: a later token is above the earlier one and not below the clock`, async () => {
    const place = await start();
    try {
      const driver = await place.table.direct();
      let grants = 0;
      const token = async (): Promise<number> => {
        const seat = { resource: "lock:x", seat: "" };
        const id = `${grants++}`;
        const op: Acquire = { op: "acquire", ...seat, id, ttl: 60_000, value: "" };
        const [granted] = await driver.apply([op, { op: "release", ...seat, id }]);
        return granted?.leases[0]?.token ?? NaN;
      };
      let last = await token();
      for (let round = 0; round < 3; round++) {
        // Servers of tests are on this host: its clock is theirs. By a millisecond they may round.
        await until("the clock is past the token", () => Date.now() > last + 20);
        const before = Date.now() - 1;
        const next = await token();
        assert(next >= before && next > last, `${next} after ${last}, at ${before}`);
        // At once, and then faster than a token a millisecond.
        const burst = [await token(), await token(), await token()];
        assert.deepEqual(burst, [...new Set(burst)].sort((a, b) => a - b));
        last = burst.at(-1) as number;
        assert(burst[0]! > next);
      }
    } finally {
      await place.stop();
    }
  });
}
