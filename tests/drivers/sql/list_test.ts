/**
 * Lists in SQL databases: a range of the key, by bytes, from where the page before ended.
 *
 * @module
 */

import assert from "node:assert/strict";
import { InvalidArgument } from "../../../mod.ts";
import type { Acquire, Driver, Inspect, Lease, List, Op } from "../../../drivers/driver.ts";
import { Statements } from "../../../drivers/mysql/statements.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { type Backend, having } from "../../backends/mod.ts";
import { neon } from "../../backends/neon.ts";
import type { Table } from "../../backends/table.ts";

/** What a dialect says in its own words. */
interface Dialect {
  readonly past: string;
  readonly analyze: string;
  /** Twenty thousand live leases of the resource `many`. */
  readonly many: string;
  /** How many rows or blocks it reads for a list, or for a page of a resource. */
  reads(table: Table, op: List | Inspect): Promise<number>;
}

const POSTGRES: Dialect = {
  past: "now() - interval '1 ms'",
  analyze: "analyze baton.leases",
  many: `insert into baton.leases select 'many', n::text, 'i', n, '',
    clock_timestamp() + interval '1 hour' from generate_series(1, 20000) n`,
  async reads(table, op) {
    const query = await table.session() as unknown as PostgresQuery;
    let sent: string[] = [];
    await postgres((text, params) => query(text, sent = params)).apply([op]);
    const called = op.op === "list"
      ? `list_3(it->>'resource', it->>'seat', (it->>'again')::boolean, it->>'stop', (it->>'limit')::int)`
      : `last_3(it->>'resource', it->>'before', (it->>'limit')::int)`;
    const explain = `explain (analyze, buffers, format json) select baton.${called}
      from (select $1::jsonb->'ops'->0 as it) asked`;
    // The first ones read the catalogue, and plan.
    for (let warm = 0; warm < 8; warm++) await query(explain, sent);
    const [row] = await query(explain, sent) as unknown as [{ "QUERY PLAN": [{ Plan: object }] }];
    const { Plan } = row["QUERY PLAN"][0] as { Plan: Record<string, number> };
    return Plan["Shared Hit Blocks"]! + Plan["Shared Read Blocks"]!;
  },
};

const DIGITS = "(select 0 d union select 1 union select 2 union select 3 union select 4 " +
  "union select 5 union select 6 union select 7 union select 8 union select 9)";

const MYSQL: Dialect = {
  past: "utc_timestamp(6)",
  analyze: "analyze table baton_leases",
  many: `insert into baton_leases (resource, seat, id, token, value, expires)
    select 'many', concat(e.d, a.d, b.d, c.d, f.d), 'i', 1, '', utc_timestamp(6) + interval 1 hour
    from ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} f, (select 0 d union select 1) e`,
  async reads(table, op) {
    const query = await table.session() as (text: string) => Promise<{ rows?: object[] }>;
    await query("flush status");
    const statements = new Statements("baton_leases");
    await query(
      op.op === "list" ? statements.list(op) : statements.look([{ ...op, last: op.limit }]),
    );
    const { rows = [] } = await query("show session status like 'Handler_read%'");
    return (rows as { Value: string }[]).reduce((sum, { Value }) => sum + Number(Value), 0);
  },
};

/** Runs a test on the empty table of a database. */
async function on(
  { start }: Backend<"table">,
  test: (driver: Driver, table: Table) => Promise<void>,
): Promise<void> {
  const { table, stop } = await start();
  try {
    await test(await table.direct(), table);
  } finally {
    await stop();
  }
}

function acquire(resource: string, seat = "", more: Partial<Acquire> = {}): Acquire {
  return {
    op: "acquire",
    resource,
    seat,
    id: crypto.randomUUID(),
    ttl: 60_000,
    value: "v",
    ...more,
  };
}

const named = ({ resource, seat }: Lease): string => JSON.stringify([resource, seat]);

/** All leases in pages, as they come. */
async function listed(driver: Driver, prefix: string, limit: number): Promise<Lease[]> {
  const found: Lease[] = [];
  let after: string | undefined;
  do {
    const [outcome] = await driver.apply([{ op: "list", prefix, limit, after }]);
    assert(outcome?.ok && outcome.leases.length <= limit);
    found.push(...outcome.leases);
    after = outcome.after;
  } while (after !== undefined);
  return found;
}

