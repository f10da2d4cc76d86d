/**
 * Commits that take long, as with a replica that does not answer: a lease's end may lie between the
 * renewal and the moment when others see it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import { until } from "../../servers/process.ts";
import { acquire, ASKED, type Asked } from "../sql/late_commits.ts";

const ALL: Readonly<Record<string, Asked>> = {
  ...ASKED,
  "a guard that wants it held": [
    acquire("y", { guard: { when: "held", resource: "x" } }),
    ...[true, ["of y"]] as [boolean, string[]],
  ],
};

for (const kind of ["mysql", "mariadb"] as const) {
  Deno.test(`${kind}: a lease whose renewal is committed after its old end has lived all the time, whatever is asked`, async (t) => {
    const server = await startMysql(kind);
    try {
      const driver = mysql(queryThrough(await server.client()));
      const other = await server.client();
      await migrate(queryThrough(other));
      // MySQL's status does not list a statement that waits while it is planned; but none takes a second.
      const waits = async () =>
        (await server.query("show full processlist")).some(({ Info, Time }) =>
          String(Info).includes("baton_leases") && Number(Time) >= 1
        );
      for (const [asked, [op, ok, listed]] of Object.entries(ALL)) {
        await t.step(asked, async () => {
          await other.query("delete from baton_leases");
          const held = await driver.apply([acquire("z"), acquire("x", { ttl: 400 })]);
          assert(held.every(({ ok }) => ok));
          await other.query("begin");
          await other.query(
            `update baton_leases set expires = utc_timestamp(6) + interval 60 second
            where resource = 'x' and expires > utc_timestamp(6)`,
          );
          await until("its old end is over", async () => {
            const [row] = await server.query(
              "select expires <= utc_timestamp(6) as ended from baton_leases where resource = 'x'",
            );
            return Number(row?.["ended"]) === 1;
          });
          let answered = false;
          const answer = driver.apply([op]).finally(() => answered = true);
          await until("it waits, or is answered", async () => answered || await waits());
          await other.query("commit");
          const [outcome] = await answer;
          assert.deepEqual([outcome?.ok, outcome?.leases.map(({ id }) => id)], [ok, listed]);
        });
      }
    } finally {
      await server.stop();
    }
  });
}
