/**
 * What only the Neon driver must hold: the vendor's client over its HTTP protocol, and its secrets.
 * What the database itself tells is in `postgres_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { neon as vendorsNeon } from "@neondatabase/serverless";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import { neon, neonClient, neonQuery } from "../../../drivers/postgres/neon.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { abortsAreTold } from "../aborted_call.ts";
import { type Fault, Faults, type HttpRequest } from "../../servers/faults.ts";
import { serveHttp } from "../../servers/http.ts";
import { pointNeonAt } from "../../servers/neon.ts";
import { freePort } from "../../servers/ports.ts";
import { until } from "../../servers/process.ts";
import { acquire } from "../acquire.ts";
import { assertNoSecret, errorOf, PASSWORD, urlOf, USER, withRole } from "./neon_role.ts";
import { shown } from "../../tools/shown.ts";

Deno.test("an apply is one request, however its promise is used, and one that nobody awaits too", async () => {
  await withRole(async ({ server, postgres, driver }) => {
    const before = server.requests;
    const call = driver.apply([acquire("a")]);
    const caught = call.catch(() => {});
    const chained = call.then(([outcome]) => outcome?.leases[0]?.token).finally(() => {});
    const [[first], [second]] = await Promise.all([call, call]);
    await caught;
    assert.equal(first?.leases[0]?.token, await chained);
    assert.equal((await call)[0], second);
    assert.equal(server.requests - before, 1);

    const forgotten = driver.apply([acquire("b", { resource: "lock:b" })]);
    await until("it is there", async () => {
      const rows = await postgres.query("select 1 from baton.leases where resource = 'lock:b'");
      return rows.length === 1;
    });
    assert.equal(server.requests - before, 2);
    await forgotten;

    const batch = Array.from({ length: 50 }, (_, i) => acquire(`${i}`, { seat: `${i}` }));
    assert((await driver.apply(batch)).every(({ ok }) => ok));
    assert.equal(server.requests - before, 3);
  });
});

Deno.test("percent-encoded credentials of a role with no more than the documented rights do every operation", async () => {
  await withRole(async ({ driver, postgres }) => {
    // A token that has the grant clean up as well.
    await postgres.query(
      `insert into baton.leases values ('lock:x', '', '', $1, '', now() - interval '1 s')`,
      [(Math.floor(Date.now() / 64) + 10_000) * 64 - 1],
    );
    const group = { resource: "groups", seat: "g" };
    const outcomes = await driver.apply([
      acquire("a"),
      { op: "renew", resource: "lock:x", seat: "", id: "a", ttl: 60_000, value: "w" },
      acquire("g", group),
      acquire("m", { resource: "group:g", seat: "m", guard: { when: "held", ...group } }),
      { op: "inspect", resource: "lock:x" },
      { op: "release", ...group, id: "g", guard: { when: "vacant", resource: "group:g" } },
      { op: "release", resource: "lock:x", seat: "", id: "a" },
    ]);
    assert.deepEqual(outcomes.map(({ ok }) => ok), [true, true, true, true, true, false, true]);
    assert.equal(outcomes[0]?.leases[0]?.token! % 64, 0);
    assert.equal(outcomes[4]?.leases[0]?.value, "w");
  });
});

Deno.test("a URL that cannot be right is refused before any request, and not repeated", () => {
  const account = "USER-canary:PASSWORD-canary";
  const bad = [
    ["", "not a url", "postgresql://", `postgresql:/${account}`, `${account}@h.neon.tech/db`],
    [`mysql://${account}@h.neon.tech/db`, `https://${account}@h.neon.tech/db`],
    [`postgresql://${account}@h.neon.tech`, `postgresql://${account}@h.neon.tech/`],
    [`postgresql://${account}@/db`, "postgresql://h.neon.tech/PASSWORD-canary"],
    [
      `postgresql://${account}@h.neon.tech:port/db`,
      `psql 'postgresql://${account}@h.neon.tech/db'`,
    ],
    [`"postgresql://${account}@h.neon.tech/db"`, undefined, null, {}],
  ].flat();
  for (const url of bad as string[]) {
    for (const make of [() => neon({ url }), () => neonQuery(url)]) {
      assert.throws(make, (error: Error) => {
        assert(error instanceof InvalidArgument, `${url} ${error}`);
        const form = /must be postgresql:\/\/user:password@host\/database/;
        assert.match(error.message, url ? form : /Is DATABASE_URL set\?$/);
        assert.doesNotMatch(shown(error), /canary/);
        return true;
      });
    }
  }
  for (
    const url of [urlOf("h.neon.tech"), "postgres://u:p@h-pooler.neon.tech/db?sslmode=require"]
  ) {
    assert.equal(neon({ url }).name, "neon");
  }
  for (const schema of ["", "a b", "a;drop table x", 'a"b', "Baton", "1a", "a.b", "x".repeat(64)]) {
    assert.throws(() => neon({ url: urlOf("h.neon.tech"), schema }), InvalidArgument);
  }
});

/** Each answer that lets nothing true be said, and whether Deno's fetch may send once more by itself. */
const UNKNOWN: ReadonlyArray<readonly [name: string, fault: Fault, twice?: true]> = [
  ["a request lost on the way", "drop-request", true],
  ["a reply lost on the way", "drop-reply", true],
  ["a reply cut in half", "truncate"],
  ["a redirect", "redirect"],
  ["a proxy's HTML page with 502", { status: 502, body: "<html>bad gateway</html>" }],
  ["a proxy's HTML page with 400", { status: 400, body: "<html>bad request</html>" }],
  ["a 400 without a code", { status: 400, body: '{"message":"connection closed","code":null}' }],
  ["too many requests", { status: 429, body: "slow down" }],
  ["a 500 after it was done", { statusAfter: 500, body: '{"message":"oops","code":"23505"}' }],
  ["a 200 without rows", { status: 200, body: "{}" }],
  ["a 200 of no row", { status: 200, body: '{"fields":[],"rows":[]}' }],
];

