/**
 * URLs on an old Node, and what is said of those that are nearly right.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { InvalidArgument } from "../../mod.ts";
import { neonQuery } from "../../drivers/postgres/neon.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import { getCoordinator } from "../../url.ts";

const SECRET = "s3cr3t-of-the-url";

async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    assert(error instanceof InvalidArgument, inspect(error));
    assert(!inspect(error).includes(SECRET), inspect(error));
    return error.message;
  }
  return assert.fail("it was not refused");
}

Deno.test("every URL works and is refused where there is no URL.parse, as on Node 20.11", async () => {
  const parse = Object.getOwnPropertyDescriptor(URL, "parse");
  assert(parse && Reflect.deleteProperty(URL, "parse"));
  try {
    for (
      const url of [
        `upstash://:${SECRET}@eu1-x.upstash.io`,
        `upstash+http://:${SECRET}@127.0.0.1:8079`,
        `postgresql://u:${SECRET}@x.neon.tech/db`,
        `neon://u:${SECRET}@x.neon.tech/db`,
        `mysql://u:${SECRET}@aws.connect.psdb.cloud/db`,
        `planetscale://u:${SECRET}@aws.connect.psdb.cloud/db`,
        `postgresql://u:${SECRET}@db.example/db`,
        `mysql://u:${SECRET}@db.example/db`,
        `rediss://u:${SECRET}@db.example/0`,
      ]
    ) {
      assert.equal((await getCoordinator(url, "me")).memberId, "me");
    }
    upstash({ url: "https://eu1-x.upstash.io", token: SECRET });
    await refusal(() => getCoordinator(`upstash://:${SECRET}@`, "me"));
    await refusal(() => getCoordinator(`neon://u:${SECRET}@h:port/db`, "me"));
    await refusal(() => getCoordinator(`postgresql://u:${SECRET}@h:port/db`, "me"));
    await refusal(() => getCoordinator(`mysql://u:${SECRET}@h:port/db`, "me"));
    await refusal(() => getCoordinator(`redis://u:${SECRET}@h:port/0`, "me"));
    await refusal(() => upstash({ url: `${SECRET}`, token: SECRET }));
    await refusal(() => neonQuery(`${SECRET}`));
  } finally {
    Object.defineProperty(URL, "parse", parse);
  }
});

Deno.test("who pastes Upstash's REST URL is told how to write it", async () => {
  for (const url of [`https://eu1-x.upstash.io`, `HTTPS://:${SECRET}@eu1-x.upstash.io?ttl=1`]) {
    const said = await refusal(() => getCoordinator(url, "me"));
    assert.match(
      said,
      /must begin with one of .*with upstash: instead of https:, .*option token$/,
    );
  }
  const said = await refusal(() => getCoordinator("http://localhost:8079", "me"));
  assert.match(
    said,
    /must begin with one of .*with upstash\+http: instead of http:, .*option token$/,
  );
});

Deno.test("a scheme that is misspelt is answered with the nearest one, and not repeated", async () => {
  const slips = { postgress: "postgres", upstach: "upstash", memcache: "memcached" };
  for (const [slip, meant] of Object.entries(slips)) {
    const said = await refusal(() => getCoordinator(`${slip}://:${SECRET}@host`, "me"));
    assert(said.endsWith(`. Did you mean ${meant}:?`), said);
    assert(!said.includes(`${slip}:`));
  }
  // It is no scheme at all, and may be a password.
  assert.doesNotMatch(await refusal(() => getCoordinator(`${SECRET}:x@host`, "me")), /mean/);
});

Deno.test("who pastes the name of a SQLite file is told how to write it", async () => {
  assert.match(
    await refusal(() => getCoordinator("sqlite://baton.db", "me")),
    /file:\.\/baton\.db$/,
  );
  assert.doesNotMatch(await refusal(() => getCoordinator("gopher://h", "me")), /instead of/);
});

Deno.test("http to another machine is refused, and the error says where it is allowed", async () => {
  const said = [
    await refusal(() => getCoordinator(`upstash+http://:${SECRET}@db.example.com`, "me")),
    await refusal(() => upstash({ url: "http://db.example.com", token: SECRET })),
  ];
  for (const each of said) {
    assert.match(each, /https:\/\/.*; http:.* is for (a server on )?this machine/);
  }
});
