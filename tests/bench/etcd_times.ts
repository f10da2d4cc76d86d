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
      await waitingRow(server),
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
  const pair = async (): Promise<void> => {
    const mine = acquire("lock:pair");
    await driver.apply([mine]);
    await driver.apply([release(mine)]);
  };
  const standings = await contest(["a bare transaction", bare(server)], [
    ["acquire and release", pair],
    ["renew", () => driver.apply([renew(held[0]!)])],
    ["renew 100 leases", () => driver.apply(held.map((each) => renew(each)))],
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

/** How many requests a wait takes in which nothing happens. */
async function waitingRow(server: EtcdServer): Promise<Row> {
  await etcd({ url: server.url }).apply([acquire("lock:counted")]);
  let requests = 0;
  const beforeRequest = (): void => void requests++;
  const drivers = Array.from({ length: WAITERS }, () => etcd({ url: server.url }));
  // Each has its lease of etcd's.
  await Promise.all(drivers.map((each) => each.apply([acquire("lock:counted")])));
  await Promise.all(
    drivers.map((each) =>
      each.apply([acquire("lock:counted", { patience: 2_000 })], { beforeRequest })
    ),
  );
  return {
    table: "etcd, requests",
    name: "of one that waits in vain: a try, a watch, and leaving the queue",
    value: requests / WAITERS,
    timed: false,
  };
}

function rowOf(name: string, { median, low, high }: Spread, limit?: number): Row {
  const row = { table: TABLE, name, value: median, low, high, timed: true };
  return limit === undefined ? row : { ...row, limit };
}
