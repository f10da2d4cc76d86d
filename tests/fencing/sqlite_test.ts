/**
 * Fences in SQLite, in the real D1 and in libSQL's own engine: in the same transaction as the write.
 *
 * @module
 */

import { createClient } from "@libsql/client/web";
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { InvalidArgument } from "../../mod.ts";
import { d1Query } from "../../drivers/sqlite/d1.ts";
import { isStale, migrateSqliteFences, sqliteFence, sqliteFences } from "../../fencing/mod.ts";
import { startD1 } from "../servers/d1.ts";
import { databaseAt } from "../servers/d1_binding.ts";
import { startLibsql } from "../servers/libsql.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { errorOf, interleave, RESOURCES, type Write } from "./writers.ts";

const ACCOUNTS = "create table accounts (id text primary key, history text not null default '')";
const APPEND = "update accounts set history = history || ?1 || ' ' where id = ?2";

/** A database whose writers each send the fence and their write in one transaction. */
interface Place {
  run(sql: string, ...args: string[]): Promise<readonly Record<string, unknown>[]>;
  writer(): Write;
}

/** Makes the accounts, and compares what eight writers did with what they were told. */
async function keepsOrder(place: Place, rounds: number): Promise<void> {
  await place.run(ACCOUNTS);
  for (const id of RESOURCES) await place.run("insert into accounts (id) values (?1)", id);
  await interleave({
    writers: Array.from({ length: 8 }, () => place.writer()),
    history: async (resource) => {
      const [row] = await place.run("select history from accounts where id = ?1", resource);
      return String(row?.["history"]).split(" ").slice(0, -1);
    },
    rounds,
  });
}

Deno.test("node:sqlite: in one transaction no stale writer's write stays", async () => {
  const folder = await temporaryFolder("baton-fences-");
  const handles: DatabaseSync[] = [];
  const open = (): DatabaseSync => {
    const database = new DatabaseSync(`${folder}/app.db`);
    database.exec("pragma busy_timeout = 5000; pragma journal_mode = wal");
    handles.push(database);
    return database;
  };
  try {
    const first = open();
    for (const sql of [...sqliteFences(), ...sqliteFences()]) first.exec(sql);
    await keepsOrder({
      run: (sql, ...args) => Promise.resolve(first.prepare(sql).all(...args)),
      writer: () => {
        const own = open();
        return async (resource, token, entry) => {
          // Others come in between.
          await new Promise<void>((resolve) => setTimeout(resolve, 0));
          const { sql, args } = sqliteFence({ resource, token });
          own.exec("begin immediate");
          try {
            own.prepare(sql).run(...args);
            own.prepare(APPEND).run(entry, resource);
            own.exec("commit");
          } catch (error) {
            own.exec("rollback");
            throw error;
          }
        };
      },
    }, 40);
  } finally {
    for (const handle of handles) handle.close();
    await removeFolder(folder);
  }
});

Deno.test("D1: in one batch no stale writer's write stays", async () => {
  const server = await startD1();
  try {
    const database = databaseAt(server.url);
    for (let again = 0; again < 2; again++) await migrateSqliteFences(d1Query(database));
    await keepsOrder({
      run: async (sql, ...args) => {
        const [answer] = await database.batch([database.prepare(sql).bind(...args)]);
        return answer!.results;
      },
      writer: () => async (resource, token, entry) => {
        const { sql, args } = sqliteFence({ resource, token });
        await database.batch([
          database.prepare(sql).bind(...args),
          database.prepare(APPEND).bind(entry, resource),
        ]);
      },
    }, 20);
  } finally {
    await server.stop();
  }
});

Deno.test("libSQL: in one batch of its client no stale writer's write stays", async () => {
  const { url, token: authToken, stop } = await startLibsql();
  const client = createClient({ url, authToken });
  try {
    await migrateSqliteFences((statements) => client.batch(statements, "write"));
    await keepsOrder({
      run: async (sql, ...args) => (await client.execute({ sql, args })).rows,
      writer: () => async (resource, token, entry) => {
        const fence = sqliteFence({ resource, token });
        await client.batch([fence, { sql: APPEND, args: [entry, resource] }], "write");
      },
    }, 20);
  } finally {
    client.close();
    await stop();
  }
});

Deno.test("a table of that name that is somebody else's is not taken for the fences", async () => {
  const { url, token: authToken, stop } = await startLibsql();
  const client = createClient({ url, authToken });
  try {
    await client.execute("create table baton_fences (mine text)");
    const error = await errorOf(migrateSqliteFences((all) => client.batch(all, "write")));
    assert.match(error.message, /no such column/);
  } finally {
    client.close();
    await stop();
  }
});

Deno.test("equal tokens pass, a lower one fails whatever came before, and no two statements are equal", async () => {
  using database = new DatabaseSync(":memory:");
  for (const sql of sqliteFences()) database.exec(sql);
  const fence = (token: number, resource = "x"): void => {
    const { sql, args } = sqliteFence({ resource, token });
    database.prepare(sql).run(...args);
  };
  fence(5);
  fence(5);
  fence(4, "y");
  for (let again = 0; again < 2; again++) {
    assert.throws(() => fence(4), (error) => isStale(error));
  }
  fence(Number.MAX_SAFE_INTEGER);
  assert.throws(() => fence(Number.MAX_SAFE_INTEGER - 1), (error) => isStale(error));
  const [one, two] = [1, 2].map(() => JSON.stringify(sqliteFence({ resource: "x", token: 7 })));
  assert.notEqual(one, two);
  const batches: string[] = [];
  const query = (statements: readonly unknown[]) => {
    batches.push(JSON.stringify(statements));
    return Promise.resolve([]);
  };
  for (let again = 0; again < 2; again++) await migrateSqliteFences(query);
  assert.notEqual(batches[0], batches[1]);
});

Deno.test("what cannot be a fence is refused before anything is sent", () => {
  for (
    const fence of [{ resource: "", token: 1 }, { resource: "x", token: 0 }, {
      resource: "x",
      token: 1.5,
    }]
  ) {
    assert.throws(() => sqliteFence(fence), InvalidArgument);
  }
});
