/**
 * A grant that is answered before it is committed: Baton over a connection with an open transaction.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError } from "../../../mod.ts";
import type { Op } from "../../../drivers/driver.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

const SEAT = { resource: "lock:x", seat: "" } as const;
const OPS: Record<string, Op> = {
  acquire: acquire("b"),
  renew: { op: "renew", ...SEAT, id: "a", ttl: 600_000 },
  release: { op: "release", ...SEAT, id: "a" },
  inspect: { op: "inspect", ...SEAT },
  list: { op: "list", prefix: "", limit: 10 },
};

Deno.test("within the application's open transaction everything is refused, for others would not see it", async (t) => {
  const server = await startPostgres();
  try {
    const client = await server.client();
    const query: PostgresQuery = async (text, params) =>
      (await client.query(text, [...params])).rows;
    const refused = async (call: Promise<unknown>) => {
      const error = await batonErrorOf(call);
      assert(error instanceof ConnectionError && !error.retryable, `${error.stack}`);
      assert.match(
        error.message,
        /nothing was written .*open transaction.*outside of begin and commit/,
      );
    };
    const begins = {
      "after begin": "begin",
      "after begin and a look": "begin; select 1",
      "after a write": "begin; create temporary table t ()",
      "at another isolation level": "begin isolation level serializable",
    };
    for (const [when, begin] of Object.entries(begins)) {
      await t.step(`migrate() ${when}`, async () => {
        await client.query(begin);
        await refused(migrate(query));
        await client.query("rollback");
      });
    }
    await migrate(query);
    const [before] = await postgres(query).apply([acquire("a")]);
    assert.equal(before?.ok, true);
    for (const [when, begin] of Object.entries(begins)) {
      for (const [name, op] of Object.entries(OPS)) {
        await t.step(`${name} ${when}`, async () => {
          await client.query(begin);
          await refused(postgres(query).apply([op]));
          await client.query("rollback");
        });
      }
    }
    // And what is answered is there.
    const [row] = await server.query("select id, expires from baton.leases");
    assert.equal(row?.["id"], "a");
  } finally {
    await server.stop();
  }
});

Deno.test("what was answered is committed, even where the client keeps its implicit transaction open", async () => {
  const server = await startPostgres();
  try {
    await migrate((text) => server.query(text));
    const client = await server.client();
    const text = JSON.stringify({ locks: [], places: [], ops: [acquire("a")] });
    // Several statements in one message are one transaction, too.
    await assert.rejects(
      client.query(`select 1; call baton.apply_3('${text.replaceAll("'", "''")}', null)`),
      { code: "2D000" },
    );
    assert.deepEqual(await server.query("select from baton.leases"), []);
  } finally {
    await server.stop();
  }
});
