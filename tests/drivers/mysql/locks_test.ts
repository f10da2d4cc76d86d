/**
 * What a write of the MySQL driver's looks at, it locks: so it must look at its own rows only.
 *
 * @module
 */

import assert from "node:assert/strict";
import mysql2 from "mysql2/promise";
import type { Acquire, Op } from "../../../drivers/driver.ts";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { Statements } from "../../../drivers/mysql/statements.ts";
import { sweep } from "../../../drivers/mysql/sweep.ts";
import { startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";

const lease = (n: number | string, id = `id ${n}`): Acquire => {
  return { op: "acquire", resource: `lock:${n}`, seat: "", id, ttl: 600_000, value: "v" };
};

for (const kind of ["mysql", "mariadb"] as const) {
  Deno.test(`${kind}: no write waits for the row of somebody else, however small the table`, async (t) => {
    // Whoever waits gets an error after a second.
    const server = await startMysql(kind, { settings: ["--innodb-lock-wait-timeout=1"] });
    const { user, password, database, port } = server;
    const pool = mysql2.createPool({ host: "127.0.0.1", port, user, password, database });
    const query = queryThrough(pool);
    const driver = mysql(query);
    const mine = Array.from({ length: 10 }, (_, n) => lease(n));
    try {
      await migrate(query);
      await driver.apply([...mine, lease("another's"), lease("z")]);
      const other = await server.client();
      await other.query("begin");
      const row =
        "select * from baton_leases where resource = 'lock:another\\'s' and seat = '' for update";
      assert.equal((await other.query(row) as unknown[][])[0]?.length, 1);

      const renewals = mine.map(({ value: _, ...it }): Op => ({ ...it, op: "renew" }));
      const batches: [string, Op[]][] = [
        ...[1, 2, 5, 10].map((n): [string, Op[]] => [`${n} renewals`, renewals.slice(0, n)]),
        ["a renewal with a value", [{ ...renewals[0], value: "w" } as Op]],
        ["renewals of different ttls", [
          { ...renewals[0], ttl: 500_000 } as Op,
          ...renewals.slice(1),
        ]],
        ["a guarded acquisition", [
          { ...lease("new"), guard: { when: "vacant", resource: "readers:new" } },
        ]],
        ["another, of a seat that is held", [
          { ...lease(1, "x"), guard: { when: "vacant", resource: "readers:1" } },
        ]],
        ["a release", [{ op: "release", resource: "lock:0", seat: "", id: "id 0" }]],
        [
          "several releases",
          mine.slice(1, 9).map(({ resource, seat, id }) => ({ op: "release", resource, seat, id })),
        ],
        ["a guarded release", [{
          op: "release",
          resource: "lock:9",
          seat: "",
          guard: { when: "vacant", resource: "readers:9" },
        }]],
        ["several acquisitions", mine.slice(0, 5).map((it) => ({ ...it, id: `${it.id} again` }))],
      ];
      for (const [what, ops] of batches) {
        await t.step(what, async () => {
          const outcomes = await driver.apply(ops);
          assert.equal(outcomes.every(({ ok }) => ok), !what.includes("held"));
        });
      }
      await t.step("clean-up", async () => {
        const dead = "expires = expires - interval 1 day, token = token - 90000000";
        await pool.query(`update baton_leases set ${dead} where resource in ('lock:9', 'lock:0')`);
        assert.equal(await sweep(new Statements("baton_leases"), query), 2);
      });
      await other.query("rollback");
    } finally {
      await pool.end();
      await server.stop();
    }
  });
}
