/**
 * What the driver of Durable Objects says of what goes wrong, and what the class does then.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { durableObject } from "../../../drivers/durable_object/durable_object.ts";
import { encodeOps } from "../../../drivers/kit/codec.ts";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { acquire } from "../acquire.ts";
import { inProcess } from "./in_process.ts";

const LOCK = { resource: "lock:x", seat: "" };
const RELEASE: Op = { op: "release", ...LOCK };
const PATIENT = { patience: 60_000 };

async function first(driver: Driver, op: Op): Promise<Outcome> {
  return (await driver.apply([op]))[0]!;
}

/** The error of a request that meets this. */
async function errorOf(fault: (request: Request) => unknown): Promise<Error> {
  const object = inProcess();
  object.meet(fault);
  const driver = durableObject(object.namespace);
  const error = await driver.apply([acquire("an-id-that-is-secret")]).then(
    () => assert.fail("it was answered"),
    (error: Error) => error,
  );
  assert.doesNotMatch(`${error} ${JSON.stringify(error)}`, /secret/);
  return error;
}

Deno.test("an object with too much to do has done nothing; what else a call throws is unknown", async () => {
  const overloaded = await errorOf(() => {
    throw Object.assign(new Error("Durable Object is overloaded. Requests queued for too long."), {
      overloaded: true,
    });
  });
  assert.ok(overloaded instanceof ConnectionError && overloaded.retryable, `${overloaded}`);
  assert.match(
    overloaded.message,
    /nothing was written \(Durable Object is overloaded\..*; the object has too much to do/,
  );
  const others = [
    Object.assign(new Error("Network connection lost."), { retryable: true }),
    Object.assign(new Error("Durable Object reset because its code was updated."), {
      remote: true,
    }),
    Object.assign(new Error("internal error"), { overloaded: "yes" }),
    new TypeError("x"),
    "a text",
    undefined,
  ];
  for (const thrown of others) {
    const error = await errorOf(() => {
      throw thrown;
    });
    assert.ok(error instanceof UnknownOutcome && error.retryable, `${error}`);
  }
});

Deno.test("an answer that is not the class's is unknown", async () => {
  const refusal = (body: string) => new Response(body, { status: 409 });
  for (
    const answer of [
      () => new Response("<html>no</html>", { status: 502 }),
      () => new Response("hello"),
      () => new Response('{"v":1,"outcomes":[]}'),
      () => new Response("not found: an-id-that-is-secret", { status: 404 }),
      () => refusal("no"),
      () => refusal("null"),
      () => refusal('{"refused":1}'),
    ]
  ) {
    const error = await errorOf(answer);
    assert.ok(error instanceof UnknownOutcome, `${error}`);
  }
});

Deno.test("a class with another version of the protocol does nothing, and the error says what to deploy", async () => {
  // What it will be asked by a newer driver; nothing of that is understood.
  const object = inProcess();
  const stub = object.namespace.get("baton");
  const answer = await stub.fetch("https://baton/apply/2?n", { method: "POST", body: "{}" });
  assert.equal(answer.status, 409);
  assert.deepEqual(JSON.parse(await answer.text()), { refused: "unknown path", knows: 1 });
  const errors = await Promise.all(
    [0, 2].map((knows) =>
      errorOf(() => Response.json({ refused: "unknown path", knows }, { status: 409 }))
    ),
  );
  for (const error of errors) {
    assert.ok(error instanceof ConnectionError && error.retryable, `${error}`);
    assert.match(error.message, /so nothing was written: /);
  }
  const [older, newer] = errors.map(({ message }) => message);
  assert.match(
    `${older}`,
    /class BatonObject has an older Baton.*; deploy the Worker that exports it/,
  );
  assert.match(
    `${newer}`,
    /this Worker has an older Baton.*; deploy it with the Baton of the class/,
  );
});

Deno.test("a storage with newer tables is refused, whatever is asked", async () => {
  const { database, namespace } = inProcess();
  const driver = durableObject(namespace);
  await driver.apply([acquire("a")]);
  database.exec("update baton_state set version = 99");
  for (const op of [acquire("b"), RELEASE, { op: "inspect", ...LOCK } as const]) {
    await assert.rejects(driver.apply([op]), (error: Error) => {
      assert.ok(error instanceof ConnectionError && !error.retryable, `${error}`);
      return /nothing was written: its tables are version 99, but this Baton knows 1/.test(
        error.message,
      );
    });
  }
});

Deno.test("a batch that fails has done nothing; after a wait it is unknown, and nobody is told of a grant", async () => {
  const { database, namespace } = inProcess();
  const driver = durableObject(namespace);
  database.exec(`create trigger refuse before insert on baton_leases when new.resource = 'lock:bad'
    begin select raise(abort, 'not this one'); end`);
  const bad = acquire("bad", { resource: "lock:bad" });
  await assert.rejects(driver.apply([acquire("a"), bad]), (error: Error) => {
    assert.ok(error instanceof ConnectionError && !error.retryable, `${error}`);
    return /nothing was written: not this one/.test(error.message);
  });
  assert.deepEqual((await first(driver, { op: "inspect", ...LOCK })).leases, []);

  // The one that waits is granted by a batch that fails: it is not granted then.
  await driver.apply([acquire("holder")]);
  const waiting = driver.apply([acquire("next", PATIENT)]);
  const after = driver.apply([acquire("third", PATIENT), bad]);
  await assert.rejects(driver.apply([RELEASE, bad]), ConnectionError);
  await assert.rejects(waiting, UnknownOutcome);
  await assert.rejects(after, UnknownOutcome);
  assert.deepEqual((await first(driver, { op: "inspect", ...LOCK })).leases[0]?.id, "holder");

  // What comes after a wait fails: the wait was granted, so it is unknown.
  const granted = driver.apply([acquire("next", PATIENT), bad]);
  const last = driver.apply([acquire("last", PATIENT)]);
  await driver.apply([RELEASE]);
  await assert.rejects(granted, UnknownOutcome);
  await assert.rejects(last, UnknownOutcome);
  assert.deepEqual((await first(driver, { op: "inspect", ...LOCK })).leases[0]?.id, "next");
});

Deno.test("who leaves is told by one request more, and only if it may have waited", async () => {
  const { namespace, urls } = inProcess();
  const driver = durableObject(namespace);
  await driver.apply([acquire("holder")]);
  const counts: number[] = [];
  for (const patience of [0, 60_000]) {
    const ended = new AbortController();
    const before = urls.length;
    let reported = 0;
    const call = driver.apply([acquire("next", { patience })], {
      signal: ended.signal,
      beforeRequest: () => void reported++,
    });
    ended.abort();
    await assert.rejects(call, UnknownOutcome);
    counts.push(urls.length - before);
    assert.equal(reported, counts.at(-1));
  }
  assert.deepEqual(counts, [1, 2]);
  const [applied, left] = urls.slice(-2).map((url) => new URL(url));
  assert.deepEqual([applied?.pathname, left?.pathname], ["/apply/1", "/leave/1"]);
  assert.equal(applied?.search, left?.search);
  await driver.apply([RELEASE]);
  assert.deepEqual((await first(driver, { op: "inspect", ...LOCK })).leases, []);
});

Deno.test("what comes of a leaving is read, and nobody hears of it, be it an error", async () => {
  for (const answer of ["an error", "a text", "nothing at once"]) {
    let read = 0;
    const stop = new AbortController();
    const driver = durableObject({
      idFromName: (name) => name,
      get: () => ({
        fetch(url, init) {
          if (!url.includes("/leave/")) {
            assert.equal(init.signal, stop.signal);
            return new Promise((_, reject) => stop.signal.addEventListener("abort", reject));
          }
          assert.equal(init.method, "POST");
          if (answer === "nothing at once") throw new Error("it is over");
          if (answer === "an error") return Promise.reject(new Error("it is gone"));
          return Promise.resolve({ status: 200, text: () => Promise.resolve(`${read++}`) });
        },
      }),
    });
    const call = driver.apply([acquire("next", PATIENT)], { signal: stop.signal });
    stop.abort();
    await assert.rejects(call, UnknownOutcome);
    // What nobody has caught is told after a turn.
    await new Promise((turn) => setTimeout(turn));
    assert.equal(read, answer === "a text" ? 1 : 0);
  }
});

Deno.test("what forbids a request is thrown as it is, whatever it is, and nothing is sent", async () => {
  const { namespace, urls } = inProcess();
  const driver = durableObject(namespace);
  for (const reason of [new ConnectionError("enough"), new TypeError("enough"), "enough"]) {
    const beforeRequest = (): void => {
      throw reason;
    };
    const call = driver.apply([acquire("a")], { beforeRequest });
    assert.equal(await call.catch((error: unknown) => error), reason);
  }
  assert.deepEqual(urls, []);
});

Deno.test("every call has a way of its own, and every request another URL", async () => {
  const { namespace, urls } = inProcess();
  let ways = 0;
  const driver = durableObject({
    idFromName: (name: string) => `id of ${name}`,
    get(id: string, options) {
      ways++;
      assert.deepEqual([id, options], ["id of eu", { locationHint: "weur" }]);
      return namespace.get(id);
    },
  }, { object: "eu", locationHint: "weur" });
  for (let n = 0; n < 3; n++) await driver.apply([{ op: "inspect", ...LOCK }]);
  assert.deepEqual([ways, new Set(urls).size], [3, 3]);
});

Deno.test("what is no binding, and options that cannot be right, are refused before any request", async () => {
  const { namespace, urls } = inProcess();
  for (const wrong of [undefined, null, {}, "BATON", { get: () => {} }]) {
    assert.throws(() => durableObject(wrong as never), InvalidArgument);
  }
  for (const object of ["", "x".repeat(513)]) {
    assert.throws(() => durableObject(namespace, { object }), InvalidArgument);
  }
  durableObject(namespace, { object: "x".repeat(512) });
  assert.throws(() => durableObject(namespace, { objects: "a" } as never), /did you mean object/);
  // A cursor of another list is noticed before anything before it is done.
  const list: Op = { op: "list", prefix: "lock:", after: '["other:","x"]', limit: 10 };
  await assert.rejects(durableObject(namespace).apply([acquire("a"), list]), InvalidArgument);
  assert.deepEqual(urls, []);
});

Deno.test("the class answers 500 when it fails after a wait, and touches nothing for no operations", async () => {
  let statements = 0;
  const { database, namespace } = inProcess({ statement: () => void statements++ });
  const driver = durableObject(namespace);
  const send = (ops: readonly Op[]) =>
    namespace.get("x").fetch("https://baton/apply/1?n", { method: "POST", body: encodeOps(ops) });
  const before = statements;
  const empty = await send([]);
  assert.deepEqual([empty.status, statements], [200, before]);
  await driver.apply([acquire("holder")]);
  database.exec(`create trigger refuse before insert on baton_leases when new.resource = 'lock:bad'
    begin select raise(abort, 'not this one'); end`);
  const late = send([acquire("next", PATIENT), acquire("bad", { resource: "lock:bad" })]);
  // It waits.
  await new Promise((turn) => setTimeout(turn));
  await driver.apply([RELEASE]);
  const { status } = await late;
  assert.equal(status, 500);
});

Deno.test("the class refuses what no driver sends, and does nothing", async () => {
  const { namespace, database } = inProcess();
  const send = async (path: string, body: string) => {
    const answer = await namespace.get("x").fetch(`https://baton${path}`, { method: "POST", body });
    return [answer.status, await answer.text()] as const;
  };
  const long = JSON.stringify({
    v: 1,
    ops: [acquire("i"), acquire("j", { value: "v".repeat(65_537) })],
  });
  for (
    const [path, body] of [["/", "{}"], ["/apply/1", "{"], ["/apply/1", '{"v":2,"ops":[]}'], [
      "/apply/1",
      long,
    ]]
  ) {
    const [status, text] = await send(`${path}`, `${body}`);
    assert.equal(status, 409, text);
    assert.match(text, /"refused"/);
  }
  const [row] = database.prepare("select count(*) as rows from baton_leases").all();
  assert.equal(row?.["rows"], 0);
  assert.ok(database instanceof DatabaseSync);
});
