/**
 * The Neon driver where the network is chosen: what goes out, and what an error says, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { InvalidArgument } from "../../../errors.ts";
import { neon, neonClient, neonQuery } from "../../../drivers/postgres/neon.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";
import { batonErrorOf, errorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

const LOOK = [{ op: "inspect", resource: "r" }] as const;

/** What Node's `fetch` throws for an address that nobody listens to. */
function refused(): Promise<Response> {
  const cause = Object.assign(new Error("connect 10.0.0.1:1"), { code: "ECONNREFUSED" });
  return Promise.reject(new TypeError("fetch failed", { cause }));
}

Deno.test("an address that nobody listens to was not reached, however the client wraps what fetch says", () =>
  whileFetchIs(refused, async () => {
    const error = await batonErrorOf(neon({ url: "postgresql://u:p@h.test/db" }).apply(LOOK));
    assert.deepEqual([error.code, error.retryable], ["connection", true]);
    assert.match(error.message, /was not reached, so nothing was written .*ECONNREFUSED/);
  }));

Deno.test("a request follows no redirect, comes from no cache, and has a signal where there is one", async () => {
  const seen: RequestInit[] = [];
  const answer = { fields: [{ name: "outcomes", dataTypeID: 25 }], rows: [["[[true,[]]]"]] };
  const fake: typeof fetch = (_url, init) => {
    seen.push(init!);
    return Promise.resolve(Response.json({ command: "CALL", rowCount: 1, ...answer }));
  };
  await whileFetchIs(fake, async () => {
    const driver = neon({ url: "postgresql://u:p@h.test/db" });
    const { signal } = new AbortController();
    assert.deepEqual(await driver.apply(LOOK), [{ ok: true, leases: [] }]);
    await driver.apply(LOOK, { signal });
    assert.deepEqual(seen.map(({ redirect, cache }) => [redirect, cache]), [
      ["manual", "no-store"],
      ["manual", "no-store"],
    ]);
    assert.deepEqual(seen.map((init) => "signal" in init && init.signal), [false, signal]);
  });
});

Deno.test("in a browser the client says nothing of its own: whoever uses Baton there has been told", () =>
  whileFetchIs(refused, async () => {
    const { console: log } = globalThis;
    const { warn } = log;
    const warned: unknown[] = [];
    log.warn = (text) => void warned.push(text);
    Object.assign(globalThis, { window: globalThis, document: {} });
    try {
      await errorOf(neonQuery("postgresql://u:p@h.test/db")("select 1", []));
    } finally {
      log.warn = warn;
      Reflect.deleteProperty(globalThis, "window");
      Reflect.deleteProperty(globalThis, "document");
    }
    assert.deepEqual(warned, []);
  }));

Deno.test("what an error says stays, but for the account, and one without a password is not blanked", async () => {
  const failing = (url: string, message: string) =>
    errorOf(neonQuery(url)(message, [])).then((error) => error.message);
  const urls = ["postgresql://u:p4ss@h.test/db", "postgresql://u@h.test/db"];
  for (const url of urls) {
    await whileFetchIs(() => Promise.reject(new Error("it is away")), async () => {
      assert.match(await failing(url, "select 1"), /it is away/);
    });
    await whileFetchIs(
      () => Promise.reject(new Error(`"u" says p4ss to ${url}, and more`)),
      async () => {
        const said = await failing(url, "select 1");
        assert.doesNotMatch(said, /"u"|:p4ss|h\.test/);
        assert.match(said, /… says .* to …,? and more|… says .* to … and more/);
      },
    );
  }
});

Deno.test("a proxy's word that a password is wrong is a refusal, and other errors keep their code", async () => {
  const of = (error: object) =>
    batonErrorOf(
      neonClient({ query: () => Promise.reject(Object.assign(new Error(), error)) }).apply([
        acquire("a"),
      ]),
    );
  const message = "password authentication failed for user 'u'";
  assert.equal((await of({ message })).code, "unauthorized");
  assert.equal((await of({ message: `it says ${message}` })).code, "unknown-outcome");
  assert.equal((await of({ message, code: "57P01" })).code, "unknown-outcome");
  assert.equal((await of({ message: "no", code: "42601" })).code, "connection");
  assert.equal((await of({ message: "no" })).code, "unknown-outcome");
});

Deno.test("a URL of another scheme is refused, though the right one stands at its end or its beginning", () => {
  for (const scheme of ["xpostgres", "postgresqlx", "postgresx"]) {
    const make = () => neonQuery(`${scheme}://u:p4ss@h.test/db`);
    assert.throws(make, (error: Error) => {
      return error instanceof InvalidArgument && !inspect(error).includes("p4ss");
    });
  }
});
