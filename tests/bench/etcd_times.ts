/** What etcd takes, against one bare transaction of the same server in the same round. */
import { etcd } from "../../drivers/etcd/etcd.ts";
import { Coordinator } from "../../mod.ts";
import { acquire, release, renew } from "../conformance/operations.ts";
import { type EtcdServer, startEtcd } from "../servers/etcd.ts";
import { startChild } from "./child.ts";
import { contest, type Effort, timeOf } from "./contest.ts";
import type { Row } from "./row.ts";
import { ratios, type Spread } from "./statistics.ts";

const WAITERS = 64;
/** The processes in which all of them but one wait. */
const CHILDREN = 7;
/** How often Tooz looks whether a lock is free, in ms. */
const TOOZ = 1_000;

/** All rows, on a server of their own. */
export async function etcdRows(effort: Effort): Promise<Row[]> {
  const server = await startEtcd();
  try {
    return [
      ...await singleRows(server, effort),
      await handOverRow(server, Math.ceil(effort.rounds / 8)),
      await askingRow(server),
      ...await waitingRows(server),
    ];
  } finally {
    await server.stop();
  }
}

const TABLE = "etcd, loopback, in units of a bare transaction that writes";

/** Writes one key, as a bare client does. */
function bare({ url }: EtcdServer): () => Promise<void> {
  const body = JSON.stringify({
    compare: [{ target: "CREATE", result: "GREATER", create_revision: "0", key: btoa("bare") }],
    failure: [{ request_put: { key: btoa("bare"), value: btoa("1") } }],
    success: [{ request_put: { key: btoa("bare"), value: btoa("2") } }],
  });
  return async () => {
    const response = await fetch(`${url}/v3/kv/txn`, { method: "POST", body });
    if (!response.ok) throw new Error(await response.text());
    await response.json();
  };
}

async function singleRows(server: EtcdServer, effort: Effort): Promise<Row[]> {
  const driver = etcd({ url: server.url });
  const held = Array.from({ length: 100 }, (_, n) => acquire(`lock:${n}`));
  await driver.apply(held);
  const many = Array.from({ length: 1_000 }, (_, n) => acquire(`lock:of many ${n}`));
  await driver.apply(many);
  const pair = async (): Promise<void> => {
    const mine = acquire("lock:pair");
    await driver.apply([mine]);
    await driver.apply([release(mine)]);
  };
  const standings = await contest(["a bare transaction", bare(server)], [
    ["acquire and release", pair],
    ["renew", () => driver.apply([renew(held[0]!)])],
    ["renew 100 leases", () => driver.apply(held.map((each) => renew(each)))],
    ["renew 1,000 leases", () => driver.apply(many.map((each) => renew(each)))],
    ["be refused", () => driver.apply([acquire("lock:0")])],
  ], effort);
  return standings.map(({ name, median, low, high }): Row => (
    { table: TABLE, name, value: median, low, high, timed: true }
  ));
}

/** From a clean release to the next grant, while the others wait in processes of their own. */
async function handOverRow(server: EtcdServer, rounds: number): Promise<Row> {
  const once = bare(server);
  const args = [server.url, `${(WAITERS - 1) / CHILDREN}`];
  const others = await Promise.all(
    Array.from({ length: CHILDREN }, () => startChild("etcd_waiters.ts", args)),
  );
  await using giver = new Coordinator(etcd({ url: server.url }), { ttl: 60_000 });
  await using taker = new Coordinator(etcd({ url: server.url }), { ttl: 60_000 });
  const [times, bases]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const name = `wanted ${round}`;
    const lease = await giver.getLock(name).hold();
    const taken = taker.getLock(name).hold();
    await queued(server, 1);
    const done = others.map((each) => each.ask(name));
    await queued(server, WAITERS);
    bases.push(await timeOf(once, 5) / 5);
    const start = performance.now();
    const [next] = await Promise.all([taken, lease.release()]);
    times.push(performance.now() - start);
    await next.release();
    await Promise.all(done);
  }
  await Promise.all(others.map((each) => each[Symbol.asyncDispose]()));
  return rowOf(`hand-over to the first of ${WAITERS} waiters`, ratios(times, bases), 3);
}

