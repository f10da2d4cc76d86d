/**
 * A database with version 1 of the schema, in which leases are held: what a newer Baton does before the
 * migration, during it, and while an older one still runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError } from "../../../mod.ts";
import type { Acquire, Op } from "../../../drivers/driver.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { rowsOf } from "../../../drivers/postgres/send.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { placeKey } from "../../../drivers/kit/order.ts";
import { type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import { until } from "../../servers/process.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { described } from "./described.ts";

/** What `schema()` was when `list` did not exist. */
const VERSION_1 = await Deno.readTextFile(new URL("schema_1.sql", import.meta.url));
const LIST: Op = { op: "list", prefix: "", limit: 1_000 };

function acquire(resource: string, id = resource): Acquire {
  return { op: "acquire", resource, seat: "", id, ttl: 600_000, value: "v" };
}

/** What version 1 of the driver sent for a single operation, and whether it was granted. */
function older(query: PostgresQuery): (ops: readonly Op[]) => Promise<boolean[]> {
  return async (ops) => {
    const [op] = ops as readonly [Acquire];
    const { guard } = op;
    const locks = !guard ? [] : [
      [placeKey({ resource: op.resource }), false],
      [placeKey(op), true],
      [placeKey(guard), guard.seat === undefined],
    ].sort();
    const text = JSON.stringify({ locks, rows: [], ops });
    const [row] = rowsOf(await query("select baton.apply_1($1) as outcomes", [text]));
    return (JSON.parse(String(row?.["outcomes"])) as [boolean][]).map(([ok]) => ok);
  };
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

Deno.test("before the migration a newer Baton says what to run and writes nothing, and an older one works on", () =>
  onVersion1(async (_server, connect) => {
    const query = await connect();
    const driver = postgres(query);
    const old = older(query);
    for (const ops of [[acquire("a")], [LIST], [{ op: "inspect", resource: "a" }]] as Op[][]) {
      const error = await batonErrorOf(driver.apply(ops));
      assert(error instanceof ConnectionError && !error.retryable, `${error}`);
      assert.match(error.message, /nothing was written .*lacks version 3 .*run migrate\(\)/);
    }
    assert.deepEqual(await old([acquire("a")]), [true]);
    await migrate(query);
    assert.deepEqual(await old([acquire("b")]), [true]);
    const [page, again, other] = await driver.apply([LIST, acquire("a"), acquire("b", "else")]);
    assert.deepEqual(page?.leases.map(({ resource }) => resource), ["a", "b"]);
    assert.deepEqual([again?.ok, other?.ok], [true, false]);
  }));

Deno.test("while a deployment is under way, an older Baton's and a newer one's leases exclude each other", () =>
  onVersion1(async (_server, connect) => {
    const [query, admin] = [await connect(), await connect()];
    await migrate(admin);
    const driver = postgres(query);
    const old = older(await connect());
    const ended = { ...acquire("x", "old"), ttl: 1 };
    assert.deepEqual(await old([ended]), [true]);
    // By the server's clock; then the newer one looks, and so ends it in writing.
    await until("it has ended", async () => {
      const [outcome] = await driver.apply([{ op: "inspect", resource: "x" }]);
      return outcome?.leases.length === 0;
    });
    assert.deepEqual(await old([{ op: "renew", resource: "x", seat: "", id: "old", ttl: 1_000 }]), [
      false,
    ]);
    const [granted] = await driver.apply([acquire("x", "new")]);
    assert.equal(granted?.ok, true);
    assert.deepEqual(await old([acquire("x", "old again")]), [false]);
    assert.deepEqual(await old([{ op: "release", resource: "x", seat: "", id: "new" }]), [true]);
    assert.deepEqual(await old([acquire("x", "old again")]), [true]);
    const [refused] = await driver.apply([acquire("x", "new again")]);
    assert.equal(refused?.ok, false);

    // A lock and its readers, by both at once.
    let [over, rounds] = [false, 0];
    const inside = new Set<string>();
    const guard = (resource: string) => ({ when: "vacant" as const, resource });
    const turns = async (apply: (ops: Op[]) => Promise<boolean[]>, mine: string, its: string) => {
      for (; !over && rounds < 400; rounds++) {
        const [ok] = await apply([{ ...acquire(mine), guard: guard(its) }]);
        if (!ok) continue;
        assert(!inside.has(its), `${mine} beside ${its}`);
        inside.add(mine);
        await admin("select", []);
        inside.delete(mine);
        await apply([{ op: "release", resource: mine, seat: "", id: mine }]);
      }
    };
    const newer = async (ops: Op[]) => (await driver.apply(ops)).map(({ ok }) => ok);
    const both = [turns(newer, "lock:l", "readers:l"), turns(old, "readers:l", "lock:l")];
    await Promise.all(both.map((each) => each.finally(() => over = true)));
  }));

Deno.test("a migration under load disturbs no batch, and leases stay as they were", () =>
  onVersion1(async (_server, connect) => {
    const held = Array.from({ length: 300 }, (_, n) => acquire(`held ${n}`));
    const admin = await connect();
    await migrate(admin);
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
    const olders = Array.from({ length: 2 }, async (_, client) => {
      const old = older(await connect());
      while (!over) {
        assert.deepEqual(await old([acquire(`older:${client}`)]), [true]);
        assert.deepEqual(
          await old([{ op: "release", resource: `older:${client}`, seat: "" }]),
          [true],
        );
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
    await Promise.all(
      [...busy, ...olders, migrating].map((each) => each.finally(() => over = true)),
    );

    const after = await postgres(admin).apply(held);
    const [page] = await postgres(admin).apply([LIST]);
    assert.deepEqual(
      after.map(({ leases }) => leases[0]?.token),
      before.map(({ leases }) => leases[0]?.token),
    );
    assert.equal(page?.leases.length, 300);
  }));

Deno.test("an older Baton's migration takes nothing away, and an upgraded database has all that a new one has", () =>
  onVersion1(async (server, connect) => {
    const query = await connect();
    const driver = postgres(query);
    await migrate(query);
    await driver.apply([acquire("a")]);
    await (await server.client()).query(VERSION_1);
    const [page, again] = await driver.apply([LIST, acquire("a")]);
    assert.equal(page?.leases[0]?.token, again?.leases[0]?.token);

    await migrate(query, { schema: "fresh" });
    await migrate(query);
    const fresh = new Set(await described(server, "fresh"));
    assert.deepEqual(fresh.difference(new Set(await described(server, "baton"))), new Set());
    assert.equal([...fresh].filter((each) => each.includes("PROCEDURE apply_3")).length, 1);
  }));
