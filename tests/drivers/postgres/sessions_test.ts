/**
 * What an application sets for the sessions of the pool that it gives to Baton.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, Coordinator } from "../../../mod.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

/** Baton works under all of them. */
const WORKS = [
  "set search_path = ''",
  "set timezone = 'Asia/Kathmandu'",
  "set datestyle = 'German, DMY'",
  "set intervalstyle = 'iso_8601'",
  "set extra_float_digits = -15",
  "set standard_conforming_strings = off",
  "set transform_null_equals = on",
  "set enable_indexscan = off",
  "set plan_cache_mode = force_generic_plan",
  "set client_encoding = 'UTF8'",
  "set lc_numeric = 'C'",
  "set array_nulls = off",
  "set synchronous_commit = off",
  "set statement_timeout = '10s'",
  "set lock_timeout = '5s'",
  "set idle_in_transaction_session_timeout = '1s'",
];

/** Under these it says which one is to blame. */
const REFUSED: Record<string, RegExp> = {
  "set default_transaction_read_only = on": /25006/,
  "set default_transaction_isolation = 'serializable'": /read committed/,
  "set default_transaction_isolation = 'repeatable read'": /read committed/,
};

Deno.test("an application's session settings change nothing, or are refused and named", async (t) => {
  const server = await startPostgres();
  try {
    const session = async (set: string): Promise<PostgresQuery> => {
      const client = await server.client();
      await client.query(set);
      return async (text, params) => (await client.query(text, [...params])).rows;
    };
    const query = await session("select 1");
    await migrate(query);
    await using plain = new Coordinator(postgres(query), { memberId: "b" });
    for (const [n, set] of WORKS.entries()) {
      await t.step(set, async () => {
        const mine = postgres(await session(set));
        await using a = new Coordinator(mine, { memberId: "mé\u{1F600}a", ttl: 12_345_678 });
        const lock = `l\\'"${n}`;
        const lease = await a.getLock(lock).hold({ timeout: 0 });
        const [holder] = await plain.getLock(lock).holders();
        assert.deepEqual([holder?.memberId, holder?.token], ["mé\u{1F600}a", lease.token]);
        // What is left is what was asked for, whatever the session's clock and numbers look like.
        assert(holder && holder.left > 12_000_000 && holder.left <= 12_345_678, `${holder?.left}`);
        assert.equal(await plain.getLock(lock).acquire({ timeout: 0 }), null);
        assert.equal(await lease.renew(), true);
        for (const member of [a, plain]) await member.joinGroupCreate(`g${n}`);
        assert.equal((await a.getMembers(`g${n}`)).size, 2);
        const slot = Date.now();
        const run = { slot, mode: "retry", skipIfRunning: true } as const;
        assert.equal((await a.cron(`j${n}`).run(run, () => {})).outcome, "ran");
        assert.equal((await plain.cron(`j${n}`).run(run, () => {})).outcome, "skipped");
        assert.equal((await a.cron(`j${n}`).history()).length, 1);
        assert((await a.getGroups()).has(`g${n}`));
        await lease.release();
        assert.deepEqual(await plain.getLock(lock).holders(), []);
      });
    }
    for (const [set, says] of Object.entries(REFUSED)) {
      await t.step(set, async () => {
        const error = await batonErrorOf(postgres(await session(set)).apply([acquire("z")]));
        assert(error instanceof ConnectionError, `${error.stack}`);
        assert.match(error.message, says);
      });
    }
  } finally {
    await server.stop();
  }
});
