import assert from "node:assert/strict";
import { CoordinationError } from "../../mod.ts";
import { isStale, StaleToken } from "../../fencing/mod.ts";

function having(fields: Record<string, unknown>, message = "x"): Error {
  return Object.assign(new Error(message), fields);
}

const MYSQL = "Check constraint 'stale_token_baton_fences' is violated.";

Deno.test("a refusal is known as its own class, as each database's error, and as their cause", () => {
  const refusals: unknown[] = [
    new StaleToken({ resource: "a", token: 1 }),
    { code: "stale-token" }, // Of another copy of this package.
    having({ code: "BT002" }),
    having({ errno: 3819 }, MYSQL),
    having({ errno: 4025 }, "CONSTRAINT `stale_token_baton_fences` failed for `a`.`baton_fences`"),
    new Error(`target: x.-.primary: rpc error: ${MYSQL} (errno 3819) (sqlstate HY000)`),
    having({ errno: 3819 }, "Check constraint 'stale_token_baton_fences_8a0b2c' is violated."),
    new Error("D1_ERROR: CHECK constraint failed: stale_token: SQLITE_CONSTRAINT"),
    new Error("SQLITE_CONSTRAINT: SQLite error: CHECK constraint failed: stale_token"),
  ];
  for (const error of refusals) {
    assert(isStale(error), Deno.inspect(error));
    const wrapped = new Error("query failed", { cause: new Error("again", { cause: error }) });
    assert(isStale(wrapped), Deno.inspect(error));
  }
});

Deno.test("nothing else is taken for a refusal", () => {
  const circle = having({});
  circle.cause = circle;
  const others: unknown[] = [
    ...[undefined, null, "BT002", 3819, {}, new Error("BT002"), having({ code: "BT001" }), circle],
    having({ errno: 3819 }, "Check constraint 'positive' is violated."),
    having({ errno: 3819 }, "Check constraint 'positive' is violated.: Sql: 'stale_token'"),
    having({ errno: 1062 }, MYSQL),
    new Error("CHECK constraint failed: stale_tokens"),
    new Error("CHECK constraint failed: asked >= token"),
    new Error("NOT NULL constraint failed: stale_token"),
    new CoordinationError("x", "lease-lost"),
  ];
  for (const error of others) assert(!isStale(error), Deno.inspect(error));
});

Deno.test("the error says what happened, what to do, and of what", () => {
  const error = new StaleToken({ resource: 'a"b', token: 5 });
  assert(error instanceof CoordinationError);
  assert.deepEqual([error.name, error.code, error.retryable], ["StaleToken", "stale-token", false]);
  assert.match(error.message, /"a\\"b" was refused, and nothing was written.* token 5 .*Stop what/);
});
