/**
 * What happens in the middle of the SQLite driver's transactions: another connection stands for
 * another process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";
import type { Acquire, Op, Outcome } from "../../../drivers/driver.ts";
import { sqlite } from "../../../drivers/sqlite/sqlite.ts";
import { removeFolder, temporaryFolder } from "../../servers/folders.ts";

function acquire(id: string, resource = "lock:x"): Acquire {
  return { op: "acquire", resource, seat: "", id, ttl: 60_000, value: "v" };
}

/** A file with Baton's tables, and another's connection to it. */
async function withFile(
  test: (file: string, other: DatabaseSync) => void | Promise<void>,
): Promise<void> {
  const folder = await temporaryFolder("baton-sqlite-");
  const file = `${folder}/leases.db`;
  using driver = sqlite(file);
  await driver.apply([{ op: "inspect", resource: "groups" }]);
  const other = new DatabaseSync(file);
  try {
    await test(file, other);
  } finally {
    other.close();
    driver.close();
    await removeFolder(folder);
  }
}

Deno.test("from the moment when a batch looks at the clock nobody else can write", async () => {
  await withFile(async (file, other) => {
    other.exec("pragma busy_timeout = 0");
    let looks = 0;
    const now = (): number => {
      looks++;
      assert.throws(() => other.exec("update baton_state set last = last + 1"), /locked/);
      return 1_800_000_000_000;
    };
    using driver = sqlite(file, { now });
    const [outcome] = await driver.apply([acquire("i")]);
    assert.equal(outcome?.leases[0]?.token, 1_800_000_000_000);
    assert.equal(looks, 1);
    // And afterwards they can.
    other.exec("update baton_state set last = last + 1");
  });
});

Deno.test("a token is above the last and not below the clock", async () => {
  await withFile(async (file) => {
    let now = 1_800_000_000_000;
    using driver = sqlite(file, { now: () => now });
    const tokens = [];
    for (const [n, step] of [0, 0, 60_000, -120_000].entries()) {
      now += step;
      const [outcome] = await driver.apply([acquire(`${n}`, `lock:${n}`)]);
      tokens.push(Number(outcome?.leases[0]?.token) - 1_800_000_000_000);
    }
    assert.deepEqual(tokens, [0, 1, 60_000, 60_001]);
  });
});

Deno.test("a batch that fails half-way has written nothing, says so, and is not worth a repetition", async () => {
  await withFile(async (file, other) => {
    other.exec(`create trigger refuse before insert on baton_leases when new.resource = 'lock:bad'
      begin select raise(abort, 'not this one'); end`);
    using driver = sqlite(file);
    await assert.rejects(driver.apply([acquire("i"), acquire("j", "lock:bad")]), (error) => {
      assert(error instanceof ConnectionError);
      assert.equal(error.retryable, false);
      return /wrote nothing: not this one/.test(error.message);
    });
    const [found] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
    assert.deepEqual(found?.leases, []);
  });
});

Deno.test("a commit that fails leaves an unknown outcome", async () => {
  await withFile(async (file, other) => {
    // What refers to nothing is found out by the commit.
    other.exec(`create table those (id integer primary key);
      create table something (id integer references those deferrable initially deferred);
      create trigger refer after insert on baton_leases begin insert into something values (1); end`);
    using driver = sqlite(file);
    await assert.rejects(driver.apply([acquire("i")]), UnknownOutcome);
    // The connection goes on.
    const [found] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
    assert.deepEqual(found?.leases, []);
  });
});

Deno.test("a file that was closed is open no longer, and opens again when it is used", async () => {
  const folder = await temporaryFolder("baton-sqlite-");
  try {
    const file = `${folder}/leases.db`;
    using driver = sqlite(file);
    for (const id of ["i", "j"]) {
      await driver.apply([acquire(id)]);
      // SQLite keeps this file for as long as anybody has the other one open.
      assert.equal(existsSync(`${file}-wal`), true);
      driver.close();
      driver.close();
      assert.equal(existsSync(`${file}-wal`), false);
    }
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("no look says that a lease has ended while a renewal that came in time is being committed", async () => {
  await withFile(async (file) => {
    let now = 1_800_000_000_000;
    let committing = (): void => {};
    /** A client that is held up before each commit. */
    const open = (path: string) => {
      const database = new DatabaseSync(path);
      return {
        exec: (text: string) => database.exec(text),
        close: () => database.close(),
        prepare(text: string) {
          const statement = database.prepare(text);
          return {
            run: () => statement.run(),
            all(...params: (string | number | null)[]) {
              if (text === "commit") committing();
              return statement.all(...params);
            },
          };
        },
      };
    };
    using holder = sqlite(file, { now: () => now, open });
    using other = sqlite(file, { now: () => now, busyTimeout: 0 });
    const mine = { ...acquire("i"), ttl: 100 };
    await holder.apply([mine]);
    const { resource, seat } = mine;
    const looks: Op[] = [
      { op: "inspect", resource, seat },
      { op: "inspect", resource },
      { op: "inspect", resource, limit: 1 },
      { op: "list", prefix: resource, limit: 1 },
    ];
    for (const look of looks) {
      now += 50;
      let seen: Promise<readonly Outcome[]> | undefined;
      committing = () => {
        committing = () => {};
        now += 51;
        seen = other.apply([look]);
        seen.catch(() => {});
      };
      const [renewal] = await holder.apply([{ ...mine, op: "renew" }]);
      assert.equal(renewal?.ok, true);
      assert(seen, "it was asked meanwhile");
      // It would wait for the commit.
      await assert.rejects(seen, /another process is writing/);
      const [later] = await other.apply([look]);
      assert.equal(later?.leases[0]?.id, mine.id);
      // Of what lives by the clock it waits for nobody.
      committing = () => {
        committing = () => {};
        seen = other.apply([{ op: "inspect", resource }]);
      };
      await holder.apply([{ ...mine, op: "renew" }]);
      assert.equal((await seen)?.[0]?.leases.length, 1);
    }
  });
});
