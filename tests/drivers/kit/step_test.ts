/**
 * Cursors of lists, which come back from users: none leads out of the list that it was made for.
 *
 * @module
 */

import assert from "node:assert/strict";
import { placeIn } from "../../../drivers/kit/step.ts";
import { memory } from "../../../drivers/memory.ts";
import { InvalidArgument } from "../../../errors.ts";
import { acquire } from "../acquire.ts";

Deno.test("a cursor that is not of this list, or of no list, is refused", () => {
  assert.deepEqual(placeIn('["lock:x",""]', "lock:"), { resource: "lock:x", seat: "" });
  assert.deepEqual(placeIn('["lock:x","1"]', ""), { resource: "lock:x", seat: "1" });
  const wrong = [
    ...['["other:x",""]', '["lock",""]', '["lock:x"]', '["lock:x","",""]', '["lock:x",1]'],
    ...['[1,""]', '{"resource":"lock:x","seat":""}', "null", "7", "lock:x", "", '["lock:x",""'],
  ];
  for (const cursor of wrong) {
    assert.throws(() => placeIn(cursor, "lock:"), InvalidArgument, cursor);
  }
});

Deno.test("a cursor of one namespace is refused in another", async () => {
  const driver = memory();
  for (const [n, resource] of ["a:1", "a:2", "b:1", "b:2"].entries()) {
    await driver.apply([acquire(`${n}`, { resource })]);
  }
  const [page] = await driver.apply([{ op: "list", prefix: "a:", limit: 1 }]);
  assert.ok(page?.after);
  const [next] = await driver.apply([{ op: "list", prefix: "a:", limit: 1, after: page.after }]);
  assert.deepEqual(next?.leases.map(({ resource }) => resource), ["a:2"]);
  for (const prefix of ["b:", "a:2"]) {
    const list = { op: "list", prefix, limit: 1, after: page.after } as const;
    await assert.rejects(driver.apply([list]), InvalidArgument);
  }
});
