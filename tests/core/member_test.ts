/** What a coordinator makes of its options: what every request goes through, and what is refused. */

import assert from "node:assert/strict";
import { Coordinator, type CoordinatorOptions } from "../../mod.ts";
import type { Driver } from "../../drivers/driver.ts";
import { Scene } from "./scene.ts";

Deno.test("an event of a request has the names that users give, and is measured by the coordinator's clock", async () => {
  const scene = new Scene();
  const a = scene.member("a", { namespace: "n" });
  scene.fates.push({ delay: 70 });
  const asked = a.getLock("x").acquire();
  await scene.runtime.advance(70);
  assert(await asked);
  assert.deepEqual(scene.sent.flat().map(({ resource }) => resource), ["n/lock:x"]);
  assert.deepEqual(scene.events, [
    {
      type: "request",
      driver: "wire",
      ops: [{ op: "acquire", resource: "lock:x", seat: "" }],
      requests: 1,
      ok: [true],
      ms: 70,
    },
  ]);
});

Deno.test("a request is given up after the coordinator's timeout, and repeated by its clock", async () => {
  const scene = new Scene();
  const a = scene.member("a", { timeout: 200 });
  scene.fates.push(...Array(4).fill("hang"));
  const refused = assert.rejects(a.getLeader("g"), /wire did not answer within 200 ms/);
  await scene.runtime.advance(199);
  assert.equal(scene.sent.length, 1);
  // Three pauses of half of 50, 100 and 200 ms.
  await scene.runtime.advance(1 + 3 * 200 + 25 + 50 + 100);
  await refused;
  assert.equal(scene.sent.length, 4);
});

Deno.test("a driver or an option that cannot work is refused, and named", () => {
  const { backend } = new Scene();
  const refused = (driver: unknown, options: object, why: RegExp): void => {
    assert.throws(
      () => new Coordinator(driver as Driver, options as CoordinatorOptions),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "invalid-argument");
        assert.match(error.message, why);
        return true;
      },
    );
  };
  refused(() => backend, {}, /driver.*type function.*call it: new Coordinator\(memory\(\)\)/);
  for (const driver of ["redis://localhost", undefined, null, {}]) {
    refused(driver, {}, /driver.*type \w+, not what memory\(\) or another driver returns$/);
  }
  refused(backend, { memberID: "a" }, /memberID/);
  refused(backend, { memberId: "" }, /member name/);
  refused(backend, { runtime: {} }, /runtime.*systemRuntime\(\)/);
  refused(backend, { on: "event" }, /\bon\b/);
  refused(backend, { timeout: -1 }, /request timeout.*0 or more/);
  for (const timeout of [1, 49]) refused(backend, { timeout }, /request timeout.*not seconds/);
  for (const timeout of [50, 60_000]) new Coordinator(backend, { timeout });
});
