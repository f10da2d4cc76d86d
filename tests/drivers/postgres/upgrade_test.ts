/**
 * A database with version 1 of the schema, in which leases are held: what a newer Baton can do before
 * the migration, during it, and while an older one still runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError } from "../../../mod.ts";
import type { Acquire, Op } from "../../../drivers/driver.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import { batonErrorOf } from "../../tools/shown.ts";

/** What `schema()` was when `list` did not exist. */
const VERSION_1 = await Deno.readTextFile(new URL("schema_1.sql", import.meta.url));
const LIST: Op = { op: "list", prefix: "", limit: 1_000 };

function acquire(resource: string, id = resource): Acquire {
  return { op: "acquire", resource, seat: "", id, ttl: 600_000, value: "v" };
}

async function onVersion1(
  test: (server: PostgresServer, connect: () => Promise<PostgresQuery>) => Promise<void>,
): Promise<void> {
  const server = await startPostgres();
  try {
    const connect = async (): Promise<PostgresQuery> => {
      const client = await server.client();
      return async (text, params) => (await client.query(text, [...params])).rows;
    };
    await (await server.client()).query(VERSION_1);
    await test(server, connect);
  } finally {
    await server.stop();
  }
}

Deno.test("before the migration a newer Baton does all but list, which says what to run and writes nothing", () =>
  onVersion1(async (_server, connect) => {
    const query = await connect();
    const driver = postgres(query);
    const outcomes = await driver.apply([
      acquire("a"),
      { op: "renew", resource: "a", seat: "", id: "a", ttl: 600_000 },
      { ...acquire("b"), guard: { when: "vacant", resource: "c" } },
      { op: "inspect", resource: "a" },
      { op: "release", resource: "a", seat: "", id: "a" },
    ]);
    assert(outcomes.every(({ ok }) => ok));
    for (const ops of [[LIST], [acquire("d"), LIST]]) {
      const error = await batonErrorOf(driver.apply(ops));
      assert(error instanceof ConnectionError && !error.retryable, `${error}`);
      assert.match(error.message, /nothing was written .*lacks version 2 .*run migrate\(\)/);
    }
    const [d] = await driver.apply([{ op: "inspect", resource: "d" }]);
    assert.deepEqual(d?.leases, []);
    await migrate(query);
    const [page] = await driver.apply([LIST]);
    assert.deepEqual(page?.leases.map(({ resource }) => resource), ["b"]);
  }));

Deno.test("a migration under load disturbs no batch, and leases stay as they were", () =>
  onVersion1(async (_server, connect) => {
    const held = Array.from({ length: 300 }, (_, n) => acquire(`held ${n}`));
    const admin = await connect();
    const before = await postgres(admin).apply(held);
    assert(before.every(({ ok }) => ok));

    let [over, batches] = [false, 0];
    const busy = Array.from({ length: 4 }, async (_, client) => {
      const driver = postgres(await connect());
      while (!over) {
        const mine = acquire(`lock:${client}`);
        const id = { resource: mine.resource, seat: "", id: mine.id };
        const outcomes = await driver.apply([
          { op: "inspect", resource: "held 7" },
          mine,
          { ...acquire(`guarded:${client}`), guard: { when: "held", resource: "held 7" } },
          { op: "renew", ...id, ttl: 600_000 },
          { op: "release", ...id },
          { op: "release", resource: `guarded:${client}`, seat: "" },
        ]);
        assert(outcomes.every(({ ok }) => ok));
        batches++;
      }
    });
    const migrating = (async () => {
      for (let again = 0; again < 30 && !over; again++) {
        const before = batches;
        await migrate(admin);
        // At least some begin after it, and some are under way at the next.
        while (batches < before + 4 && !over) await admin("select", []);
      }
    })();
    await Promise.all([...busy, migrating].map((each) => each.finally(() => over = true)));

    const after = await postgres(admin).apply(held);
    const [page] = await postgres(admin).apply([LIST]);
    assert.deepEqual(
      after.map(({ leases }) => leases[0]?.token),
      before.map(({ leases }) => leases[0]?.token),
    );
    assert.equal(page?.leases.length, 300);
  }));

Deno.test("an older Baton's migration takes nothing away, and an upgraded database is like a new one", () =>
  onVersion1(async (server, connect) => {
    const query = await connect();
    const driver = postgres(query);
    await driver.apply([acquire("a")]);
    await migrate(query);
    await (await server.client()).query(VERSION_1);
    const [page, again] = await driver.apply([LIST, acquire("a")]);
    assert.equal(page?.leases[0]?.token, again?.leases[0]?.token);

    await migrate(query, { schema: "fresh" });
    const describe = async (schema: string): Promise<string> =>
      JSON.stringify(
        await server.query(
          `select proname as name, pg_get_functiondef(oid) as text from pg_proc
          where pronamespace = $1::text::regnamespace
          union select indexname, indexdef from pg_indexes where schemaname = $1::text
          union select viewname, definition from pg_views where schemaname = $1::text
          union select column_name, data_type || is_nullable || coalesce(collation_name, '')
            from information_schema.columns where table_schema = $1::text order by 1, 2`,
          [schema],
        ),
      ).replaceAll(`${schema}.`, "");
    await migrate(query);
    assert.equal(await describe("baton"), await describe("fresh"));
  }));
