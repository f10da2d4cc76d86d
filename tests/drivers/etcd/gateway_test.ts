/**
 * What is sent to which member, where every answer is chosen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { type Answer, canned, did, no, refusal, type Sent, TERM, YES } from "./canned.ts";

const FINE = did([{ response_range: {} }]);
const LOOK = [inspect("lock:a")];
const HEADERS = { "content-type": "application/json", "grpc-metadata-hasleader": "true" };
const USER = { user: "baton", password: "passw0rd" };

Deno.test("etcd: a request has its headers and a nonce of its own, follows no redirect, and says who asks", async () => {
  const { driver, sent } = canned(({ path }) => path.includes("auth") ? { token: "t" } : FINE, {
    ...USER,
    apiVersion: "v3beta",
  });
  await driver.apply(LOOK);
  await driver.apply(LOOK);
  const [login, first, second] = sent as [Sent, Sent, Sent];
  assert.equal(sent.length, 3);
  assert.deepEqual([login.path, login.body], ["/v3beta/auth/authenticate", {
    name: "baton",
    password: "passw0rd",
  }]);
  assert.deepEqual(login.init.headers, HEADERS);
  for (const { path, init } of [first, second]) {
    assert.equal(path, "/v3beta/kv/txn");
    assert.deepEqual(init.headers, { ...HEADERS, authorization: "t" });
    assert.deepEqual([init.method, init.redirect], ["POST", "manual"]);
  }
  assert.ok(first.nonce && second.nonce && first.nonce !== second.nonce);
});

Deno.test("etcd: a login that gives no token is no answer", async () => {
  for (const answer of [{}, { token: 5 }]) {
    const { driver, sent } = canned(() => answer, USER);
    await assert.rejects(driver.apply(LOOK), UnknownOutcome);
    assert.equal(sent.length, 1);
  }
});

/** Three members; each row is what the next request meets, and who was asked for it, in order. */
const MEMBERS = ["http://a:1", "http://b:1", "http://c:1"];
const GONE = new TypeError("client error (Connect)");
const TURNS: readonly (readonly [what: string, answers: readonly Answer[], hosts: string])[] = [
  ["it is answered", [FINE], "a"],
  ["a refusal is an answer", [refusal(3, "etcdserver: no")], "a"],
  ["no leader", [refusal(14, "etcdserver: no leader", 503)], "a"],
  ["so the next one is asked", [FINE], "b"],
  ["nonsense", [new Response("no", { status: 503 })], "b"],
  ["so the next one is asked", [FINE], "c"],
  // As Node's errors have a code.
  ["cut off", [Object.assign(new TypeError("terminated"), { code: "ECONNRESET" })], "c"],
  ["so it is the first one's turn", [FINE], "a"],
  ["not reached", [GONE, FINE], "ab"],
  ["it stays there", [FINE], "b"],
  ["none is reached", [GONE, GONE, GONE], "bca"],
  ["it begins where it was", [FINE], "b"],
];

Deno.test("etcd: the member that answered last is asked, and the next one when it was not reached or is not well", async () => {
  let answers: Answer[] = [];
  const { driver, sent } = canned(() => answers.shift() ?? new Error("too many"), { url: MEMBERS });
  for (const [what, each, hosts] of TURNS) {
    answers = [...each];
    sent.length = 0;
    let counted = 0;
    const call = driver.apply(LOOK, { beforeRequest: () => void counted++ });
    const error = await call.then(() => undefined, (error) => error);
    assert.equal(sent.map(({ host }) => host[0]).join(""), hosts, what);
    assert.equal(counted, hosts.length, what);
    assert.equal(error === undefined, each.at(-1) === FINE, `${what}: ${error}`);
    if (each.at(-1) === GONE) assert.ok(error instanceof ConnectionError && error.retryable);
  }
});

Deno.test("etcd: a member that does not know a lease of etcd's is well, and another lease is asked for", async () => {
  const lost = refusal(5, "etcdserver: requested lease not found", 404);
  let txns = 0;
  const { driver, sent } = canned(({ path }) => {
    if (path.endsWith("grant")) return TERM;
    return txns++ === 0 ? lost : did([YES]);
  }, { url: MEMBERS });
  assert.equal((await driver.apply([acquire("lock:a")]))[0]?.ok, true);
  assert.equal(sent.map(({ host }) => host[0]).join(""), "aaaa");
});

Deno.test("etcd: two calls that meet one broken member go on by one member, not by two", async () => {
  const { driver, sent } = canned(
    ({ host }) => host.startsWith("a") ? new Error("cut off") : FINE,
    { url: MEMBERS },
  );
  await Promise.allSettled([driver.apply(LOOK), driver.apply(LOOK)]);
  await driver.apply(LOOK);
  assert.equal(sent.map(({ host }) => host[0]).join(""), "aab");
});