/** Until so many wait. */
async function queued({ url }: EtcdServer, count: number): Promise<void> {
  const body = JSON.stringify({
    key: btoa("baton/queue/"),
    range_end: btoa("baton/queue0"),
    count_only: true,
  });
  for (;;) {
    const answer = await (await fetch(`${url}/v3/kv/range`, { method: "POST", body })).json();
    if (Number(answer.count ?? 0) >= count) return;
  }
}

/** What a waiter gets that looks each second, as Tooz does. */
async function askingRow(server: EtcdServer): Promise<Row> {
  const once = bare(server);
  const [holder, asker] = [etcd({ url: server.url }), etcd({ url: server.url })];
  const [times, bases]: [number[], number[]] = [[], []];
  for (let round = 0; round < 5; round++) {
    const mine = acquire("lock:asked");
    await holder.apply([mine]);
    bases.push(await timeOf(once, 1));
    const asked = (async () => {
      const theirs = acquire("lock:asked");
      while (!(await asker.apply([theirs]))[0]?.ok) {
        await new Promise((resolve) => setTimeout(resolve, TOOZ));
      }
      await asker.apply([release(theirs)]);
    })();
    // Somewhere between two looks.
    await new Promise((resolve) => setTimeout(resolve, TOOZ * (round + 0.5) / 5));
    const start = performance.now();
    await Promise.all([asked, holder.apply([release(mine)])]);
    times.push(performance.now() - start);
  }
  return rowOf("hand-over where the waiter looks each second, as in Tooz", ratios(times, bases));
}

/** What a coordinator lets one acquisition wait with a ttl of so many ms: a quarter of it. */
const TTL = 30_000;
const PATIENCE = TTL / 4;

/** How many requests a wait takes in which nothing happens, if it goes on after one that was the same. */
async function waitingRows(server: EtcdServer): Promise<Row[]> {
  const resource = "lock:counted";
  await etcd({ url: server.url }).apply([acquire(resource)]);
  let requests = 0;
  const beforeRequest = (): void => void requests++;
  const drivers = Array.from({ length: WAITERS }, () => etcd({ url: server.url }));
  const wait = () =>
    Promise.all(
      drivers.map((each) =>
        each.apply([acquire(resource, { ttl: TTL, patience: PATIENCE })], { beforeRequest })
      ),
    );
  await wait();
  requests = 0;
  const [asked] = await Promise.all([asToozWaits(server, PATIENCE), wait()]);
  const table = `etcd: requests of each that waits ${PATIENCE} ms in vain`;
  const ours = "it lines up, watches, and leaves";
  const theirs = "a lease of etcd's and a try each second, as Tooz does";
  return [
    { table, name: ours, value: requests / WAITERS, limit: 3, timed: false },
    { table, name: theirs, value: asked, timed: true },
  ];
}

/** Tooz's way to wait for a lock. Answers how many requests it took. */
async function asToozWaits({ url }: EtcdServer, ms: number): Promise<number> {
  const ask = async (path: string, body: object): Promise<{ ID?: string }> =>
    await (await fetch(`${url}/v3${path}`, { method: "POST", body: JSON.stringify(body) })).json();
  const key = btoa("tooz");
  await ask("/kv/put", { key, value: btoa("somebody") });
  const compare = [{ target: "CREATE", result: "EQUAL", create_revision: "0", key }];
  let requests = 0;
  for (const start = performance.now(); performance.now() - start < ms;) {
    const { ID: lease } = await ask("/lease/grant", { TTL: `${TTL / 1_000}` });
    await ask("/kv/txn", { compare, success: [{ request_put: { key, value: key, lease } }] });
    requests += 2;
    await new Promise((resolve) => setTimeout(resolve, TOOZ));
  }
  return requests;
}

function rowOf(name: string, { median, low, high }: Spread, limit?: number): Row {
  const row = { table: TABLE, name, value: median, low, high, timed: true };
  return limit === undefined ? row : { ...row, limit };
}
