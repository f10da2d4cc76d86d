/**
 * How many rows each operation reads and writes, which is what Cloudflare bills. `docs/backends.md` has
 * these numbers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Op } from "../../../drivers/driver.ts";
import { durableObject } from "../../../drivers/durable_object/durable_object.ts";
import { bindingAt, bundled, startObjects } from "../../servers/objects.ts";
import { acquire } from "../acquire.ts";

const LOCK = { resource: "lock:x", seat: "" };
const ttl = 60_000;
const TEN = Array.from({ length: 10 }, (_, n) => `lock:${n}`);

/** One after the other; those before it are what each finds. */
const ROWS: readonly (readonly [what: string, rows: string, ops: readonly Op[]])[] = [
  ["acquire a free lock", "2/2", [acquire("a")]],
  ["be refused", "2/0", [acquire("b")]],
  ["renew", "2/1", [{ op: "renew", ...LOCK, id: "a", ttl }]],
  ["ask who holds", "2/0", [{ op: "inspect", resource: LOCK.resource }]],
  ["release", "3/1", [{ op: "release", ...LOCK, id: "a" }]],
  ["release again", "1/0", [{ op: "release", ...LOCK, id: "a" }]],
  ["acquire ten", "2/11", TEN.map((resource) => acquire(resource, { resource }))],
  [
    "a heartbeat of ten",
    "11/10",
    TEN.map((resource) => (
      { op: "renew", seat: "", resource, id: resource, ttl }
    )),
  ],
  ["create a group", "2/2", [acquire("g", { resource: "groups", seat: "g", ttl: Infinity })]],
  ["join it", "3/2", [
    acquire("m", { resource: "group:g", guard: { when: "held", resource: "groups", seat: "g" } }),
  ]],
  ["list all twelve", "13/0", [{ op: "list", prefix: "", limit: 100 }]],
];

Deno.test("an operation reads and writes as few rows as its price says", async (test) => {
  const code = await bundled(fileURLToPath(new URL("measured_worker.ts", import.meta.url)));
  const server = await startObjects({ code });
  try {
    const binding = bindingAt(server.url);
    let rows = "";
    const driver = (object: string) =>
      durableObject({
        idFromName: binding.idFromName,
        get: (name: string) => ({
          async fetch(url, init) {
            const response = await binding.get(name).fetch(url, init);
            rows = `${(response as Response).headers.get("x-rows")}`;
            return response;
          },
        }),
      }, { object });
    // One grant in 32 sweeps. Another object grants at another instant.
    for (let attempt = 0;; attempt++) {
      const { apply } = driver(`${attempt}`);
      const seen: string[] = [];
      let swept = false;
      for (const [, , ops] of ROWS) {
        const outcomes = await apply(ops);
        seen.push(rows);
        swept ||= outcomes.some(({ leases }) => leases.some(({ token }) => token % 32 === 0));
      }
      if (swept) continue;
      for (const [n, [what, wanted]] of ROWS.entries()) {
        await test.step(`${what}: ${wanted}`, () => assert.equal(seen[n], wanted));
      }
      break;
    }
  } finally {
    await server.stop();
  }
});
