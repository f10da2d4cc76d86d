/**
 * The least that each backend needs, as SECURITY.md says it: Baton runs under those very statements, and
 * what they leave out is refused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { createConnection } from "mysql2/promise";
import type { Driver } from "../../drivers/driver.ts";
import { mysql, type MysqlQuery } from "../../drivers/mysql/mysql.ts";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { neon } from "../../drivers/postgres/neon.ts";
import { postgres, type PostgresQuery } from "../../drivers/postgres/postgres.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import { redis } from "../../drivers/redis/redis.ts";
import {
  fencedRedis,
  fenceMysql,
  fencePostgres,
  migrateMysqlFences,
  migratePostgresFences,
  StaleToken,
} from "../../fencing/mod.ts";
import { ConnectionError, Coordinator } from "../../mod.ts";
import { type MysqlKind, startMysql } from "../servers/mysql.ts";
import { queryThrough } from "../servers/mysql_query.ts";
import { pointNeonAt, startNeon } from "../servers/neon.ts";
import { connectTo } from "../servers/pg_client.ts";
import { startPostgres } from "../servers/postgres.ts";
import { startRedis } from "../servers/redis.ts";

const PASSWORD = "least-canary-8rT2";

/** The statements of a block in SECURITY.md, by its first words; comments are left out. */
async function statements(begin: string, database = ""): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../SECURITY.md", import.meta.url));
  const blocks = [...text.matchAll(/```(?:sql|redis)\n([^]*?)```/g)].map(([, block]) =>
    block ?? ""
  );
  const found = blocks.filter((block) => block.startsWith(begin));
  assert.equal(found.length, 1, begin);
  return (found[0] ?? "").replace(/^--.*$/gm, "").replaceAll("PASSWORD", PASSWORD)
    .replaceAll(" app.", ` ${database}.`).split(/[;\n]/).map((line) => line.trim()).filter(Boolean);
}

/** Every verb of Baton's, and so every statement and branch of a driver. */
async function everything(driver: Driver): Promise<void> {
  const [one, two] = ["one", "two"].map((memberId) => new Coordinator(driver, { memberId })) as [
    Coordinator,
    Coordinator,
  ];
  await one.start();
  const lease = await one.getLock("x").hold();
  assert.equal(await two.getLock("x").acquire({ timeout: 0 }), null);
  await lease.confirm();
  assert.equal(await two.getLock("x").break(), true);
  assert(await one.getLock("y").acquire({ shared: true }));
  assert(await two.getSemaphore("s", 2).acquire({ timeout: 0 }));
  await one.joinGroupCreate("g", { zone: "fra" });
  await two.joinGroup("g");
  await one.updateCapabilities("g", { zone: "ams" });
  assert.equal((await two.getMembersWithCapabilities("g")).size, 2);
  assert(await one.election("g").campaign());
  assert.equal((await two.getLeader("g"))?.memberId, "one");
  const run = { slot: Date.now(), mode: "retry", record: true } as const;
  assert.equal((await one.cron("j").run(run, () => {})).outcome, "ran");
  assert.equal((await two.cron("j").run(run, () => {})).outcome, "skipped");
  assert.equal((await one.cron("j").history(1)).length, 1);
  await two.tick({ watch: ["g"] });
  await two.leaveGroup("g");
  await one.stop();
  await one.deleteGroup("g");
  // Long lists and many grants have some of them clean up.
  for (let round = 0; round < 3; round++) {
    await driver.apply(Array.from({ length: 64 }, (_, n) => ({
      op: "acquire" as const,
      resource: "cron:many",
      seat: `${round}-${n}-${"x".repeat(20)}`,
      id: crypto.randomUUID(),
      ttl: 60_000,
      value: "",
    })));
  }
  await two[Symbol.asyncDispose]();
}