Deno.test("etcd: a token that has ended is asked for once more, whichever way etcd says so", async () => {
  for (
    const [words, again] of [
      ["etcdserver: invalid auth token", true],
      ["etcdserver: revision of auth store is old", true],
      ["a proxy says: etcdserver: invalid auth token", false],
    ] as const
  ) {
    const paths: string[] = [];
    const { driver } = canned(({ path }, n) => {
      paths.push(path.replace(/.*\//, ""));
      if (path.includes("auth")) return { token: `t${n}` };
      return n < 2 ? refusal(16, words, 401) : FINE;
    }, USER);
    await driver.apply(LOOK).catch(() => {});
    const [login, txn] = ["authenticate", "txn"];
    assert.deepEqual(paths, again ? [login, txn, login, txn] : [login, txn], words);
  }
  const never = canned(
    ({ path }) =>
      path.includes("auth") ? { token: "t" } : refusal(16, "etcdserver: invalid auth token", 401),
    USER,
  );
  await assert.rejects(never.driver.apply(LOOK), { code: "unauthorized" });
  assert.equal(never.sent.length, 4);
  // Without a user there is none to ask for.
  const { driver, sent } = canned(() => refusal(16, "etcdserver: invalid auth token", 401));
  await assert.rejects(driver.apply(LOOK), { code: "unauthorized" });
  assert.equal(sent.length, 1);
});

Deno.test("etcd: no error repeats the token or the request, whatever a server sends back", async () => {
  for (const secret of ["tokenword", "success"]) {
    const { driver } = canned(
      ({ path }) =>
        path.includes("auth") ? { token: "tokenword" } : refusal(3, `etcdserver: no ${secret}`),
      USER,
    );
    const { message } = await batonErrorOf(driver.apply(LOOK));
    assert.match(message, /no …/);
    assert.doesNotMatch(message, /tokenword/);
  }
});

Deno.test("etcd: an abort proves nothing, whatever its reason looks like", async () => {
  const stop = new AbortController();
  const reason = new ConnectionError("another backend was not reached");
  const { driver } = canned(() => {
    stop.abort(reason);
    return Promise.reject(reason);
  });
  await assert.rejects(driver.apply(LOOK, { signal: stop.signal }), UnknownOutcome);
});

/** The error of a wait whose watch is answered so. */
async function watched(answer: Answer): Promise<CoordinationError> {
  const key = "baton/leases/lock:a\0\0other";
  const held = { key, value: "1000 v", create_revision: "5" };
  const { driver, paths } = canned(({ path, body }) => {
    if (path.endsWith("grant")) return TERM;
    if (path.endsWith("watch")) return answer;
    const mine = JSON.stringify(body).includes(btoa("none"));
    assert.ok(mine, "it goes to the queue");
    return did([no([held], [], [{ key: "baton/queue/lock:a\0\0mine", create_revision: "7" }])]);
  });
  const waits = driver.apply([acquire("lock:a", { id: "mine", patience: 600_000 })]);
  const error = await batonErrorOf(waits);
  assert.equal(paths().at(-1), "/watch");
  return error;
}

Deno.test("etcd: a watch is read as it comes, and empty lines are no messages", async () => {
  const held = { key: "baton/leases/lock:a\0\0other", value: "1000 v", create_revision: "5" };
  const place = { key: "baton/queue/lock:a\0\0mine", create_revision: "7" };
  const event = { type: "DELETE", kv: { key: btoa(held.key) } };
  let tries = 0;
  const { driver, paths } = canned(({ path }) => {
    if (path.endsWith("grant")) return TERM;
    if (path.endsWith("txn")) return did([tries++ === 0 ? no([held], [place]) : YES]);
    const lines = [{ result: { created: true } }, { result: { events: [event] } }];
    return new Response(lines.map((each) => `${JSON.stringify(each)}\n\n`).join(""));
  });
  const [outcome] = await driver.apply([acquire("lock:a", { id: "mine", patience: 600_000 })]);
  assert.equal(outcome?.ok, true);
  assert.deepEqual(paths(), ["/lease/grant", "/kv/txn", "/watch", "/kv/txn"]);
});

Deno.test("etcd: a watch that is refused says why, and one that ends or is canceled is no answer", async () => {
  const refused = await watched(refusal(7, "etcdserver: permission denied", 403));
  assert.equal(refused.code, "unauthorized");
  const lines = (...all: readonly unknown[]) =>
    new Response(all.map((each) => `${JSON.stringify(each)}\n\n`).join(""));
  const rows = [
    lines(),
    lines({ result: { created: true } }),
    lines({ result: { created: true } }, { result: { canceled: true } }),
    lines({ error: { grpc_code: 14 } }),
    lines(5),
    new Response("nonsense\n"),
  ];
  for (const row of rows) {
    const { code, message } = await watched(row);
    assert.equal(code, "unknown-outcome");
    assert.match(message, /etcd gave no valid answer/);
  }
});
