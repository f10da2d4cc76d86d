/** How long it takes until one of many waiters has a lock that was released, and what the wait costs. */

import { consul } from "../../drivers/consul/consul.ts";
import type { Acquire, Driver, Op, Outcome } from "../../drivers/driver.ts";
import { startConsul } from "../servers/consul.ts";
import type { Row } from "./row.ts";
import { spread } from "./statistics.ts";

const WAITERS = 64;
/** In ms: longer than all rounds take. */
const PATIENCE = 120_000;
/** In ms: a wait that ends without a grant. */
const SHORT = 400;
const TABLE = "Those who wait for a lock (consul)";

/** A driver, and how many requests it has sent. */
interface Client {
  readonly driver: Driver;
  requests: number;
}

/** The rows of a real Consul. */
export async function handOverRows({ rounds }: { readonly rounds: number }): Promise<Row[]> {
  const server = await startConsul();
  try {
    const connect = (): Client => ({
      driver: consul({ url: server.url, minTtl: 100 }),
      requests: 0,
    });
    const clients = Array.from({ length: WAITERS }, connect);
    const { driver } = connect();
    const sharing = Array.from({ length: WAITERS }, (): Client => ({ driver, requests: 0 }));
    return [
      await idleRow(connect(), clients),
      // Two, so that there is another one when the first has it.
      await busyRow(server.url, "2 drivers", clients.slice(0, 2), rounds, 3),
      // As in one process: they stand in line there, and one of them waits at Consul.
      await busyRow(server.url, `${WAITERS} of one driver`, sharing, rounds, 3),
      // All wake up at once, and all are in this process. A queue would need writes while they wait.
      await busyRow(server.url, `${WAITERS} drivers`, clients, rounds),
    ];
  } finally {
    await server.stop();
  }
}

/** What waiters send in one patience while nothing happens, when they have asked before. */
async function idleRow(holder: Client, clients: readonly Client[]): Promise<Row> {
  const mine = acquisition("idle", 0);
  await send(holder, mine);
  const wait = () => Promise.all(clients.map((each) => send(each, acquisition("idle", SHORT))));
  await wait();
  for (const each of clients) each.requests = 0;
  await wait();
  return {
    table: TABLE,
    name: `requests of each of ${WAITERS} in one patience, while nothing happens`,
    value: Math.max(...clients.map(({ requests }) => requests)),
    limit: 1,
    timed: false,
  };
}

/** From the answer to the release until one of them has it, against a bare write in the same round. */
async function busyRow(
  url: string,
  whose: string,
  clients: readonly Client[],
  rounds: number,
  limit?: number,
): Promise<Row> {
  const name = `busy ${whose}`;
  const holder: Client = { driver: consul({ url, minTtl: 100 }), requests: 0 };
  let current = { client: holder, op: acquisition(name, 0) };
  await send(current.client, current.op);
  const waiting = new Map<Client, Promise<{ client: Client; op: Acquire }>>();
  const enter = (client: Client): void => {
    const op = acquisition(name, PATIENCE);
    waiting.set(client, send(client, op).then(() => ({ client, op })));
  };
  for (const client of clients) enter(client);
  const times: number[] = [];
  for (let round = -2; round < rounds; round++) {
    // Until all of them are held by the server again.
    const bare = [];
    for (let n = 0; n < 10; n++) bare.push(await bareWrite(url));
    const { client, op } = current;
    await send(client, { op: "release", resource: op.resource, seat: op.seat, id: op.id });
    const start = performance.now();
    current = await Promise.race(waiting.values());
    const took = performance.now() - start;
    waiting.delete(current.client);
    if (client !== holder) enter(client);
    if (round >= 0) times.push(took / spread(bare).median);
  }
  const { op, client } = current;
  const rest = [...waiting.values()];
  await send(client, { op: "release", resource: op.resource, seat: op.seat, id: op.id });
  for (let left = rest.length; left > 0; left--) {
    const next = await Promise.race(rest);
    rest.splice(rest.findIndex((each) => each === waiting.get(next.client)), 1);
    await send(next.client, { ...next.op, op: "release" });
  }
  const { median, low, high } = spread(times);
  return {
    table: TABLE,
    name: `from the answer to a release to the grant of one of ${whose}, in bare writes`,
    value: median,
    low,
    high,
    ...limit !== undefined && { limit },
    timed: true,
  };
}

/** A bare write of a key, in ms. */
async function bareWrite(url: string): Promise<number> {
  const start = performance.now();
  const answer = await fetch(`${url}/v1/kv/bare`, { method: "PUT", body: `${start}` });
  await answer.text();
  return performance.now() - start;
}

function acquisition(name: string, patience: number): Acquire {
  const [seat, value, ttl] = ["", "", 600_000];
  return {
    op: "acquire",
    resource: `lock:${name}`,
    seat,
    value,
    ttl,
    patience,
    id: crypto.randomUUID(),
  };
}

async function send(client: Client, op: Op): Promise<Outcome> {
  const [outcome] = await client.driver.apply([op], {
    beforeRequest: () => void client.requests++,
  });
  return outcome!;
}
