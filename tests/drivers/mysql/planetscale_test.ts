/**
 * What only the PlanetScale driver must hold: the vendor's client over its HTTP protocol, its
 * secrets. What errors mean, and how many requests each operation takes, is in `mysql_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Client } from "@planetscale/database";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Op } from "../../../drivers/driver.ts";
import { planetscale, planetscaleClient } from "../../../drivers/mysql/planetscale.ts";
import { abortsAreTold } from "../aborted_call.ts";
import { type Fault, Faults, type HttpRequest } from "../../servers/faults.ts";
import { serveHttp } from "../../servers/http.ts";
import { freePort } from "../../servers/ports.ts";
import { acquire, TRICKY } from "../acquire.ts";
import { assertNoSecret, withTable } from "./planetscale_account.ts";
import { errorOf, shown } from "../../tools/shown.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

Deno.test("credentials go as they are, from a URL where they are percent-encoded and from parts", async () => {
  await withTable(async ({ server, driver }) => {
    const url = new URL(server.databaseUrl);
    const { username, password } = server;
    const https = Object.freeze({ host: url.host, username, password });
    const mysql = `mysql://${url.username}:${url.password}@${url.hostname}:3306/db`;
    const seen: [url: string, authorization: string | null, init: RequestInit][] = [];
    const original = fetch;
    await whileFetchIs((input, init = {}) => {
      seen.push([String(input), new Headers(init.headers).get("authorization"), init]);
      return original(`${server.url}${new URL(String(input)).pathname}`, init);
    }, async () => {
      const forms = [
        { url: `${mysql}?sslaccept=strict` },
        { url: `${mysql}?ssl={"rejectUnauthorized":true}` },
        { url: `https://${url.username}:${url.password}@${url.hostname}` },
        https,
      ];
      for (const options of forms) {
        const before = { ...options };
        assert.equal((await planetscale(options).apply([acquire("a")]))[0]?.ok, true);
        assert.deepEqual(options, before);
      }
    });
    const hosts = [url.hostname, url.hostname, url.hostname, url.host];
    assert.deepEqual(
      [...new Set(seen.map(([to]) => to))],
      [...new Set(hosts)].map((host) => `https://${host}/psdb.v1alpha1.Database/Execute`),
    );
    for (const [, authorization, init] of seen) {
      assert.equal(authorization, `Basic ${btoa(`${username}:${password}`)}`);
      assert.deepEqual([init.cache, init.redirect, init.method], ["no-store", "manual", "POST"]);
    }
    const [held] = await driver.apply([acquire("b")]);
    assert.deepEqual([held?.ok, held?.leases[0]?.id, held?.leases[0]?.value], [false, "a", TRICKY]);
  });
});

Deno.test("a URL or part that cannot be right is refused before any request, and not repeated", () => {
  const account = "USER-canary:PASSWORD-canary";
  const bad: unknown[] = [
    ...["", "not a url", "mysql://", `${account}@h.psdb.cloud/db`, undefined],
    ...[
      `http://${account}@h.psdb.cloud`,
      `http://${account}@10.0.0.1`,
      `http://${account}@0.0.0.0`,
    ],
    ...[`http://${account}@localhost.example.com`, `http://${account}@127.0.0.1.example.com`],
    ...[`postgresql://${account}@h.psdb.cloud/db`, "mysql://h.psdb.cloud/PASSWORD-canary"],
    ...["mysql://USER-canary@h.psdb.cloud/db", "mysql://:PASSWORD-canary@h.psdb.cloud/db"],
    ...["mysql://canary:%zz@h.psdb.cloud", "mysql://canary:p%0Ax@h.psdb.cloud"],
    ...["mysql://canary:%C3%A9@h.psdb.cloud/db"],
  ].map((url) => ({ url }));
  const parts = { host: "h.psdb.cloud", username: "USER-canary", password: "PASSWORD-canary" };
  bad.push(
    ...["", undefined, "a b", "h/canary", "u:canary@h", "h?canary", "h#canary", "h\ncanary", null]
      .map((host) => ({ ...parts, host })),
    ...["", undefined, "canary\n", "canary é"].flatMap((text) => [
      { ...parts, password: text },
      { ...parts, username: text },
    ]),
  );
  for (const options of bad as { url: string }[]) {
    assert.throws(() => planetscale(options), (error: Error) => {
      assert(error instanceof InvalidArgument, `${Deno.inspect(options)} ${error}`);
      assert.doesNotMatch(shown(error), /canary/);
      return true;
    });
  }
  for (const host of ["localhost", "127.0.0.1:3900", "[::1]:3900"]) {
    assert.equal(planetscale({ url: `http://${account}@${host}` }).name, "planetscale");
  }
  for (
    const table of ["", "a b", "a;drop table x", "a`b", "1a", "a.b", "é", "x".repeat(65), "a\n"]
  ) {
    assert.throws(() => planetscale({ ...parts, table }), InvalidArgument, table);
  }
});

/** Each answer that lets nothing true be said, and whether Deno's fetch may send once more by itself. */
const UNKNOWN: ReadonlyArray<readonly [name: string, fault: Fault, twice?: true]> = [
  ["a request lost on the way", "drop-request", true],
  ["a reply lost on the way", "drop-reply", true],
  ["a reply cut in half", "truncate"],
  ["a redirect", "redirect"],
  ["a proxy's HTML page with 200", { status: 200, body: "<html>hello</html>" }],
  ["a proxy's HTML page with 502", { status: 502, body: "<html>bad gateway</html>" }],
  ["a 400 in JSON", { status: 400, body: '{"error":{"code":"internal","message":"x"}}' }],
  ["too many requests", { status: 429, body: "slow down" }],
  ["a 500 after it was done", { statusAfter: 500, body: '{"error":{"code":"internal"}}' }],
  ["a 200 of null", { status: 200, body: "null" }],
  ["a lost connection", {
    status: 200,
    body: '{"error":{"code":"UNKNOWN","message":"lost (errno 2013) (sqlstate HY000)"}}',
  }],
  ["an error without a number", { status: 200, body: '{"error":{"message":"oops"}}' }],
];

