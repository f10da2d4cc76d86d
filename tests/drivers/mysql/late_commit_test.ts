/**
 * Commits that take long, as with a replica that does not answer: a lease's end may lie between the
 * renewal and the moment when others see it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ResultSetHeader } from "mysql2/promise";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import { until } from "../../servers/process.ts";
import type { Op } from "../../../drivers/driver.ts";
import { acquire, ASKED, type Asked, seat, X } from "../sql/late_commits.ts";

const ALL: Readonly<Record<string, Asked>> = {
  ...ASKED,
  "a guard that wants it held": [
    acquire("y", { guard: { when: "held", resource: "x" } }),
    ...[true, ["of y"]] as [boolean, string[]],
  ],
};

/** What is refused where the lease has ended while it waited; what was not there is not listed. */
const TOO_LATE: Readonly<Record<string, Op>> = {
  "a renewal": { op: "renew", ...X, id: "of x", ttl: 60_000 },
  "a renewal with a value": { op: "renew", ...X, id: "of x", ttl: 60_000, value: "new" },
  "a release": { op: "release", ...X, id: "of x" },
  "a break": { op: "release", ...X },
  "a guard that wants it held": acquire("y", { guard: { when: "held", ...X } }),
  "a release that wants it held": {
    ...{ op: "release", ...seat("z"), id: "of z" },
    guard: { when: "held", ...X },
  },
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
      const ended = () =>
        until("its old end is over", async () => {
          const [row] = await server.query(
            "select expires <= utc_timestamp(6) as ended from baton_leases where resource = 'x'",
          );
          return Number(row?.["ended"]) === 1;
        });
      for (const [asked, op] of Object.entries(TOO_LATE)) {
        await t.step(
          `${asked} that waited for a locked row until its lease had ended`,
          async () => {
            await other.query("delete from baton_leases");
            const held = await driver.apply([acquire("z"), acquire("x", { ttl: 3_000 })]);
            assert(held.every(({ ok }) => ok));
            await other.query("begin");
            await other.query("select 1 from baton_leases where resource = 'x' for update");
            let answered = false;
            const answer = driver.apply([op]).finally(() => answered = true);
            await until("it waits", async () => answered || await waits());
            await ended();
            await other.query("commit");
            const [outcome] = await answer;
            assert.deepEqual([outcome?.ok, outcome?.leases.map(({ id }) => id)], [false, []]);
            const [look] = await driver.apply([{ op: "inspect", ...X }]);
            assert.deepEqual(look?.leases, []);
          },
        );
      }
      for (const [asked, [op, ok, listed]] of Object.entries(ALL)) {
        await t.step(asked, async () => {
          // Longer and longer, until the renewal comes in time, however busy the machine.
          for (let [ttl, renewed] = [400, 0]; renewed === 0; ttl *= 2) {
            await other.query("rollback");
            await other.query("delete from baton_leases");
            const held = await driver.apply([acquire("z"), acquire("x", { ttl })]);
            assert(held.every(({ ok }) => ok));
            await other.query("begin");
            const [{ affectedRows }] = await other.query<ResultSetHeader>(
              `update baton_leases set expires = utc_timestamp(6) + interval 60 second
              where resource = 'x' and expires > utc_timestamp(6)`,
            );
            renewed = affectedRows;
          }
          await ended();
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
