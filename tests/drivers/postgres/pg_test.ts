/**
 * What a `postgresql:` URL says to the client pg, option by option. `tests/url` has the same over real servers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import pg, { type Pool } from "pg";
import { breaks, connectionsOf, postgresAt, settingsOf } from "../../../drivers/postgres/pg.ts";
import { inspect } from "../../conformance/operations.ts";
import { assertRefused, partsOf } from "../url_parts.ts";

/** What is so for every URL: the client gives up before Baton does, and keeps no process alive. */
const ALWAYS = {
  fallback_application_name: "baton",
  connectionTimeoutMillis: 4_000,
  allowExitOnIdle: true,
};
const AT = "postgresql://u:p@h";

/** By URL, the one that the client gets, and what else it is made with. */
const SAYS: readonly (readonly [url: string, to: string, more?: object, token?: string])[] = [
  [`${AT}/db`, `${AT}/db`],
  ["POSTGRES://u:p@h:1/db", `${AT}:1/db`],
  ["POSTGRESQL://h", "postgresql://h"],
  [`${AT}/postgres:`, `${AT}/postgres:`],
  [`${AT}/db?host=%2Frun&port=5433&dbname=a/b`, `${AT}/a%2Fb?host=%2Frun&port=5433`],
  ["postgresql:///db?host=h2", "postgresql:///db?host=h2"],
  // What Baton does by itself, or a pooler is told, is none of the client's business.
  [`${AT}/db?target_session_attrs=read-write&pgbouncer=true&channel_binding=prefer`, `${AT}/db`],
  ...["sslrootcert", "sslcert", "sslkey", "ssl", "options", "application_name", "client_encoding"]
    .map((name) => [`${AT}/db?${name}=x`, `${AT}/db?${name}=x`] as const),
  ...["disable", "verify-full", "no-verify", "xrequire", "requirex"]
    .map((mode) => [`${AT}/db?sslmode=${mode}`, `${AT}/db?sslmode=${mode}`] as const),
  ...["prefer", "require", "verify-ca"]
    .map((mode) => [`${AT}/db?sslmode=${mode}`, `${AT}/db?sslmode=verify-full`] as const),
  [`${AT}/db?connect_timeout=0.0015`, `${AT}/db`, { connectionTimeoutMillis: 2 }],
  [`${AT}/db?connection_limit=7`, `${AT}/db`, { max: 7 }],
  [`${AT}/db?connection_limit=0&connect_timeout=0`, `${AT}/db`],
  [`${AT}/db`, "postgresql://u:t%2Fk@h/db", {}, "t/k"],
];

Deno.test("a postgresql: URL says to the client what it says, and nothing else", () => {
  for (const [url, connectionString, more, token] of SAYS) {
    assert.deepEqual(settingsOf(partsOf(url, token)), { ...ALWAYS, connectionString, ...more });
  }
});

Deno.test("a postgresql: URL that is none, or has an option that cannot be kept, is refused", () => {
  const refused: readonly (readonly [url: string, why: RegExp])[] = [
    ...["postgresql:h", "postgresql://h:port", "postgresql://h/db#x", "x:/postgresql://h/db"]
      .map((url) => [url, /must be postgresql:\/\/user:password@host/] as const),
    ["postgresql://h1,h2/db", /it names several hosts; give that of the primary/],
    [`${AT}?channel_binding=require`, /option channel_binding: .* cannot insist on it/],
    [`${AT}?connect_timeout=soon`, /option connect_timeout/],
    [`${AT}?connection_limit=many`, /option connection_limit/],
  ];
  assertRefused(settingsOf, refused);
});

Deno.test("a connection is used again after the server's own errors, but for those of one that goes down", () => {
  const fine = ["23505", "42601", "42P01", "40P01", "57014", "P0001", "25P02", "BT003"];
  const gone = [
    ...["08006", "57P01", "57P02", "57P03", "57P04", "57P05", "58030", "XX000", "25006", "BT001"],
    ...["EPIPE", "HTTP2ERROR", "ERR_HTTP2", "", undefined, null, 5],
  ];
  const broken = [...fine, ...gone].filter((code) => breaks({ code }));
  assert.deepEqual(broken, gone);
  assert.deepEqual([undefined, null, "42601"].map(breaks), [true, true, true]);
});

Deno.test("a connection that ends when it has answered, and is not yet given back, does not end the process", () => {
  const [pool, client] = [new EventEmitter(), new EventEmitter()];
  connectionsOf(pool as unknown as Pool);
  pool.emit("connect", client);
  // An emitter throws an error that nobody listens to.
  for (const each of [client, pool]) each.emit("error", new Error("terminating connection"));
});

Deno.test("the driver of a postgresql: URL ends its pool, and does not leave that to the time it may be idle", async () => {
  const end: (this: Pool) => Promise<void> = pg.Pool.prototype.end;
  let ended = 0;
  pg.Pool.prototype.end = function (this: Pool) {
    ended++;
    return end.call(this);
  };
  try {
    // Nobody listens there, so there is a pool without connections.
    const driver = await postgresAt(partsOf("postgresql://127.0.0.1:1/db"));
    await assert.rejects(driver.apply([inspect("x")]), { code: "connection" });
    assert.equal(ended, 0);
    await driver[Symbol.asyncDispose]?.();
    assert.equal(ended, 1);
  } finally {
    pg.Pool.prototype.end = end;
  }
});