function bytes(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

for (const backend of having("table")) {
  const { name } = backend;
  const dialect = backend === neon ? POSTGRES : MYSQL;
  Deno.test(`${name}: a prefix means its very bytes, and pages go by them`, () =>
    on(backend, async (driver) => {
      const resources = [
        ...["a", "a/", "a ", "A", "b", "aé", "ae\u0301", "a\uffff", "a\u{10000}", "a\u{10ffff}"],
        ...["a\u{10ffff}z", "\u{10ffff}", "\u{10ffff}\u{10ffff}", "a_", "a%", "\ud7ff", "\ue000"],
        "z".repeat(512),
      ];
      const seats = ["", "1", "é", "\u{10ffff}"];
      const all = resources.flatMap((each) => seats.map((seat) => acquire(each, seat)));
      const granted = await driver.apply(all);
      assert(granted.every(({ ok }) => ok));
      const prefixes = [
        "",
        "a",
        "a/",
        "A",
        "\u{10ffff}",
        "a\u{10ffff}",
        "aé",
        "e",
        "\ud7ff",
        "z",
        "a%",
      ];
      for (const prefix of prefixes) {
        const mine = all.filter(({ resource }) => resource.startsWith(prefix));
        const key = ({ resource, seat }: Acquire) => `${bytes(resource)} ${bytes(seat)}`;
        mine.sort((one, two) => key(one) < key(two) ? -1 : 1);
        for (const limit of [1, 7, 1_000]) {
          const found = await listed(driver, prefix, limit);
          assert.deepEqual(found.map(({ id }) => id), mine.map(({ id }) => id), prefix);
          assert.deepEqual(
            found.map(named),
            mine.map((each) => JSON.stringify([each.resource, each.seat])),
          );
        }
      }
      const [one] = await listed(driver, "A", 1);
      const { left, ...rest } = one!;
      assert(left > 0 && left <= 60_000);
      const was = granted[all.findIndex(({ resource }) => resource === "A")]?.leases[0];
      assert.deepEqual(rest, {
        resource: "A",
        seat: "",
        id: was?.id,
        token: was?.token,
        value: "v",
      });
    }));

  Deno.test(`${name}: a list shows what lives, in its turn among the other operations, in one request`, () =>
    on(backend, async (driver, { sql, name: table }) => {
      const list: List = { op: "list", prefix: "x", limit: 10 };
      const [first, second, ended] = [
        acquire("x1"),
        acquire("x2", "", { ttl: Infinity }),
        acquire("x3"),
      ];
      await driver.apply([ended]);
      // As if its time had passed.
      await sql(`update ${table} set expires = ${dialect.past} where resource = 'x3'`);
      const guard = { when: "vacant", resource: "x2" } as const;
      const release: Op = { op: "release", resource: "x1", seat: "", id: first.id };
      const ops = [list, first, list, second, { ...first, guard }, list, release, list];
      const outcomes = await driver.apply(ops);
      const lists = outcomes.filter((_, n) => ops[n] === list);
      assert.deepEqual(lists.map(({ leases }) => leases.map(({ resource }) => resource)), [
        [],
        ["x1"],
        ["x1", "x2"],
        ["x2"],
      ]);
      assert.equal(lists[3]?.leases[0]?.left, Infinity);
      let requests = 0;
      await driver.apply([list], { beforeRequest: () => requests++ });
      assert.equal(requests, 1);
    }));

  Deno.test(`${name}: a cursor of another prefix, or none of ours, is refused before anything is sent`, () =>
    on(backend, async (driver) => {
      await driver.apply([acquire("a/1"), acquire("a/2"), acquire("b/1")]);
      const [page] = await driver.apply([{ op: "list", prefix: "a/", limit: 1 }]);
      assert.equal(typeof page?.after, "string");
      const other = JSON.stringify(["b", ""]);
      for (const after of [other, "x", "[]", "7", '["a/"]', '["a/",1]', '["a/","","x"]']) {
        const list: List = { op: "list", prefix: "a/", limit: 1, after };
        let requests = 0;
        const call = driver.apply([acquire("c"), list], { beforeRequest: () => requests++ });
        await assert.rejects(call, InvalidArgument, after);
        assert.equal(requests, 0);
      }
      // A place that is there no longer is as good as one that is.
      const gone = JSON.stringify(["a/1x", ""]);
      const [rest] = await driver.apply([{ op: "list", prefix: "a/", limit: 9, after: gone }]);
      assert.deepEqual(rest?.leases.map(({ resource }) => resource), ["a/2"]);
    }));

  Deno.test(`${name}: a page reads its own rows, however large the table, and wherever the page begins`, () =>
    on(backend, async (driver, table) => {
      await table.sql(dialect.many);
      await table.sql(dialect.analyze);
      await driver.apply([acquire("a"), acquire("z")]);
      const middle = JSON.stringify(["many", "15000"]);
      const lists: (List | Inspect)[] = [
        { op: "inspect", resource: "many", limit: 10 },
        { op: "inspect", resource: "many", limit: 10, before: "15000" },
        { op: "inspect", resource: "a", limit: 10 },
        { op: "list", prefix: "", limit: 10 },
        { op: "list", prefix: "", limit: 10, after: middle },
        { op: "list", prefix: "many", limit: 10 },
        { op: "list", prefix: "many", limit: 10, after: middle },
        { op: "list", prefix: "a", limit: 10 },
        { op: "list", prefix: "none", limit: 10 },
      ];
      for (const list of lists) {
        const read = await dialect.reads(table, list);
        assert(read < 100, `${read} for ${JSON.stringify(list)}`);
      }
    }));
}
