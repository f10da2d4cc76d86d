/**
 * Files that an older Baton made, and files that Baton shares with an application.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { sqlite } from "../../../drivers/sqlite/sqlite.ts";
import { acquire, inFolder, TTL } from "./replacing.ts";

/** What version 0.1.0 makes of a new file. */
const OLDER = `
create table leases (
  resource text not null, seat text not null, id text not null, token integer not null,
  value text not null, expires integer, primary key (resource, seat)
) strict, without rowid;
create index leases_by_expiry on leases (expires) where expires is not null;
create table tokens (last integer not null) strict;
pragma user_version = 1;
`;
/** Far above any clock. */
const LAST = 8_000_000_000_000_000;

/** An older file, and another connection to it. */
async function withOlder(
  test: (file: string, other: DatabaseSync) => Promise<void>,
  more = "",
): Promise<void> {
  await inFolder(async (folder) => {
    const file = `${folder}/leases.db`;
    using other = new DatabaseSync(file);
    other.exec(`pragma journal_mode = wal; ${OLDER} insert into tokens values (${LAST});
      insert into leases values ('lock:x', '', 'i', 7, 'v', ${Date.now() + TTL}),
        ('groups', 'g', 'j', 8, '', null), ('cron:c', '1', 'k', 9, '', 1); ${more}`);
    await test(file, other);
  });
}

const LOOK = { op: "inspect", resource: "lock:x" } as const;

Deno.test("leases and tokens of an older Baton's file are carried over, by whoever opens it first", async () => {
  await withOlder(async (file) => {
    const drivers = Array.from({ length: 4 }, () => sqlite(file));
    try {
      const seen = await Promise.all(drivers.map((driver) => driver.apply([LOOK])));
      for (const [outcome] of seen) {
        assert.deepEqual(outcome?.leases.map(({ id, token, value }) => [id, token, value]), [
          ["i", 7, "v"],
        ]);
      }
      const [renewed, groups, next] = await drivers[0]!.apply([
        { op: "renew", resource: "lock:x", seat: "", id: "i", ttl: TTL },
        { op: "inspect", resource: "groups" },
        { ...acquire("next"), resource: "cron:c", seat: "1" },
      ]);
      assert.deepEqual([renewed?.ok, groups?.leases[0]?.left], [true, Infinity]);
      assert.equal(next?.leases[0]?.token, LAST + 1);
    } finally {
      for (const driver of drivers) driver.close();
    }
  });
});

Deno.test("an older Baton refuses a file that was carried over, and a new one", async () => {
  // What it refuses by, and what it would take for a file without its tables.
  const closed = (database: DatabaseSync): void => {
    assert.equal(database.prepare("pragma user_version").get()?.["user_version"], 2);
    assert.throws(() => database.exec("select * from leases"), /no such table/);
    assert.throws(() => database.exec("select * from tokens"), /no such table/);
  };
  await withOlder(async (file, other) => {
    using driver = sqlite(file);
    await driver.apply([LOOK]);
    closed(other);
  });
  await inFolder(async (folder) => {
    using driver = sqlite(`${folder}/new.db`);
    await driver.apply([LOOK]);
    using other = new DatabaseSync(`${folder}/new.db`);
    closed(other);
  });
});

Deno.test("an older file that cannot be carried over stays as it is", async () => {
  // Somebody's trigger forbids it.
  const trigger = `create trigger no before delete on tokens begin select raise(abort, 'no'); end;
    create view those as select * from leases; create table baton_leases (other text);`;
  await withOlder(async (file, other) => {
    using driver = sqlite(file);
    await assert.rejects(driver.apply([LOOK]), /sqlite could not use its file and wrote nothing/);
    assert.equal(other.prepare("select count(*) as n from leases").get()?.["n"], 3);
    assert.equal(other.prepare("pragma user_version").get()?.["user_version"], 1);
  }, trigger);
});

Deno.test("an application's own file keeps its tables and its version", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/app.db`;
    using app = new DatabaseSync(file);
    app.exec("create table leases (flat text); insert into leases values ('2b');");
    for (const version of [1, 2, 7]) {
      app.exec(`pragma user_version = ${version}; drop table if exists baton_leases;
        drop table if exists baton_state`);
      using driver = sqlite(file);
      assert.equal((await driver.apply([acquire("i")]))[0]?.ok, true);
      driver.close();
      assert.equal((await driver.apply([acquire("i")]))[0]?.ok, true);
      assert.equal(app.prepare("pragma user_version").get()?.["user_version"], version);
      assert.equal(app.prepare("select flat from leases").get()?.["flat"], "2b");
    }
  });
});
