/**
 * A clean-up in MySQL is two statements: what lies between them may have come back to life.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { Statements } from "../../../drivers/mysql/statements.ts";
import { sweep } from "../../../drivers/mysql/sweep.ts";
import { startMysql } from "../../servers/mysql.ts";
import { answerOf } from "../../servers/mysql_query.ts";

Deno.test("who takes the seat of the dead while they are cleaned up keeps it", async () => {
  const server = await startMysql("mariadb");
  try {
    const client = await server.client();
    let between: (() => Promise<unknown>) | undefined;
    const query = async (sql: string) => {
      if (sql.startsWith("delete")) await between?.();
      return answerOf(await client.query(sql));
    };
    await migrate(query);
    await server.query(
      `insert into baton_leases (resource, seat, id, token, value, expires)
      values ('lock:x', '', '', 1, '', utc_timestamp(6) - interval 3 hour),
        ('lock:y', '', '', 1, '', utc_timestamp(6) - interval 3 hour)`,
    );
    const driver = mysql(query);
    const op = { op: "acquire", resource: "lock:x", seat: "", id: "i", value: "v" } as const;
    between = async () => {
      between = undefined;
      const [outcome] = await driver.apply([{ ...op, ttl: 60_000 }]);
      assert.equal(outcome?.ok, true);
    };
    await sweep(new Statements("baton_leases"), query);
    const [found] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
    assert.deepEqual(found?.leases.map(({ id }) => id), ["i"]);
    const rows = await server.query("select 1 from baton_leases");
    assert.equal(rows.length, 1, "the other row is gone");
  } finally {
    await server.stop();
  }
});
