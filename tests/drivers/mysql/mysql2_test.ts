/**
 * What a `mysql:` URL says to the client mysql2, option by option. `tests/url` has the same over real servers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Pool, PoolConnection } from "mysql2/promise";
import { breaks, connectionsOf, settingsOf } from "../../../drivers/mysql/mysql2.ts";
import { assertRefused, partsOf } from "../url_parts.ts";

const AT = "mysql://u:p@h/db";
/** What is so for every URL: the client gives up before Baton does. */
const ALWAYS = { database: "db", connectTimeout: 4_000 };
const ACCOUNT = { ...ALWAYS, host: "h", user: "u", password: "p" };
const CHECKED = { ssl: { rejectUnauthorized: true } };
const UNCHECKED = { ssl: { rejectUnauthorized: false } };

/** By URL, what the client is made with. */
const SAYS: readonly (readonly [url: string, settings: object, token?: string])[] = [
  [AT, ACCOUNT],
  ["MYSQL://h:7/a%2Fb", { ...ALWAYS, host: "h", port: 7, database: "a/b" }],
  ["mysql://[::1]/db", { ...ALWAYS, host: "::1" }],
  ["mysql://u%40:p%2F@h/db", { ...ACCOUNT, user: "u@", password: "p/" }],
  [AT, { ...ACCOUNT, password: "t" }, "t"],
  ["mysql:///db?unix_socket=/run/x", { ...ALWAYS, socketPath: "/run/x" }],
  [`${AT}?unix_socket=/x`, { ...ALWAYS, user: "u", password: "p", socketPath: "/x" }],
  [`${AT}?connect_timeout=0.0015&connection_limit=7`, {
    ...{ ...ACCOUNT, connectTimeout: 2, connectionLimit: 7 },
  }],
  [`${AT}?connect_timeout=0&connection_limit=0&charset=utf8&timezone=Z`, ACCOUNT],
];

/** By the options of a URL, whether TLS is spoken, and whether the certificate is checked. */
const TLS: readonly (readonly [options: string, settings: object])[] = [
  ...["ssl=false", "useSSL=false", "ssl-mode=disabled", "ssl-mode=PREFERRED", "ssl=no&useSSL=yes"]
    .map((options) => [options, {}] as const),
  ["ssl=false&ssl_verify_mode=true", {}],
  ...[
    ...["ssl=true", "useSSL=on", "ssl={}", 'ssl={ "rejectUnauthorized" : true }'],
    ...["ssl-mode=required", "ssl-mode=VERIFY_CA", "ssl-mode=verify_identity", "sslmode=REQUIRED"],
    ...["ssl_verify_mode=true", "ssl_check_hostname=true", "sslaccept=strict"],
    ...["ssl-mode=required&sslmode=disabled", "ssl-mode=disabled&ssl=true"],
  ].map((options) => [options, CHECKED] as const),
  ...[
    ...['ssl={"rejectUnauthorized":false}', "ssl_verify_mode=false"],
    ...["sslaccept=accept_invalid_certs", "ssl=true&sslaccept=accept_invalid_certs"],
    ...["ssl=true&ssl_verify_mode=false", "ssl-mode=verify_ca&ssl_verify_mode=off"],
  ].map((options) => [options, UNCHECKED] as const),
];

Deno.test("a mysql: URL says to the client what it says, and nothing else", () => {
  for (const [url, settings, token] of SAYS) {
    assert.deepEqual(settingsOf(partsOf(url, token)), settings, url);
  }
  for (const [options, settings] of TLS) {
    assert.deepEqual(settingsOf(partsOf(`${AT}?${options}`)), { ...ACCOUNT, ...settings }, options);
  }
});

Deno.test("a mysql: URL that is none, or has an option that cannot be kept, is refused by its name", () => {
  const files = ["ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_cipher"];
  const refused: readonly (readonly [url: string, why: RegExp])[] = [
    ...["mysql:h/db", "mysql://h", "mysql://h/", "mysql:///db", "mysql://h/a/db", "mysql://h/db/a"]
      .map((url) => [url, /must be mysql:\/\/user:password@host/] as const),
    ...["mysql://h/db#x", "x://h/mysql:%2F%2F", "x://mysql://h/db"]
      .map((url) => [url, /must be mysql:\/\/user:password@host/] as const),
    ...[...files, "sslcert", "sslkey", "sslrootcert"].map((option) =>
      [`${AT}?${option}=x`, new RegExp(`option ${option}: no files are read here`)] as const
    ),
    ...["ssl-mode=requiredx", "sslmode=xrequired"].map((options) =>
      [`${AT}?${options}`, /option ssl-mode: it is not one of MySQL's/] as const
    ),
    ...["strictly", "xstrict", "STRICT"].map((accept) =>
      [`${AT}?sslaccept=${accept}`, /option sslaccept: it must be strict or accept_inv/] as const
    ),
    [`${AT}?ssl_check_hostname=no`, /option ssl_check_hostname: .* checked as a whole/],
    ...['{"rejectUnauthorized":false}x', 'x{"rejectUnauthorized":true}', "{true}"].map((ssl) =>
      [`${AT}?ssl=${ssl}`, /option ssl: it is not true or false/] as const
    ),
    [`${AT}?connect_timeout=soon`, /option connect_timeout/],
    [`${AT}?connection_limit=many`, /option connection_limit/],
  ];
  assertRefused(settingsOf, refused);
});

Deno.test("a connection is used again after the server's own errors, but for those of one that goes down", () => {
  const fine = [1, 1062, 1064, 1146, 1205, 1213, 1644];
  const gone = [1053, 1152, 1290, 1792, 1836, 1927, 3169, 4031, 0, -1, NaN, "EPIPE", undefined];
  const broken = [...fine, ...gone].filter((errno) => breaks({ errno }));
  assert.deepEqual(broken, gone);
  assert.deepEqual([undefined, null, "1064"].map(breaks), [true, true, true]);
});

Deno.test("a connection keeps the process alive while it is used, and a broken one is destroyed", async () => {
  const done: string[] = [];
  const note = (what: string) => () => void done.push(what);
  const connection = {
    connection: { stream: { ref: note("ref"), unref: note("unref") } },
    release: note("release"),
    destroy: note("destroy"),
  } as unknown as PoolConnection;
  const connections = connectionsOf({
    getConnection: () => Promise.resolve(connection),
    end: () => Promise.resolve(note("end")()),
    on() {},
  } as unknown as Pool);
  assert.equal(await connections.connect(), connection);
  assert.deepEqual(done.splice(0), ["ref"]);
  connections.release(connection, false);
  assert.deepEqual(done.splice(0), ["unref", "release"]);
  connections.release(connection, true);
  assert.deepEqual(done.splice(0), ["destroy"]);
  await connections.end();
  assert.deepEqual(done, ["end"]);
  // A client whose sockets are no Node's has neither.
  const other = { ...connection, connection: {} } as unknown as PoolConnection;
  connections.release(other, false);
  assert.deepEqual(done, ["end", "release"]);
});

Deno.test("a connection that fails once more when it is out of the pool does not end the process", () => {
  const [pool, connection] = [new EventEmitter(), new EventEmitter()];
  connectionsOf(pool as unknown as Pool);
  pool.emit("connection", connection);
  // An emitter throws an error that nobody listens to.
  connection.emit("error", new Error("Can't write in closed state"));
});
