/**
 * What each request to Consul is, and which answers count, where every answer is chosen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Requests, type Server } from "../../../drivers/consul/client.ts";
import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../../errors.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** An answer: its status, its text or JSON, and its headers. */
type Said = readonly [status: number, body: string | object, headers?: Record<string, string>];

const DATE = { date: "Tue, 14 Nov 2023 22:13:20 GMT" };
const NOW = 1_700_000_000_000;
const KEY = { Key: "k", CreateIndex: 5, ModifyIndex: 6 };
const FINE: Said = [200, { Results: [{ KV: KEY }], Errors: null }, DATE];

/** Asks a Consul that answers so, in this order. */
async function asking<T>(
  answers: readonly Said[],
  ask: (requests: Requests) => Promise<T>,
  parts: Partial<Server> = {},
  options: { beforeRequest?: () => void; signal?: AbortSignal } = {},
): Promise<{ readonly sent: readonly Sent[]; readonly value: T }> {
  const sent: Sent[] = [];
  const rest = [...answers];
  let n = 0;
  const fake: typeof fetch = (url, init = {}) => {
    sent.push({ url: `${url}`, init });
    const [status, body, headers = {}] = rest.shift()!;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return Promise.resolve(new Response(text, { status, headers }));
  };
  const server: Server = {
    ...{ base: "http://h/x", query: "&dc=d", reading: "&consistent", headers: { a: "b" } },
    nonce: () => `n${n++}`,
    ...parts,
  };
  const value = await whileFetchIs(fake, () => ask(new Requests(server, options)));
  return { sent, value };
}

const verbs = [{ Verb: "get", Key: "k" }];
const failure = async (...args: Parameters<typeof asking>): Promise<CoordinationError> =>
  await batonErrorOf(asking(...args));

Deno.test("Consul: each request is what Consul's API takes, and has a nonce of its own", async () => {
  const { sent } = await asking([
    FINE,
    FINE,
    [200, [{}], { "x-consul-index": "9" }],
    [404, "", { "x-consul-index": "9" }],
    [200, ["a", "b"]],
    [200, { ID: "an-id" }],
    [200, [{ ID: "an-id" }]],
  ], async (requests) => {
    await requests.transact(verbs, true);
    await requests.transact(verbs, false);
    await requests.watch({ key: "k", all: false }, 7, 1_700);
    await requests.watch({ key: "f/", all: true }, 7, 10 ** 9);
    await requests.names("f/");
    await requests.create(9_000);
    await requests.renew("an-id", true);
  });
  const session = { Name: "baton", TTL: "9000ms", LockDelay: "0s", Behavior: "delete" };
  const lists = { Checks: [], NodeChecks: [] };
  const txn = [{ KV: verbs[0] }];
  const expected = [
    ["PUT", "txn?nonce=n0&dc=d&consistent", txn],
    ["PUT", "txn?nonce=n1&dc=d", txn],
    // Consul waits for up to a sixteenth longer.
    ["GET", "kv/k?nonce=n2&dc=d&index=7&wait=1600ms&consistent"],
    ["GET", "kv/f/?nonce=n3&dc=d&index=7&wait=564705ms&recurse&consistent"],
    ["GET", "kv/f/?nonce=n4&dc=d&keys"],
    ["PUT", "session/create?nonce=n5&dc=d", { ...session, ...lists }],
    ["PUT", "session/renew/an-id?nonce=n6&dc=d", ""],
  ];
  const seen = sent.map(({ url, init: { method, body } }) => [
    method,
    url.replace("http://h/x/v1/", ""),
    ...body === undefined ? [] : [body === "" ? "" : JSON.parse(String(body))],
  ]);
  assert.deepEqual(seen, expected);
  for (const { init } of sent) {
    assert.deepEqual([init.headers, init.redirect], [{ a: "b" }, "manual"]);
    assert.equal(Object.hasOwn(init, "signal"), false);
  }
});

Deno.test("Consul: an answer says what was found, at which time, and why nothing was written", async () => {
  const write = (requests: Requests) => requests.transact(verbs, false);
  assert.deepEqual((await asking([FINE], write)).value, { found: [KEY], now: NOW });
  const undone = (...What: readonly string[]): Said => [
    409,
    { Results: null, Errors: What.map((What) => ({ OpIndex: 0, What })) },
  ];
  const rows = [
    [undone("failed to check index"), "changed"],
    [undone('invalid session "x"'), "no session"],
    [undone("failed to lock key, invalid session"), "changed"],
    [undone("failed to check index", 'invalid session "x"'), "no session"],
    [undone("no Permission denied"), "changed"],
  ] as const;
  for (const [said, why] of rows) assert.equal((await asking([said], write)).value, why);
  const denied = await failure([undone("failed to check", "Permission denied: token")], write);
  assert.deepEqual([denied.code, denied.message.includes("ACL token")], ["unauthorized", true]);
});

Deno.test("Consul: who watches hears of the last change, and whether there is a key", async () => {
  const watch = (requests: Requests) => requests.watch({ key: "k", all: false }, 7, 1_000);
  const index = { "x-consul-index": "9" };
  assert.deepEqual((await asking([[200, [{}], index]], watch)).value, [9, true]);
  assert.deepEqual((await asking([[404, "", index]], watch)).value, [9, false]);
  for (const headers of [{}, { "x-consul-index": "0" }, { "x-consul-index": "x" }]) {
    assert.ok(await failure([[200, [{}], headers]], watch) instanceof UnknownOutcome);
  }
  assert.deepEqual((await asking([[200, [{}], { "x-consul-index": "1" }]], watch)).value, [
    1,
    true,
  ]);
});

