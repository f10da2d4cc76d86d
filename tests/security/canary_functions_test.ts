/**
 * The algorithms over a function of the user's, and the fences: clients such as ioredis, pg and mysql2
 * tell what they sent in their errors, and Baton's errors do not repeat it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, CoordinationError, UnknownOutcome } from "../../mod.ts";
import type { Acquire, Driver } from "../../drivers/driver.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
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
import { SECRETS } from "./secrets.ts";
import { assertNoSecret, outcomeOf, SINKS } from "./sinks.ts";
import { BATCHES } from "./suspects.ts";

const { user, password } = SECRETS;
const account = `${user}:${password}`;

/** What a client may say of a request, with the request in it. */
const WORDS: readonly ((sent: string) => string)[] = [
  (sent) => sent,
  (sent) => `ERR unknown command 'EVALSHA', with args beginning with: '${sent}'`,
  (sent) => `NOPERM ${sent}`,
  (sent) => `WRONGPASS invalid username-password pair ${account} ${sent}`,
  (sent) => `ERR Error running script: ${sent}`,
  (sent) => `syntax error at or near "${sent}"`,
  () => `password authentication failed for user "${user}"`,
  () => `no pg_hba.conf entry for host "10.0.0.1", user "${user}", database "db", no encryption`,
  () => `Access denied for user '${user}'@'10.0.0.1' (using password: ${password})`,
  () => `connect ECONNREFUSED postgresql://${encodeURIComponent(user)}:${password}@10.0.0.1/db`,
  (sent) => `You have an error in your SQL syntax; check the manual near '${sent}' at line 1`,
  (sent) => `target: db.-.primary: vttablet: denied (errno 1142) (sqlstate 42000): ${sent}`,
];

/** What a server may say of one thing that it was given, in its own words. */
const ABOUT: readonly ((secret: string) => string)[] = [
  (secret) => `denied for ${secret}`,
  (secret) => `${secret} was denied`,
  (secret) => `ERR denied (${secret}) again`,
];

/** Every way to tell of these secrets. */
function tellingOf(...secrets: readonly (string | undefined)[]): typeof WORDS {
  const about = secrets.flatMap((secret) => secret ? ABOUT.map((say) => () => say(secret)) : []);
  return [...WORDS, ...about];
}

/** Codes that the algorithms know, and some that they do not. */
const CODES: readonly Record<string, unknown>[] = [
  {},
  ...["42601", "28P01", "42501", "42P01", "57P01", "40P01", "XX000", "ECONNREFUSED", "EPIPE"]
    .map((code) => ({ code })),
  ...[1064, 1045, 1146, 1054, 1205, 1290, 2013].map((errno) => ({ errno, code: "ER_X" })),
  { status: 401, body: { code: "unauthenticated", message: account } },
];

/** An error as clients make them: with all that was sent in properties of its own. */
function clientError(say: (sent: string) => string, code: object, sent: string): Error {
  const about = { sql: sent, sqlMessage: sent, command: { name: "evalsha", args: [sent] } };
  const cause = new TypeError(`fetch failed: ${account}`);
  return Object.assign(
    new Error(say(sent), { cause }),
    { detail: sent, where: sent, ...about },
    code,
  );
}

/** The driver over a function that fails so. */
const DRIVERS: Readonly<Record<string, (fail: (sent: string) => Error) => Driver>> = {
  redis: (fail) => redis((command) => Promise.reject(fail(command.join(" ")))),
  postgres: (fail) => postgres((sql, params) => Promise.reject(fail([sql, ...params].join(" ")))),
  mysql: (fail) => mysql((sql) => Promise.reject(fail(sql))),
};

for (const [name, driverOf] of Object.entries(DRIVERS)) {
  Deno.test(`${name} over a function of the user's: no error repeats what the client tells in its own`, async () => {
    for (const [turn, code] of CODES.entries()) {
      const ops = BATCHES[turn % BATCHES.length] ?? [];
      const { id, value } = ops[0] as Partial<Acquire>;
      for (const say of tellingOf(id, value)) {
        const driver = driverOf((sent) => clientError(say, code, sent));
        const error = await outcomeOf(() => driver.apply(ops));
        assert(error instanceof CoordinationError, `${error}`);
        assertNoSecret(error, `${say("…")} ${JSON.stringify(code)}`);
      }
    }
  });
}

