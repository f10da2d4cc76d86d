/**
 * Turso's URLs, as its users have them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { InvalidArgument } from "../../errors.ts";
import { getCoordinator, type UrlOptions } from "../../url.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

const TOKEN = "ey.s3cr3t-token_x";

/** Where the first request of a coordinator goes, and with which token. */
async function reached(url: string, options: UrlOptions = {}): Promise<[string, string | null]> {
  const seen: [string, string | null][] = [];
  const fake: typeof fetch = (input, init) => {
    seen.push([String(input), new Headers(init?.headers).get("authorization")]);
    return Promise.resolve(new Response("{}", { status: 401 }));
  };
  await whileFetchIs(fake, async () => {
    const baton = await getCoordinator(url, "me", options);
    await assert.rejects(baton.getGroups(), { code: "unauthorized" });
  });
  assert.equal(seen.length, 1);
  return seen[0]!;
}

Deno.test("a URL of Turso leads to its host, with the token from wherever it is", async () => {
  const to = (host: string): [string, string | null] => [`${host}/v2/pipeline`, `Bearer ${TOKEN}`];
  const host = "https://shop-me.aws-eu-west-1.turso.io";
  const url = host.replace("https:", "libsql:");
  assert.deepEqual(await reached(`${url}?authToken=${TOKEN}`), to(host));
  assert.deepEqual(await reached(url, { token: TOKEN }), to(host));
  assert.deepEqual(await reached(`${url}/?authToken=older`, { token: TOKEN }), to(host));
  assert.deepEqual(
    await reached(`turso://:${TOKEN}@db.example:8080`),
    to("https://db.example:8080"),
  );
  assert.deepEqual(await reached(`${url}?authToken=${TOKEN}&namespace=shop&ttl=9000`), to(host));
  assert.deepEqual(await reached("libsql://127.0.0.1:8080?tls=0"), [
    "http://127.0.0.1:8080/v2/pipeline",
    null,
  ]);
});

Deno.test("what is no such URL is refused before anything is sent, and is not repeated", async () => {
  const bad = [
    `libsql://user:${TOKEN}@h`,
    `libsql://h/${TOKEN}`,
    "libsql://",
    `libsql:///${TOKEN}.db`,
    `libsql://h?tls=0&authToken=${TOKEN}`,
    `libsql://h?tls=no&authToken=${TOKEN}`,
    `libsql://h?authtoken=${TOKEN}`,
    `libsql://h?authToken=${TOKEN}%20x`,
    `libsql://:%E0%A4@h`,
  ];
  for (const url of bad) {
    await assert.rejects(getCoordinator(url, "me"), (error) => {
      assert(error instanceof InvalidArgument, `${url}: ${error}`);
      assert.ok(!error.message.includes("s3cr3t"), error.message);
      return true;
    });
  }
});