Deno.test("Consul: names and sessions are those of the answer, and a missing one is none", async () => {
  const names = (requests: Requests) => requests.names("f/");
  assert.deepEqual((await asking([[200, ["f/a", "f/b"]]], names)).value, ["f/a", "f/b"]);
  assert.deepEqual((await asking([[404, ""]], names)).value, []);
  const create = (requests: Requests) => requests.create(9_000);
  assert.equal((await asking([[200, { ID: "an-id" }]], create)).value, "an-id");
  for (const ID of [undefined, 5, "", "a/b", "a b", "/a", "a/"]) {
    assert.ok(await failure([[200, { ID }]], create) instanceof UnknownOutcome, `${ID}`);
  }
  const renew = (requests: Requests) => requests.renew("an-id", true);
  assert.equal((await asking([[200, [{ ID: "an-id" }]]], renew)).value, true);
  assert.equal((await asking([[404, "Session id 'an-id' not found"]], renew)).value, false);
  assert.ok(await failure([[200, [{ ID: "another" }]]], renew) instanceof UnknownOutcome);
});

Deno.test("Consul: an answer that is not Consul's, or has no time, is none", async () => {
  const write = (requests: Requests) => requests.transact(verbs, false);
  const wrong: readonly Said[] = [
    [200, "no"],
    [200, { Results: [{ KV: KEY }] }],
    [200, { Results: [{ KV: KEY }] }, { date: "x" }],
    [200, { Results: [{ KV: KEY }] }, { date: new Date(0).toUTCString() }],
    [200, { Results: "no" }, DATE],
    [200, { Results: null }, DATE],
    ...[{ ...KEY, Key: 5 }, { ...KEY, CreateIndex: "5" }, { ...KEY, ModifyIndex: 0.5 }].map(
      (KV): Said => [200, { Results: [{ KV: KEY }, { KV }] }, DATE],
    ),
    [409, { Errors: [{ What: "no" }, {}] }],
    [409, "no"],
    [404, ""],
    [500, "no"],
  ];
  for (const said of wrong) {
    assert.ok(await failure([said], write) instanceof UnknownOutcome, JSON.stringify(said));
  }
  const lost: readonly (readonly [Said, (requests: Requests) => Promise<unknown>])[] = [
    [[404, "a proxy's own"], (requests) => requests.names("f/")],
    [[404, "a proxy's own"], (requests) => requests.renew("an-id", true)],
    [[404, ""], (requests) => requests.renew("an-id", true)],
    [[409, { Errors: [] }], (requests) => requests.create(9_000)],
  ];
  for (const [said, ask] of lost) assert.ok(await failure([said], ask) instanceof UnknownOutcome);
});

Deno.test("Consul: once something was written, what is refused or forbidden later is unknown", async () => {
  const denied: Said = [403, "Permission denied"];
  const forbidden = new ConnectionError("enough");
  const made: Said = [200, [{ ID: "an-id" }]];
  const session: Said = [200, { ID: "an-id" }];
  const first: readonly (readonly [
    Said,
    (requests: Requests) => Promise<unknown>,
    wrote: boolean,
  ])[] = [
    [FINE, (requests) => requests.transact(verbs, false), true],
    [FINE, (requests) => requests.transact(verbs, true), false],
    [[409, { Errors: [] }], (requests) => requests.transact(verbs, false), false],
    [made, (requests) => requests.renew("an-id", true), true],
    [made, (requests) => requests.renew("an-id", false), false],
    [session, (requests) => requests.create(9_000), false],
  ];
  for (const [said, ask, wrote] of first) {
    let requests = 0;
    const beforeRequest = () => {
      if (++requests === 3) throw forbidden;
    };
    const known = await failure([said, denied], async (all) => {
      await ask(all);
      await all.transact(verbs, true);
    });
    assert.equal(known instanceof ConnectionError, !wrote, `${ask}`);
    // A look between does not make it known.
    const error = await failure(
      [said, FINE],
      async (all) => {
        await ask(all);
        await all.transact(verbs, true);
        await all.transact(verbs, true);
      },
      {},
      { beforeRequest },
    );
    assert.equal(error === forbidden, !wrote, `${ask}`);
    assert.equal(error instanceof UnknownOutcome, wrote);
  }
});

Deno.test("Consul: no error repeats what was sent, and an abort proves nothing", async () => {
  const headers = { "x-consul-token": "tokenword" };
  const ask = (requests: Requests) => requests.transact([{ Verb: "get", Key: "keyword" }], true);
  for (const word of ["tokenword", "keyword"]) {
    const { message } = await failure([[500, `it said ${word} to me`]], ask, { headers });
    assert.match(message, /\(status 500: it said …/);
    assert.doesNotMatch(message, /tokenword|keyword/);
  }
  const stop = new AbortController();
  stop.abort(new ConnectionError("another backend was not reached"));
  const aborted = await failure(
    [],
    (requests) =>
      whileFetchIs((_, init) => Promise.reject(init?.signal?.reason), () => ask(requests)),
    {},
    { signal: stop.signal },
  );
  assert.ok(aborted instanceof UnknownOutcome, `${aborted}`);
});
