/**
 * What an application sets for the sessions of the pool that it gives to Baton: modes, names, time zones,
 * limits, isolation levels.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, Coordinator } from "../../../mod.ts";
import type { Driver, Op } from "../../../drivers/driver.ts";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { startMysql } from "../../servers/mysql.ts";
import { queryThrough } from "../../servers/mysql_query.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

/** Baton works under all of them. */
const WORKS = [
  "set sql_mode = 'ANSI,STRICT_TRANS_TABLES'",
  "set sql_mode = 'NO_BACKSLASH_ESCAPES'",
  "set sql_mode = ''",
  "set sql_safe_updates = 1, sql_select_limit = 1",
  "set sql_select_limit = 0",
  "set time_zone = '+05:45'",
  "set names latin1 collate latin1_general_ci",
  "set div_precision_increment = 0",
  "set session transaction isolation level serializable",
];

/** Under these a guard would be overtaken. */
const REFUSED = [
  "set session transaction isolation level read committed",
  "set session transaction isolation level read uncommitted",
];

for (const kind of ["mysql", "mariadb"] as const) {
  Deno.test(`${kind}: an application's session settings change nothing`, async (t) => {
    const server = await startMysql(kind);
    try {
      await migrate(queryThrough(await server.client()));
      await using plain = new Coordinator(mysql(queryThrough(await server.client())), {
        memberId: "b",
      });
      for (const [n, set] of WORKS.entries()) {
        await t.step(set, async () => {
          const mine = await server.client();
          await mine.query(set);
          await using a = new Coordinator(mysql(queryThrough(mine)), { memberId: "mé\u{1F600}a" });
          const lock = `l\\'"${n}`;
          const lease = await a.getLock(lock).hold({ timeout: 0 });
          const [holder] = await plain.getLock(lock).holders();
          assert.deepEqual([holder?.memberId, holder?.token], ["mé\u{1F600}a", lease.token]);
          assert.equal(await plain.getLock(lock).acquire({ timeout: 0 }), null);
          assert.equal(await lease.renew(), true);
          // More rows than some of these settings let a select answer.
          for (const member of [a, plain]) await member.joinGroupCreate(`g${n}`);
          assert.equal((await a.getMembers(`g${n}`)).size, 2);
          const permits = await Promise.all([1, 2, 3].map(() => a.getSemaphore(`s${n}`, 3).hold()));
          assert.equal((await a.getSemaphore(`s${n}`, 3).holders()).length, 3);
          await a.heartbeat();
          assert(permits.every(({ held }) => held));
          const slot = Date.now();
          const run = { slot, mode: "retry", skipIfRunning: true } as const;
          assert.equal((await a.cron(`j${n}`).run(run, () => {})).outcome, "ran");
          assert.equal((await plain.cron(`j${n}`).run(run, () => {})).outcome, "skipped");
          await a.cron(`j${n}`).run({ ...run, slot: slot - 60_000 }, () => {});
          assert.equal((await a.cron(`j${n}`).history()).length, 2);
          await lease.release();
          assert.deepEqual(await plain.getLock(lock).holders(), []);
        });
      }
    } finally {
      await server.stop();
    }
  });

  Deno.test(`${kind}: an application that sets READ COMMITTED for its sessions is refused, for two would be granted`, async (t) => {
    const server = await startMysql(kind);
    try {
      await migrate(queryThrough(await server.client()));
      const plain = mysql(queryThrough(await server.client()));
      const [lock, readers] = ["lock:x", "readers:x"];
      assert.equal((await plain.apply([acquire("a", { resource: lock })]))[0]?.ok, true);
      const ops: Record<string, Op> = {
        "acquire": acquire("b", { resource: "lock:y" }),
        "acquire with a guard": acquire("b", {
          resource: readers,
          guard: { when: "vacant", resource: lock },
        }),
        "renew": { op: "renew", resource: lock, seat: "", id: "a", ttl: 600_000 },
        "release": { op: "release", resource: lock, seat: "" },
        "inspect": { op: "inspect", resource: lock },
        "list": { op: "list", prefix: "", limit: 10 },
      };
      for (const set of REFUSED) {
        const mine = await server.client();
        await mine.query(set);
        const driver: Driver = mysql(queryThrough(mine));
        for (const [what, op] of Object.entries(ops)) {
          await t.step(`${what} after ${set}`, async () => {
            const error = await batonErrorOf(driver.apply([op]));
            assert(error instanceof ConnectionError && !error.retryable, `${error.stack}`);
            assert.match(
              error.message,
              /nothing was written .*isolation level is below REPEATABLE/,
            );
          });
        }
      }
      const [all] = await plain.apply([{ op: "list", prefix: "", limit: 10 }]);
      assert.deepEqual(all?.leases.map(({ resource, id }) => [resource, id]), [[lock, "a"]]);
    } finally {
      await server.stop();
    }
  });
}
