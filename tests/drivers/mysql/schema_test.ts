/**
 * What `migrate()` asks a MySQL, and what it makes of each answer, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type CoordinationError, InvalidArgument } from "../../../errors.ts";
import { migrate, type MysqlAnswer, schema } from "../../../drivers/mysql/schema.ts";
import { batonErrorOf } from "../../tools/shown.ts";

const LOOK = "select resource, seat, id, token, value, expires, hour from baton_leases limit 0";
const [CREATE = ""] = schema();

type Answers = Readonly<Record<string, MysqlAnswer | number | string>>;

/** What a server says that is as it should be, and has the table. */
const FINE: Answers = {
  "select @@autocommit as answer": { rows: [{ answer: 1 }] },
  "set transaction isolation level repeatable read": {},
  [LOOK]: { rows: [] },
  [CREATE]: {},
  "select @@transaction_isolation as level": { rows: [{ level: "REPEATABLE-READ" }] },
};

/** Migrates a server that answers each statement so: an answer, an errno, or a message of Vitess's. */
async function migrated(answers: Answers, table?: string) {
  const asked: string[] = [];
  const error: CoordinationError | undefined = await migrate((sql) => {
    const bare = sql.replace(/ \/\* [\w-]+ \*\/$/, "");
    asked.push(bare);
    const answer = answers[bare] ?? FINE[bare] ?? assert.fail(bare);
    if (typeof answer === "object") return Promise.resolve(answer);
    const fields = typeof answer === "number" ? { errno: answer } : {};
    return Promise.reject(Object.assign(new Error(`${answer}`), fields));
  }, { table }).then(() => undefined, (error) => error);
  return { asked, error };
}

Deno.test("a table that is there is looked at and left, and one that is missing is created", async () => {
  const [autocommit, level, , , isolation] = Object.keys(FINE);
  const there = await migrated({});
  assert.deepEqual(there, { asked: [autocommit, level, LOOK, isolation], error: undefined });
  const missing = await migrated({ [LOOK]: 1146 });
  assert.deepEqual(missing, {
    asked: [autocommit, level, LOOK, CREATE, isolation],
    error: undefined,
  });
  const mine = await migrated({
    [LOOK.replace("baton_leases", "mine")]: 1146,
    [CREATE.replace("baton_leases", "mine")]: {},
  }, "mine");
  assert.equal(mine.error, undefined);
  assert(CREATE.includes("create table if not exists baton_leases ("));
});

const TABLE: readonly (readonly [answers: Answers, says: RegExp | undefined])[] = [
  [
    { "select @@autocommit as answer": { rows: [{ answer: 0 }] } },
    /Nothing was created: autocommit/,
  ],
  [{ "select @@autocommit as answer": { rows: [{ answer: "0" }] } }, /autocommit is off/],
  [{ "select @@autocommit as answer": { rows: [{ answer: "1" }] } }, undefined],
  // Whatever else it says to these shows later, if it matters.
  [{ "select @@autocommit as answer": {} }, undefined],
  [{ "select @@autocommit as answer": 1064 }, undefined],
  [{ "set transaction isolation level repeatable read": 1568 }, /Nothing was created: autocommit/],
  [{ "set transaction isolation level repeatable read": 1064 }, undefined],
  [{ [LOOK]: 1054 }, /baton_leases is there, but it is not version 1/],
  [{ [LOOK]: 1142 }, /refused the request, so nothing was written \(errno 1142\)/],
  [{ [LOOK]: 1146, [CREATE]: 1142 }, /errno 1142/],
  [{ [LOOK]: 1146, [CREATE]: "direct DDL is disabled" }, /deploy request with what schema\(\)/],
  ...["SERIALIZABLE", "REPEATABLE-READ"].map((level) =>
    [{ "select @@transaction_isolation as level": { rows: [{ level }] } }, undefined] as const
  ),
  ...["READ-COMMITTED", "XREPEATABLE-READ", "REPEATABLE-READX", "undefined"].map((level) =>
    [
      { "select @@transaction_isolation as level": { rows: [{ level }] } },
      new RegExp(`The isolation level is ${level}, under which a group could be deleted`),
    ] as const
  ),
  [{ "select @@transaction_isolation as level": {} }, /isolation level is undefined/],
  [{ "select @@transaction_isolation as level": 1142 }, /errno 1142/],
  [{
    "select @@transaction_isolation as level": 1193,
    "select @@tx_isolation as level": { rows: [{ level: "REPEATABLE-READ" }] },
  }, undefined],
  [{
    "select @@transaction_isolation as level": 1193,
    "select @@tx_isolation as level": { rows: [{ level: "READ-COMMITTED" }] },
  }, /isolation level is READ-COMMITTED/],
];

Deno.test("a server on which leases would not be safe is refused, by what is wrong with it", async () => {
  for (const [answers, says] of TABLE) {
    const { error, asked } = await migrated(answers);
    const said = error?.message ?? "";
    const what = JSON.stringify(answers);
    assert.match(said, says ?? /^$/, what);
    if (said.startsWith("Nothing was created")) assert.equal(asked.length, 2, what);
  }
});

Deno.test("an option that is none, and a table's name that is not plain, are refused before anything is sent", async () => {
  const send = () => assert.fail("it was sent");
  for (const options of [{ tabel: "x" }, { table: "a b" }, { table: "1a" }]) {
    assert(await batonErrorOf(migrate(send, options as object)) instanceof InvalidArgument);
    assert.throws(() => schema(options as object), InvalidArgument);
  }
});
