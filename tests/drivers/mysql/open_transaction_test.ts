/**
 * A grant that is answered before it is committed: autocommit is off in the application's pool, or a
 * transaction of its is open.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../../mod.ts";
import type { Op } from "../../../drivers/driver.ts";
import { mysql, type MysqlQuery } from "../../../drivers/mysql/mysql.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

const SEAT = { resource: "lock:x", seat: "" } as const;
const OPS: Record<string, Op> = {
  "acquire": acquire("b", { resource: "lock:y" }),
  "acquire with a guard": acquire("b", { resource: "lock:y", guard: { when: "held", ...SEAT } }),
  "renew": { op: "renew", ...SEAT, id: "a", ttl: 600_000 },
  "release": { op: "release", ...SEAT, id: "a" },
  "release with a guard": { op: "release", ...SEAT, guard: { when: "vacant", resource: "z" } },
  "inspect": { op: "inspect", ...SEAT },
  "inspect a vacant seat": { op: "inspect", resource: "lock:y" },
  "list": { op: "list", prefix: "", limit: 10 },
};
const READS = ["inspect", "list"];

for (const kind of ["mysql", "mariadb"] as const) {
  Deno.test(`${kind}: what would not be committed at once is refused, and says which setting is to blame`, async (t) => {
    const server = await startMysql(kind);
    try {
      const mine = await server.client();
      const query = queryThrough(mine);
      const definite = (error: CoordinationError) => {
        assert(error instanceof ConnectionError && !error.retryable, `${error.stack}`);
        assert.match(error.message, /autocommit is off, or a transaction is open/);
      };
      const cases = [
        ["autocommit = 0", "set autocommit = 0", true],
        ["begin", "begin", kind === "mariadb"],
      ] as const;
      const other = await server.client();
      const rows = async () =>
        (await queryThrough(other)("select hex(id) as id from baton_leases")).rows;
      for (const [what, set] of cases) {
        await t.step(`migrate() after ${what}`, async () => {
          await mine.query(set);
          definite(await batonErrorOf(migrate(query)));
          await mine.query("rollback");
          await mine.query("set autocommit = 1");
        });
      }
      await migrate(query);
      // Twice, for it is there already.
      await migrate(query);
      const driver = mysql(query);
      assert.equal((await driver.apply([acquire("a")]))[0]?.ok, true);
      const before = await rows();
      for (const [what, set, before_] of cases) {
        for (const [name, op] of Object.entries(OPS)) {
          await t.step(`${name} after ${what}`, async () => {
            await mine.query(set);
            const call = driver.apply([op]);
            // MySQL says in its answer to a write alone that a transaction is open.
            if (before_) definite(await batonErrorOf(call));
            else if (READS.includes(op.op)) await call;
            else {
              const error = await batonErrorOf(call);
              assert(error instanceof UnknownOutcome && !error.retryable, `${error.stack}`);
              assert.match(error.message, /outcome is unknown: .*a transaction is open/);
            }
            await mine.query("rollback");
            await mine.query("set autocommit = 1");
            assert.deepEqual(await rows(), before);
          });
        }
      }
      const without: MysqlQuery = async (sql) => {
        const { serverStatus: _, ...answer } = await query(sql);
        return answer;
      };
      const [outcome] = await mysql(without).apply([acquire("c", { resource: "lock:z" })]);
      assert.equal(outcome?.ok, true);
    } finally {
      await server.stop();
    }
  });
}
