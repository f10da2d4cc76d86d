/**
 * What the statement set does to tables that it does not know, whatever is asked, and how far a batch of it
 * reaches.
 *
 * @module
 */

import assert from "node:assert/strict";
import { migrate } from "../../../drivers/sqlite/migration.ts";
import type { Op } from "../../../drivers/driver.ts";
import { batchesBy, batchOn, databaseOn } from "../../backends/sqlite_batches.ts";
import { acquire } from "../acquire.ts";
import { tokensFollow } from "../tokens_follow.ts";

const SEAT = { resource: "lock:x", seat: "" } as const;
const OPS: readonly Op[] = [
  acquire("a"),
  acquire("b", { resource: "lock:new", guard: { when: "held", resource: "lock:none" } }),
  { op: "renew", ...SEAT, id: "a", ttl: 60_000 },
  { op: "renew", resource: "lock:none", seat: "", id: "a", ttl: 60_000 },
  { op: "release", ...SEAT },
  { op: "release", resource: "lock:none", seat: "" },
  { op: "inspect", ...SEAT },
  { op: "inspect", resource: "lock:none" },
  { op: "inspect", resource: "lock:none", limit: 1 },
  { op: "list", prefix: "none", limit: 1 },
];

/** A driver on the SQLite of this process, and what lies in it. */
async function place() {
  const database = databaseOn(Date.now);
  const send = batchOn(database);
  await migrate(send);
  const driver = batchesBy(send);
  const dump = () =>
    ["baton_leases", "baton_state"].map((table) =>
      database.prepare(`select * from ${table}`).all()
    );
  return { database, driver, dump };
}

Deno.test("tables of any other version are neither read nor written, be the row there or not", async (t) => {
  const { database, driver, dump } = await place();
  await driver.apply([acquire("a")]);
  for (const change of ["set version = 2", "set version = 0", "set version = -1"]) {
    database.exec(`update baton_state ${change}`);
    const before = dump();
    for (const [n, op] of OPS.entries()) {
      await t.step(`${change}: ${op.op} ${n}`, async () => {
        await assert.rejects(driver.apply([op]), /malformed JSON/);
        assert.deepEqual(dump(), before);
      });
    }
  }
  await t.step("nor is anything without the row that says it", async () => {
    database.exec("delete from baton_state");
    for (const op of OPS) await assert.rejects(driver.apply([op]), /malformed JSON/);
  });
  database.close();
});

Deno.test("to make the tables again changes nothing, and tables of another version are refused", async () => {
  const { database, driver, dump } = await place();
  const send = batchOn(database);
  await driver.apply([acquire("a")]);
  const before = dump();
  await migrate(send);
  assert.deepEqual(dump(), before);
  database.exec("update baton_state set version = 2");
  await assert.rejects(migrate(send), {
    code: "connection",
    message: /has version 2 of Baton's tables, .* knows version 1; nothing was changed/,
  });
  // And what answers nothing to it is no database with these tables.
  await assert.rejects(migrate(() => Promise.resolve([])), { code: "connection" });
  database.close();
});

Deno.test("a statement that fails undoes those before it", async () => {
  const { database, driver, dump } = await place();
  await driver.apply([acquire("a")]);
  const before = dump();
  database.exec(`create trigger fails before delete on baton_leases
begin select raise(abort, 'no deletes today'); end`);
  await assert.rejects(driver.apply([acquire("c", { seat: "c" }), { op: "release", ...SEAT }]));
  assert.deepEqual(dump(), before);
  database.close();
});

Deno.test("tokens of the statement set follow the database's clock, and never go back", async () => {
  await tokensFollow(async (now) => {
    // The statements round it, as the database's own counts in whole ms.
    const send = batchOn(databaseOn(() => Math.floor(now())));
    await migrate(send);
    return batchesBy(send);
  });
});