Deno.test("Redis: as the user of SECURITY.md Baton does everything, and cannot touch other keys", async () => {
  const server = await startRedis();
  try {
    const owner = server.client();
    await owner.set("theirs", "1");
    const [statement = ""] = await statements("ACL SETUSER");
    const [name = "", ...args] = statement.split(" ");
    await owner.call(name, ...args);
    const options = { username: "baton", password: PASSWORD, enableReadyCheck: false };
    const client = new Redis({ port: server.port, ...options, disableClientInfo: true });
    try {
      const send = ([name = "", ...args]: readonly string[]) => client.call(name, ...args);
      await everything(redis(send));
      const refused = [
        ["GET", "theirs"],
        ["SET", "theirs", "2"],
        ["DEL", "theirs"],
        ["EVAL", "return redis.call('get', 'theirs')", "0"],
        ["EVAL", "return redis.call('del', KEYS[1])", "1", "theirs"],
        ...[["KEYS", "*"], ["FLUSHALL"], ["CONFIG", "GET", "*"], ["ACL", "LIST"], [
          "SCRIPT",
          "FLUSH",
        ]],
      ];
      for (const command of refused) {
        await assert.rejects(send(command), /NOPERM|can't (run|access)/);
      }
      const elsewhere = redis(send, { keyPrefix: "theirs" });
      await assert.rejects(elsewhere.apply([{ op: "inspect", resource: "x" }]), (error: Error) => {
        assert(error instanceof ConnectionError && error.code === "unauthorized", `${error}`);
        return true;
      });
      assert.equal(await owner.get("theirs"), "1");
      // What fences need besides, for their own keys and commands.
      await owner.call("ACL", "SETUSER", "baton", "~fence:*", "~mine", "+get", "+incr");
      const fenced = fencedRedis(send);
      assert.deepEqual(await fenced({ key: "fence:x", token: 2 }, [["INCR", "mine"]]), [1]);
      await assert.rejects(fenced({ key: "fence:x", token: 1 }, [["INCR", "mine"]]), StaleToken);
    } finally {
      client.disconnect();
    }
  } finally {
    await server.stop();
  }
});

Deno.test("PostgreSQL: as the role of SECURITY.md Baton does everything, and cannot touch other tables", async () => {
  const server = await startPostgres();
  const front = await startNeon(server);
  try {
    pointNeonAt();
    const owner: PostgresQuery = async (text, params) =>
      await server.query(text, [...params]) as never;
    await migratePostgres(owner);
    await migratePostgresFences(owner);
    await server.query("create table public.theirs (id int)");
    for (const each of await statements("-- PostgreSQL")) await server.query(each);
    const host = new URL(front.url).host;
    await everything(neon({ url: `postgresql://baton_app:${PASSWORD}@${host}/postgres` }));
    const login = { ...server.login, user: "baton_app", password: PASSWORD };
    const { client, close } = await connectTo(server.port, login);
    try {
      const query: PostgresQuery = async (text, params) =>
        (await client.query(text, [...params])).rows;
      await everything(postgres(query));
      await fencePostgres(query, { resource: "x", token: 2 });
      await assert.rejects(fencePostgres(query, { resource: "x", token: 1 }), StaleToken);
      const refused = [
        "select * from public.theirs",
        "insert into public.theirs values (1)",
        "truncate baton.leases",
        "drop table baton.leases",
        "alter table baton.leases add x int",
        "create table baton.mine (id int)",
        "create or replace procedure baton.apply_3(request text, inout outcomes text) language sql as 'select 1'",
        "delete from baton.fences",
        "select * from pg_authid",
        "create role mine",
      ];
      for (const statement of refused) {
        await assert.rejects(query(statement, []), (error: Error & { code?: string }) => {
          assert.equal(error.code, "42501", `${statement}: ${error}`);
          return true;
        });
      }
    } finally {
      await close();
    }
  } finally {
    await front.stop();
    await server.stop();
  }
});

/** The test's account may do everything but grant, until it has given itself that. */
const GRANTING = {
  mysql: "update mysql.user set grant_priv = 'Y' where user = 'baton'",
  mariadb: "update mysql.global_priv set priv = json_set(priv, '$.access', " +
    "json_value(priv, '$.access') | 1024) where user = 'baton'",
};

for (const kind of ["mysql", "mariadb"] as const satisfies MysqlKind[]) {
  Deno.test(`${kind}: as the user of SECURITY.md Baton does everything, and cannot touch other tables`, async () => {
    const server = await startMysql(kind);
    try {
      const owner: MysqlQuery = async (sql) => ({ rows: await server.query(sql) });
      await migrateMysql(owner);
      await migrateMysqlFences(owner);
      await server.query("create table theirs (id int primary key)");
      for (const each of [GRANTING[kind], "flush privileges"]) await server.query(each);
      for (const each of await statements("-- MySQL", server.database)) await server.query(each);
      const { port, database } = server;
      const account = { user: "baton_app", password: PASSWORD, database };
      const client = await createConnection({ host: "127.0.0.1", port, ...account });
      try {
        const query = queryThrough(client);
        await everything(mysql(query));
        await migrateMysql(query);
        await fenceMysql(query, { resource: "x", token: 2 });
        await assert.rejects(fenceMysql(query, { resource: "x", token: 1 }), StaleToken);
        const refused = [
          "select * from theirs",
          "insert into theirs values (1)",
          "drop table baton_leases",
          "truncate baton_leases",
          "alter table baton_leases add x int",
          "create table mine (id int primary key)",
          "delete from baton_fences",
          "select * from mysql.user",
          "create user mine",
          "set global general_log = 1",
        ];
        for (const statement of refused) {
          await assert.rejects(query(statement), (error: Error & { errno?: number }) => {
            assert(
              [1142, 1143, 1044, 1227].includes(Number(error.errno)),
              `${statement}: ${error}`,
            );
            return true;
          });
        }
      } finally {
        await client.end();
      }
    } finally {
      await server.stop();
    }
  });
}