Deno.test("what a server says in plain words is told, for somebody has to find out what is wrong", async () => {
  const said: [(fail: () => Error) => Driver, Error, RegExp][] = [
    [
      DRIVERS["redis"]!,
      new Error("ERR max requests limit exceeded. Limit: 500000"),
      /limit exceeded\. L/,
    ],
    [
      DRIVERS["redis"]!,
      new Error("NOPERM this user has no permissions"),
      /NOPERM this user has no perm/,
    ],
    [
      DRIVERS["postgres"]!,
      Object.assign(new Error("permission denied for schema baton"), { code: "42501" }),
      /SQLSTATE 42501: permission denied for schema baton/,
    ],
    [DRIVERS["mysql"]!, Object.assign(new Error("x"), { errno: 1142 }), /errno 1142/],
  ];
  for (const [driverOf, error, says] of said) {
    const told = await outcomeOf(() => driverOf(() => error).apply(BATCHES[0] ?? []));
    assert(told instanceof ConnectionError, `${told}`);
    assert.match(told.message, says);
  }
});

Deno.test("the migrations repeat nothing of what the client tells either", async () => {
  for (const say of WORDS) {
    for (const code of CODES) {
      const fail = (sql: string) => Promise.reject(clientError(say, code, `${sql} ${account}`));
      for (
        const migrate of [migratePostgres, migrateMysql, migratePostgresFences, migrateMysqlFences]
      ) {
        const error = await outcomeOf(() => migrate(fail as never));
        assert(error instanceof CoordinationError, `${error}`);
        assertNoSecret(error, `${say("…")} ${JSON.stringify(code)}`);
      }
    }
  }
});

Deno.test("fences in Redis: no error repeats the commands that were to run, nor what the client tells", async () => {
  const there = { key: "fence:{x}", token: 7 };
  const commands = [["SET", "{x}", SECRETS.value], ["HSET", "{x}:2", SECRETS.plainValue, account]];
  const replies = [[2, 0, ""], [2, 1, ""], [2, 9, ""], [0], [3], [1, []], null, "OK"];
  for (const say of tellingOf(SECRETS.value, SECRETS.plainValue)) {
    const fails = fencedRedis((command) => Promise.reject(clientError(say, {}, command.join(" "))));
    const error = await outcomeOf(() => fails(there, commands));
    assert(error instanceof UnknownOutcome || error instanceof ConnectionError, `${error}`);
    assertNoSecret(error, say("…"));
    for (const reply of replies) {
      const answers = fencedRedis((command) =>
        Promise.resolve(
          Array.isArray(reply) ? [...reply.slice(0, 2), say(command.join(" "))] : reply,
        )
      );
      const told = await outcomeOf(() => answers(there, commands));
      assert(told instanceof CoordinationError, `${told}`);
      assertNoSecret(told, `${JSON.stringify(reply)} with ${say("…")}`);
    }
  }
});

Deno.test("fences in SQL: Baton's own words repeat nothing; the client's error is handed on as it came", async () => {
  const fence = { resource: "account:42", token: 7 };
  const own = ["String", "the message", "the stack", "JSON"].map((sink) => SINKS[sink]);
  const told: [code: object, kind: typeof StaleToken | typeof ConnectionError | undefined][] = [
    [{ code: "BT002" }, StaleToken],
    [
      { errno: 3819, message: `Check constraint 'stale_token_x' is violated. ${account}` },
      StaleToken,
    ],
    [{ code: "42P01", errno: 1146 }, ConnectionError],
    [{ code: "40001", errno: 1213 }, undefined],
  ];
  for (const [code, kind] of told) {
    for (const run of [fencePostgres, fenceMysql]) {
      let thrown: unknown;
      const error = await outcomeOf(() =>
        run((sql: string) => {
          thrown = clientError((sent) => `${account} ${sent}`, code, sql);
          return Promise.reject(thrown);
        }, fence)
      );
      if (!kind || !(error instanceof CoordinationError)) {
        assert.equal(error, thrown);
        continue;
      }
      assert(error instanceof kind, `${error}`);
      assert.equal(error.cause, thrown);
      const text = own.map((show) => show?.(error)).join("\n");
      for (const secret of [user, password]) assert(!text.includes(secret), text);
    }
  }
});