Deno.test("whatever is not the database's own answer is unknown, sent once, and resolved by a replay", async (t) => {
  const received: HttpRequest[] = [];
  const elsewhere = await serveHttp((request) => {
    received.push(request);
    return Promise.resolve({ status: 200, headers: {}, body: "{}" });
  }, new Faults());
  try {
    await withTable(async ({ server, driver }) => {
      await driver.apply([acquire("warm", { resource: "lock:warm" })]);
      for (const [name, fault, twice] of UNKNOWN) {
        await t.step(name, async () => {
          const op = acquire("id-canary", { resource: `lock:${name}` });
          const before = server.requests;
          server.faults.next(...(twice ? [fault, fault] : [fault]));
          const error = await errorOf(driver.apply([op]));
          assert(error instanceof UnknownOutcome, `${error.stack}`);
          assertNoSecret(error, server);
          const sends = server.requests - before;
          assert(sends === 1 || (twice && sends === 2), `${sends} sends`);
          server.faults.clear();
          const [[granted], [again]] = [await driver.apply([op]), await driver.apply([op])];
          assert.deepEqual(granted?.ok, true);
          assert.equal(again?.leases[0]?.token, granted?.leases[0]?.token);
        });
      }
    }, { redirectTo: elsewhere.url });
  } finally {
    await elsewhere.stop();
  }
  assert.deepEqual(received, [], "the statement went to another origin");
});

Deno.test("no account, statement or lease id is in any error or in the driver, whatever is sent back", async () => {
  await withTable(async ({ server, driver, mysql }) => {
    const { username, password } = server;
    const ops: Op[] = [acquire("id-canary"), { ...acquire("id-canary"), op: "renew" }];
    ops.push({ op: "release", resource: "lock:x", seat: "", id: "id-canary" });
    const wrong = planetscale({ url: server.databaseUrl.replace(/:[^:@]*@/, ":PASSWORD-canary@") });
    const down = planetscale({
      url: server.databaseUrl.replace(/@.*/, `@127.0.0.1:${await freePort()}`),
    });
    const unauthorized = await errorOf(wrong.apply(ops));
    assert(unauthorized instanceof ConnectionError && unauthorized.code === "unauthorized");
    assert.match(unauthorized.message, /nothing was written \(HTTP status 401/);
    const unreachable = await errorOf(down.apply(ops));
    assert(unreachable instanceof ConnectionError && unreachable.retryable);
    for (const each of [unauthorized, unreachable, driver]) assertNoSecret(each, server);

    const account = `${username}:${password} ${btoa(`${username}:${password}`)}`;
    const sent = `${account} insert into baton_leases values (x'69642d63616e617279') id-canary`;
    for (const status of [200, 400, 401, 500, 502]) {
      for (
        const body of [
          sent,
          JSON.stringify(sent),
          ...[sent, password, "id-canary", "(errno 1146)"].map((code) =>
            JSON.stringify({ error: { code, message: `${sent} (errno 1064) (sqlstate 42000)` } })
          ),
        ]
      ) {
        // Where it is taken for an answer without rows, a look tells what is true.
        server.faults.next({ status, body });
        assertNoSecret(await driver.apply(ops).catch((error) => error), server, status === 200);
      }
    }
    // Vitess repeats the statement, its values included, in every error of the database.
    await mysql.query("alter table baton_leases drop column value");
    for (const op of [...ops, { op: "inspect", resource: "lock:x" } as const]) {
      const error = await errorOf(driver.apply([op]));
      if (op.op !== "renew") assert.match(error.message, /errno 1054.*run migrate\(\)/);
      assertNoSecret(error, server);
    }
  });
});

Deno.test("an aborted call: before the send its reason, after it unknown, and the operation may have happened", async () => {
  await withTable(({ server, driver }) => abortsAreTold(driver, server, acquire("a")));
});

Deno.test("a client that you already have is a transport, and text comes back whole through it", async () => {
  await withTable(async ({ server, driver }) => {
    const other = new Client({ url: server.databaseUrl.replace(/:[^:@]*@/, ":%20@") });
    const error = await errorOf(planetscaleClient(other).apply([acquire("a")]));
    assert(error instanceof ConnectionError && error.code === "unauthorized");
    const client = new Client({
      host: "unused",
      username: server.username,
      password: server.password,
      fetch: (url: string, init?: object) => fetch(server.url + new URL(url).pathname, init),
    });
    const mine = planetscaleClient(client, Object.freeze({ name: "mine" }));
    const outcomes = await mine.apply([acquire("a"), acquire("b")]);
    assert.deepEqual(outcomes.map(({ ok }) => ok), [true, false]);
    const [held] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
    assert.deepEqual([mine.name, held?.leases[0]?.value], ["mine", TRICKY]);
    // What such a client makes of the same text when it comes as text.
    const { rows } = await client.execute("select '\uFEFFa' as text");
    assert.deepEqual(rows, [{ text: "a" }]);
  });
});