Deno.test("whatever is not the database's own answer is unknown, sent once, and resolved by a replay", async (t) => {
  const received: HttpRequest[] = [];
  const record = (request: HttpRequest) => {
    received.push(request);
    return Promise.resolve({ status: 200, headers: {}, body: "{}" });
  };
  const elsewhere = await serveHttp(record, new Faults());
  try {
    await withRole(async ({ server, driver }) => {
      await driver.apply([acquire("warm", { resource: "lock:warm" })]);
      for (const [name, fault, twice] of UNKNOWN) {
        await t.step(name, async () => {
          const resource = `lock:${name}`;
          const before = server.requests;
          server.faults.next(...(twice ? [fault, fault] : [fault]));
          const error = await errorOf(driver.apply([acquire("a", { resource })]));
          assert(error instanceof UnknownOutcome, `${error.stack}`);
          assert.doesNotMatch(error.message, /refused|nothing was written/);
          const sends = server.requests - before;
          assert(sends === 1 || (twice && sends === 2), `${sends} sends`);
          server.faults.clear();
          const [[granted], [again]] = [
            await driver.apply([acquire("a", { resource })]),
            await driver.apply([acquire("a", { resource })]),
          ];
          assert.equal(granted?.ok, true);
          assert.equal(again?.leases[0]?.token, granted?.leases[0]?.token);
        });
      }
    }, elsewhere.url);
  } finally {
    await elsewhere.stop();
  }
  assert.deepEqual(received, [], "the connection string went to another origin");
});

