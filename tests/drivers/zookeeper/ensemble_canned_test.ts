/**
 * Which server a session is opened with, who shares it, and when another one is asked, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { SocketAddress } from "../../../drivers/kit/sockets.ts";
import { Ensemble, type Servers } from "../../../drivers/zookeeper/ensemble.ts";
import type { Session } from "../../../drivers/zookeeper/session.ts";
import { SIGN_OF_LIFE } from "../../../drivers/zookeeper/wire.ts";
import { ConnectionError } from "../../../errors.ts";
import { OPENED, scripted } from "./scripted.ts";

const HOSTS = ["a", "b", "c"];

/** Servers that open sessions, unless a test has it that they do not. */
function ensemble(parts: Partial<Servers> = {}) {
  const asked: string[] = [];
  const sockets: ReturnType<typeof scripted>[] = [];
  const refuses = new Set<string>();
  const silent = new Set<string>();
  const made = new Ensemble({
    servers: HOSTS.map((host) => ({ host, port: 1 })),
    ...{ tls: false, login: undefined, timeout: 9_000, lasting: true },
    connect({ host }: SocketAddress) {
      asked.push(host);
      // What tries for ever is not answered for ever.
      if (asked.length > 20) return new Promise(() => {});
      if (refuses.has(host)) return Promise.reject(new Error("nobody is there"));
      const server = scripted();
      sockets.push(server);
      if (!silent.has(host)) void server.say(OPENED);
      return Promise.resolve(server.socket);
    },
    ...parts,
  });
  return { made, asked, sockets, refuses, silent };
}

/** Runs a test with servers in an order that is known. */
async function inOrder<T>(test: () => Promise<T>): Promise<T> {
  const { random } = Math;
  let dice = 0;
  Math.random = () => dice += 0.1;
  try {
    return await test();
  } finally {
    Math.random = random;
  }
}

const test = (what: string, run: () => Promise<void>): void =>
  Deno.test(`ZooKeeper: ${what}`, () => inOrder(run));

Deno.test("ZooKeeper: the servers are tried in random order, which stays", async () => {
  const orders = new Set<string>();
  for (let n = 0; n < 60; n++) {
    const { made, asked, refuses } = ensemble();
    for (const host of HOSTS) refuses.add(host);
    await assert.rejects(made.enter({}), ConnectionError);
    assert.deepEqual([...asked].sort(), HOSTS, "each once");
    orders.add(asked.join(""));
    const first = asked.splice(0);
    await assert.rejects(made.enter({}));
    assert.deepEqual(asked, first);
  }
  assert.ok(orders.size > 2, `${[...orders]}`);
});

test("calls share a session that lives, and the next server is asked when it was not answered", async () => {
  const { made, asked, sockets } = ensemble();
  const [one, two] = await Promise.all([made.enter({}), made.enter({})]);
  assert.equal(one, two);
  assert.equal(await made.enter({}), one);
  for (let n = 0; n < 3; n++) await made.leave(one, true);
  assert.equal(await made.enter({}), one);
  assert.deepEqual([asked.length, sockets[0]?.told.closed], [1, false]);
  await made.leave(one, false);
  assert.equal(sockets[0]?.told.closed, true);
  const next = await made.enter({});
  // A call of before says so, too.
  next.enter();
  await made.leave(one, false);
  assert.equal(await made.enter({}), next);
  assert.deepEqual(asked, ["a", "b"]);
  await made.leave(next, false);
  for (const host of ["c", "a"]) {
    await made.leave(await made.enter({}), false);
    assert.equal(asked.at(-1), host);
  }
});

test("a server that is not reached is passed over, and asked last from then on", async () => {
  const { made, asked, refuses } = ensemble();
  refuses.add("a");
  const first = await made.enter({});
  await made.leave(first, true);
  assert.deepEqual(asked, ["a", "b"]);
  first.retire();
  const next = await made.enter({});
  assert.deepEqual(asked, ["a", "b", "b"]);
  await made.leave(next, true);
  await made.end();
});

test("what may not be sent is the business of its own call, and counts for each server", async () => {
  const { made, asked, sockets, refuses } = ensemble();
  const reason = new Error("enough");
  let requests = 0;
  const forbidden = {
    beforeRequest: () => {
      requests++;
      throw reason;
    },
  };
  const calls = [made.enter(forbidden), made.enter({})] as const;
  await assert.rejects(calls[0], (error) => error === reason);
  await made.leave(await calls[1], true);
  assert.deepEqual([requests, asked], [1, ["a", "a"]]);
  assert.equal(sockets[0]?.told.closed, true);
  await made.end();
  // None is counted that was not reached.
  refuses.add("a");
  let counted = 0;
  await made.leave(await made.enter({ beforeRequest: () => void counted++ }), true);
  assert.equal(counted, 1);
});

test("a call that is aborted while a session opens leaves it to the others, or closes it and goes on elsewhere", async () => {
  const { made, asked, sockets, silent } = ensemble();
  silent.add("a");
  const [stop, end] = [new AbortController(), new AbortController()];
  const reason = new Error("enough");
  const one = made.enter({ signal: stop.signal });
  const two = made.enter({ signal: end.signal });
  stop.abort(reason);
  await assert.rejects(one, (error) => error === reason);
  assert.deepEqual([asked, sockets[0]?.told.closed], [["a"], false]);
  end.abort(reason);
  await assert.rejects(two, (error) => error === reason);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(sockets[0]?.told.closed, true);
  await made.leave(await made.enter({}), true);
  assert.deepEqual(asked, ["a", "b"]);
});

test("where sockets do not last each call has a session of its own, which ends with it", async () => {
  const { made, asked, sockets } = ensemble({ lasting: false });
  const [one, two] = await Promise.all([made.enter({}), made.enter({})]);
  assert.notEqual(one, two);
  assert.deepEqual(asked, ["a", "a"]);
  await made.leave(one, true);
  assert.deepEqual(sockets.map(({ told }) => told.closed), [true, false]);
  await made.leave(two, false);
  assert.equal(sockets[1]?.told.closed, true);
  await made.leave(await made.enter({}), true);
  assert.equal(asked.at(-1), "b");
});

test("a handle that ends closes its session, and may be used again", async () => {
  const { made, asked, sockets } = ensemble();
  await made.end();
  const session: Session = await made.enter({});
  await made.leave(session, true);
  await made.end();
  assert.equal(sockets[0]?.told.closed, true);
  await made.enter({});
  assert.equal(asked.length, 2);
});

test("the requests of two handles, or of two sessions, do not begin alike", async () => {
  const first = new Set<string>();
  for (let handle = 0; handle < 2; handle++) {
    const { made, sockets } = ensemble();
    for (let n = 0; n < 2; n++) {
      const session = await made.enter({});
      const { sent } = sockets.at(-1)!.told;
      sent.length = 0;
      session.send([SIGN_OF_LIFE]).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 0));
      first.add(sent.join());
      await made.leave(session, false);
    }
  }
  assert.equal(first.size, 4);
});
