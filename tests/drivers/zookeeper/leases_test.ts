/**
 * How often a handle tries again what others have changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ATTEMPTS } from "../../../drivers/zookeeper/call.ts";
import { Leases } from "../../../drivers/zookeeper/leases.ts";
import { Nodes } from "../../../drivers/zookeeper/nodes.ts";
import { Refused } from "../../../drivers/zookeeper/errors.ts";
import { request } from "../../../drivers/zookeeper/wire.ts";
import { ConnectionError } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
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

Deno.test("ZooKeeper: of the root and what belongs to it only what is missing is created", async () => {
  const nodes = new Nodes("/services/baton");
  const there = { text: "", stat: stat({ mtime: 5 }) };
  const missing = { error: -101 };
  const [first, ...buckets] = nodes.buckets;
  const { ensemble, flights } = answering((_, flight) =>
    [
      new Refused(-101),
      // The parent and one of the buckets are there already.
      [reply([there, missing, there, ...buckets.map(() => missing), missing])],
      [reply([])],
      [reply([there]), reply([{ names: [] }, there, missing])],
    ][flight]!
  );
  const [outcome] = await new Leases(ensemble, nodes, "world").apply([inspect("a")], {});
  assert.deepEqual(outcome, { ok: true, leases: [] });
  const sent = new TextDecoder().decode(request(0, flights[2]![0]!));
  const made: readonly string[] = sent.match(/\/services[/\w]*/g) ?? [];
  assert.deepEqual(made, [nodes.root, ...buckets, nodes.clock]);
  assert.ok(first && !made.includes(first));
});
