/**
 * How often a handle tries again what others have changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ATTEMPTS } from "../../../drivers/zookeeper/call.ts";
import { Leases } from "../../../drivers/zookeeper/leases.ts";
import { Nodes } from "../../../drivers/zookeeper/nodes.ts";
import { ConnectionError } from "../../../errors.ts";
import { acquire } from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { answering, reply, stat } from "./answering.ts";

Deno.test("ZooKeeper: who is overtaken a thousand times gives up, and nothing was written", async () => {
  const root = { text: "", stat: stat() };
  let writes = 0;
  const { ensemble } = answering((parts) => {
    if (parts.length === 1) return writes++, [reply([{ error: -110 }])];
    const missing = { error: -101 };
    return [reply([{ stat: stat({ mtime: 5 }) }]), reply([root, missing, missing])];
  });
  const leases = new Leases(ensemble, new Nodes("/r"), "world");
  for (const patience of [undefined, 600_000]) {
    writes = 0;
    const error = await batonErrorOf(leases.apply([acquire("a", { patience })], {}));
    assert.ok(error instanceof ConnectionError && error.retryable);
    assert.match(error.message, /Others were first 1000 times, so nothing was written/);
    assert.deepEqual([writes, ATTEMPTS], [1_000, 1_000]);
  }
});
