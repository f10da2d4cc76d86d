import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../mod.ts";
import { fenceMysql, migrateMysqlFences, mysqlFences } from "../../fencing/mod.ts";
import { errorOf } from "./writers.ts";

Deno.test("MySQL: what migrateMysqlFences() cannot do it tells, and a name that is not plain is none", async () => {
  const missing = () => Promise.reject(Object.assign(new Error("no table"), { errno: 1146 }));
  const fails = (error: Error) =>
    errorOf(
      migrateMysqlFences((sql) => sql.startsWith("create") ? Promise.reject(error) : missing()),
    );
  const safe = await fails(new Error("direct DDL is disabled (CallerID: x)"));
  assert(safe instanceof ConnectionError && /make a deploy request/.test(safe.message), `${safe}`);
  const denied = await fails(Object.assign(new Error("denied"), { errno: 1142 }));
  assert(denied instanceof ConnectionError && denied.code === "unauthorized", `${denied}`);
  assert(await fails(new Error("socket hang up")) instanceof UnknownOutcome);
  const never = () => assert.fail("it was sent");
  for (const table of ["", "a b", "a`b", "a;drop table x"]) {
    assert.throws(() => mysqlFences({ table }), InvalidArgument);
    const there = { resource: "a", token: 1 };
    await assert.rejects(fenceMysql(never, there, { table }), InvalidArgument);
    await assert.rejects(migrateMysqlFences(never, { table }), InvalidArgument);
  }
  await assert.rejects(fenceMysql(never, { resource: "", token: 1 }), InvalidArgument);
  await assert.rejects(fenceMysql(never, { resource: "a", token: 2 ** 53 }), InvalidArgument);
});

Deno.test("MySQL: a table that is not there after it was created, or that refuses nothing, is told; no two requests are equal", async () => {
  const missing = () => Promise.reject(Object.assign(new Error("no table"), { errno: 1146 }));
  for (
    const [insert, said, expected] of [
      [missing, /table t was created, but it is not there/, ["insert", "create", "insert"]],
      [() => Promise.resolve(), /table t does not refuse stale tokens/, ["insert", "delete"]],
    ] as const
  ) {
    const sent: string[] = [];
    const send = (sql: string): Promise<unknown> => {
      sent.push(sql);
      return sql.startsWith("insert") ? insert() : Promise.resolve();
    };
    const told = await errorOf(migrateMysqlFences(send, { table: "t" }));
    assert(told instanceof ConnectionError, `${told}`);
    assert.match(told.message, said);
    assert.deepEqual(sent.map((sql) => sql.split(" ")[0]), expected);
    assert.equal(new Set(sent).size, sent.length);
  }
});
