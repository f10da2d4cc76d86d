/**
 * Databases by URL, as their vendors hand them out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import mysql2 from "mysql2/promise";
import { ConnectionError } from "../../mod.ts";
import { getCoordinator } from "../../url.ts";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { neonQuery } from "../../drivers/postgres/neon.ts";
import { planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import { withNeon } from "../servers/with_neon.ts";
import { withPlanetscale } from "../servers/with_planetscale.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

const SECRET = "s3cr3t-of-the-url";

/** What a URL makes fetch, of which nothing is sent. */
async function fetched(url: string, token?: string): Promise<Request[]> {
  const requests: Request[] = [];
  await whileFetchIs((input, init) => {
    requests.push(new Request(input, init));
    return Promise.resolve(new Response("not a database", { status: 502 }));
  }, async () => {
    const baton = await getCoordinator(url, "me", token === undefined ? {} : { token });
    // A look, for what may have been acquired would be given back in the background.
    await assert.rejects(baton.getLock("x").holders(), (error) => {
      assert(!inspect(error).includes(SECRET), inspect(error));
      return true;
    });
  });
  assert(requests.length > 0);
  return requests;
}

Deno.test("a DATABASE_URL of Neon's works as it is pasted, and its parameters go along", async () => {
  const tail = "app@ep-cool-1.eu-central-1.aws.neon.tech/main";
  const url = `//app:${SECRET}@${tail.slice(4)}?sslmode=require&channel_binding=require`;
  for (const scheme of ["postgresql:", "postgres:", "neon:"]) {
    const [request] = await fetched(scheme + url);
    assert.equal(request?.url, "https://api.eu-central-1.aws.neon.tech/sql");
    const sent = new URL(request?.headers.get("neon-connection-string") ?? "");
    assert.equal(sent.password, SECRET);
    assert.equal(sent.searchParams.get("sslmode"), "require");
    assert.equal(sent.searchParams.get("channel_binding"), "require");
  }
  const [apart] = await fetched(`neon://${tail}`, SECRET);
  assert.equal(new URL(apart?.headers.get("neon-connection-string") ?? "").password, SECRET);
});

Deno.test("a DATABASE_URL of PlanetScale's works as it is pasted, its credentials decoded", async () => {
  const password = `p%40ss%2F${SECRET}`;
  const ssl = encodeURIComponent('{"rejectUnauthorized":true}');
  for (const query of ["", "?sslaccept=strict", `?ssl=${ssl}`]) {
    for (const scheme of ["mysql:", "planetscale:"]) {
      const url = `${scheme}//user:${password}@aws.connect.psdb.cloud/main${query}`;
      const [request] = await fetched(url);
      assert.equal(request?.url, "https://aws.connect.psdb.cloud/psdb.v1alpha1.Database/Execute");
      const [, credentials = ""] = request?.headers.get("authorization")?.split(" ") ?? [];
      assert.equal(atob(credentials), `user:p@ss/${SECRET}`);
    }
  }
});

Deno.test("a Postgres of PlanetScale's is reached as Neon is", async () => {
  const [request] = await fetched(`postgresql://u:${SECRET}@aws-eu-1.connect.psdb.cloud/postgres`);
  assert.match(request?.url ?? "", /^https:\/\/[^/]*psdb\.cloud\/sql$/);
});

Deno.test("typos in a database's URL are refused as in any other", async () => {
  for (const option of ["lock_timout=3", "sslmod=require", `${SECRET}=1`]) {
    const url = `neon://u:p@x.neon.tech/main?sslmode=require&${option}`;
    await assert.rejects(getCoordinator(url, "me"), /option 2 of this URL/);
  }
});

Deno.test("a Postgres works by URL, over Neon's HTTP or through a function", async () => {
  await withNeon(async ({ postgres, server }) => {
    await migratePostgres(neonQuery(server.connectionString));
    const url = server.connectionString.replace(/^\w+:/, "neon:");
    const client = await postgres.client();
    const a = await getCoordinator(`${url}?lock_timeout=10`, "a");
    const b = await getCoordinator("postgresql://not.used/x?lock_timeout=10", "b", {
      query: (text, params) => client.query(text, params),
    });
    const lease = await a.getLock("x").hold();
    assert.equal(lease.ttl, 10_000);
    assert.deepEqual((await b.getLock("x").holders()).map(({ memberId }) => memberId), ["a"]);
    await lease.release();
    assert(await b.getLock("x").acquire({ timeout: 0 }));
  });
});

Deno.test("a MySQL works by URL, over PlanetScale's HTTP or through a function", async () => {
  await withPlanetscale("mariadb", async ({ mysql, server }) => {
    await migrateMysql(planetscaleQuery({ url: server.databaseUrl }));
    const url = server.databaseUrl.replace(/^\w+:/, "planetscale+http:");
    const { user, password, database, port } = mysql;
    const pool = mysql2.createPool({ host: "127.0.0.1", port, user, password, database });
    const a = await getCoordinator(url, "a");
    const b = await getCoordinator("mysql://not.used/x", "b", {
      query: (text, params) => pool.query(text, params),
    });
    assert(await a.getLock("x").hold());
    assert.deepEqual((await b.getLock("x").holders()).map(({ memberId }) => memberId), ["a"]);
    await pool.end();
  });
});

Deno.test("a database without Baton's table says what to run, and that nothing was written", async () => {
  await withNeon(async ({ server }) => {
    const baton = await getCoordinator(server.connectionString.replace(/^\w+:/, "neon:"), "me");
    await assert.rejects(baton.start(), (error: Error) => {
      assert(error instanceof ConnectionError && !error.retryable);
      assert.match(error.message, /nothing was written.*run migrate\(\)/);
      return true;
    });
  });
});
