/**
 * The token of a grant that had to wait for its seat's row is above whatever came before it, also what
 * came while it waited.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire } from "../../../drivers/driver.ts";
import { having } from "../../backends/mod.ts";
import { until } from "../../servers/process.ts";

const SEAT = { resource: "lock:x", seat: "" };
const acquire = (id: string): Acquire => ({ op: "acquire", ...SEAT, id, ttl: 60_000, value: "" });
/** Further than any clock is ahead. */
const AHEAD = 1_000_000_000;

for (const { name, start } of having("table")) {
  Deno.test(`${name}: a grant that waited for its row has a token above what was granted meanwhile`, async () => {
    const { table, stop } = await start();
    try {
      const driver = await table.direct();
      const other = await table.session();
      const first = await driver.apply([acquire("a"), { op: "release", ...SEAT, id: "a" }]);
      const before = Number(first[0]?.leases[0]?.token);
      // Others have had the seat meanwhile, and far more often than once a millisecond.
      await other("begin");
      await other(
        `update ${table.name} set token = token + ${AHEAD} where resource = 'lock:x' and seat = ''`,
      );
      const answer = driver.apply([acquire("b")]);
      await until("it waits", () => table.waits());
      await other("commit");
      const [granted] = await answer;
      const token = Number(granted?.leases[0]?.token);
      assert.equal(granted?.ok, true);
      assert(token > before + AHEAD, `${token} after ${before + AHEAD}`);
      // The answer is what lies in the table.
      const [seen] = await driver.apply([{ op: "inspect", ...SEAT }]);
      assert.equal(seen?.leases[0]?.token, token);
    } finally {
      await stop();
    }
  });
}
