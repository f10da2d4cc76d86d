import assert from "node:assert/strict";
import { ConnectionError } from "../../mod.ts";
import { fenceMysql, fencePostgres, migrateMysqlFences } from "../../fencing/mod.ts";
import { errorOf } from "./writers.ts";

const FENCE = { resource: "a", token: 1 };

/** Every way to say that there are no fences, by what each database calls it. */
const MISSING: readonly [name: string, each: (error: Error) => Promise<unknown>, said: object[]][] =
  [
    [
      "MySQL",
      (error) => errorOf(fenceMysql(() => Promise.reject(error), FENCE)),
      [{ errno: 1146 }, { errno: 1054 }],
    ],
    [
      "PostgreSQL",
      (error) => errorOf(fencePostgres(() => Promise.reject(error), FENCE)),
      [{ code: "3F000" }, { code: "42883" }, { code: "42P01" }],
    ],
  ];

for (const [name, fenced, said] of MISSING) {
  Deno.test(`${name}: whatever says that the fences are missing is told with what to run, and nothing else is`, async () => {
    for (const each of said) {
      const error = Object.assign(new Error("no such thing"), each);
      const told = await fenced(error);
      assert(told instanceof ConnectionError, `${JSON.stringify(each)}: ${told}`);
      assert.match(told.message, /nothing was written. Run migrate\w+Fences\(\)/);
      assert.equal(told.cause, error);
    }
    for (const each of [{ errno: 1213 }, { code: "40001" }, { code: "1146" }, {}]) {
      const error = Object.assign(new Error("something else"), each);
      assert.equal(await fenced(error), error, "it comes through as it is");
    }
  });
}

Deno.test("MySQL: a table that is somebody else's is not taken for a missing one", async () => {
  const sent: string[] = [];
  const told = await errorOf(migrateMysqlFences((sql) => {
    sent.push(sql);
    return Promise.reject(Object.assign(new Error("no such column"), { errno: 1054 }));
  }));
  assert(told instanceof ConnectionError && /is not Baton's/.test(told.message), `${told}`);
  assert.equal(sent.length, 1, "nothing is created");
});
