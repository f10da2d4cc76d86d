/**
 * The PlanetScale driver where the network is chosen: what goes out, and what an error says, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { InvalidArgument } from "../../../errors.ts";
import { planetscale, planetscaleClient } from "../../../drivers/mysql/planetscale.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";
import { batonErrorOf } from "../../tools/shown.ts";

const LOOK = [{ op: "inspect", resource: "r" }] as const;
const ACCOUNT = { host: "h.test", username: "u", password: "p" };

Deno.test("an address that nobody listens to was not reached, in the words of Node's fetch", () => {
  const cause = Object.assign(new Error("connect 10.0.0.1:1"), { code: "ECONNREFUSED" });
  return whileFetchIs(() => Promise.reject(new TypeError("fetch failed", { cause })), async () => {
    const error = await batonErrorOf(planetscale(ACCOUNT).apply(LOOK));
    assert.deepEqual([error.code, error.retryable], ["connection", true]);
    assert.match(error.message, /was not reached, so nothing was written .*ECONNREFUSED/);
  });
});

Deno.test("a client's own error in what a server answers is no slip of the user's", async () => {
  const slip = new TypeError("Cannot read properties of undefined (reading 'fields')");
  const error = await batonErrorOf(
    planetscaleClient({ execute: () => Promise.reject(slip) }).apply(LOOK),
  );
  assert.equal(error.code, "unknown-outcome");
});

Deno.test("JSON that is not the database's answer to a look does not say that nobody is there", async () => {
  for (const answer of [{}, { timing: 0 }, { timing: 0.1 }, { timing: 0.1, result: {} }]) {
    await whileFetchIs(() => Promise.resolve(Response.json(answer)), async () => {
      const error = await batonErrorOf(planetscale(ACCOUNT).apply(LOOK));
      assert.equal(error.code, "unknown-outcome", JSON.stringify(answer));
    });
  }
});

Deno.test("a request goes to the URL's protocol and host, with its signal, and from no cache", async () => {
  const seen: [url: string, init: RequestInit][] = [];
  const fake: typeof fetch = (url, init) => {
    seen.push([String(url), init!]);
    return Promise.reject(new Error("away"));
  };
  await whileFetchIs(fake, async () => {
    const { signal } = new AbortController();
    for (
      const [options, given] of [
        [{ url: "http://u:p@127.0.0.1:8080/db" }, signal],
        [{ url: "mysql://u:p@h.test:3306/db" }, undefined],
        [{ url: "https://u:p@h.test:444/db" }, signal],
        [{ ...ACCOUNT, host: "h.test:445" }, undefined],
      ] as const
    ) {
      await batonErrorOf(planetscale(options).apply(LOOK, { signal: given }));
      assert.equal(seen.at(-1)![1].signal, given ?? null);
    }
  });
  const path = "/psdb.v1alpha1.Database/Execute";
  const hosts = [
    "http://127.0.0.1:8080",
    "https://h.test",
    "https://h.test:444",
    "https://h.test:445",
  ];
  assert.deepEqual(seen.map(([url]) => url), hosts.map((host) => `${host}${path}`));
  for (const [, { cache, redirect, method }] of seen) {
    assert.deepEqual([cache, redirect, method], ["no-store", "manual", "POST"]);
  }
});

Deno.test("a URL of another scheme, and an account that no header can carry, are refused", () => {
  const bad = [
    ...["xhttps", "xhttp", "ftp"].map((scheme) => ({ url: `${scheme}://u:p@127.0.0.1/db` })),
    ...["é p", "p é", "p\n", "\np", ""].flatMap((text) => [
      { ...ACCOUNT, password: text },
      { ...ACCOUNT, username: text },
    ]),
    ...["h/x", "x/h", "h h", " h"].map((host) => ({ ...ACCOUNT, host })),
  ];
  for (const options of bad) {
    assert.throws(() => planetscale(options), InvalidArgument, JSON.stringify(options));
  }
});