Deno.test("neither user nor password is in any error or in the driver, even if a proxy sends back what it got", async () => {
  await withRole(async ({ url, driver }) => {
    const host = `127.0.0.1:${await freePort()}`;
    const down = await errorOf(neon({ url: urlOf(host) }).apply([acquire("a")]));
    assert(down instanceof ConnectionError && down.retryable, `${down.stack}`);
    assert.match(down.message, /was not reached, so nothing was written/);
    for (const each of [driver, neonQuery(url)]) assertNoSecret(each);
    const echoes: ((text: string) => string)[] = [
      (text) => text,
      JSON.stringify,
      (text) => JSON.stringify({ message: text }),
      (text) => JSON.stringify({ message: text, code: "XX000" }),
      (text) => JSON.stringify({ message: decodeURIComponent(text), code: "42601" }),
      (text) => JSON.stringify({ message: encodeURIComponent(text) }),
      (text) => JSON.stringify({ message: text.replaceAll("/", "\\/").replaceAll("\\/\\/", "") }),
      (text) => decodeURIComponent(text).slice(13),
    ];
    for (const status of [200, 400, 401, 403, 500, 502]) {
      for (const encode of echoes) {
        const echo = await serveHttp(({ headers }) => {
          const text = String(headers["neon-connection-string"]);
          return Promise.resolve({ status, headers: {}, body: encode(text) });
        }, new Faults());
        try {
          const apply = neon({ url: urlOf(new URL(echo.url).host) }).apply([acquire("a")]);
          assert.match(shown(await errorOf(apply)), /UnknownOutcome|ConnectionError/);
          await errorOf(migrate(neonQuery(urlOf(new URL(echo.url).host))));
        } finally {
          await echo.stop();
        }
      }
    }
  });
});

Deno.test("what a query throws has no password in it, however the URL writes it, nor a proxy's words", async () => {
  const says: readonly (readonly [status: number, body: string])[] = [
    [400, JSON.stringify({ message: "hunter is wrong", code: "28P01" })],
    [502, "we were sent a swordfish"],
  ];
  for (const [status, body] of says) {
    const proxy = await serveHttp(
      () => Promise.resolve({ status, headers: {}, body }),
      new Faults(),
    );
    try {
      const { host } = new URL(proxy.url);
      pointNeonAt();
      const query = neonQuery(`postgresql://somebody:%68unter@${host}/postgres`);
      const text = shown(await errorOf(query("select 1", [])));
      assert.doesNotMatch(text, /hunter|swordfish/);
      assert.match(text, status === 400 ? /… is wrong/ : /HTTP status 502/);
    } finally {
      await proxy.stop();
    }
  }
});

Deno.test("an aborted call: before the send its reason, after it unknown, and the operation may have happened", async () => {
  await withRole(({ server, driver }) => abortsAreTold(driver, server, acquire("a")));
});

Deno.test("a wrong password, user or database is definite and unauthorized, and says what to check", async () => {
  await withRole(async ({ server, url, postgres }) => {
    const host = new URL(server.url).host;
    const wrong = [
      urlOf(host, USER, "wrong"),
      urlOf(host, "nobody", PASSWORD),
      url.replace(/postgres$/, "no_such_database"),
    ];
    for (const each of wrong) {
      const error = await errorOf(neon({ url: each }).apply([acquire("id-canary")]));
      assert(error instanceof ConnectionError, `${error.stack}`);
      assert.deepEqual([error.code, error.retryable], ["unauthorized", false]);
      assert.match(error.message, /nothing was written .*; check user, password, database/);
      assert.doesNotMatch(shown(error), /canary/);
    }
    assert.deepEqual(await postgres.query("select * from baton.leases"), []);
  });
});

Deno.test("a client that you already have is a transport; what you passed stays as it was", async () => {
  await withRole(async ({ server, url }) => {
    pointNeonAt();
    const client = vendorsNeon(url, { arrayMode: true, fullResults: true });
    const options = Object.freeze({ name: "mine", schema: undefined });
    const before = server.requests;
    const driver = neonClient(client, options);
    assert.equal((await driver.apply([acquire("a")]))[0]?.ok, true);
    assert.equal(server.requests - before, 1);
    assert.equal(driver.name, "mine");

    const given = Object.freeze({ url, ...options });
    assert.equal((await neon(given).apply([acquire("b")]))[0]?.ok, false);
  });
});
