/**
 * One checkout of Baton, in a process of its own: it is given the checkout's folder, and runs with that
 * folder's `deno.json`. A line on standard input names an operation and how often it is run; the answer
 * is how long that took, in ms. It imports nothing but the checkout, by the names it exports, so any
 * version can be measured that has these.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

/** The little that is used of Baton. */
interface Baton {
  getLock(name: string): {
    acquire(options: { timeout: number }): Promise<{ release(): Promise<boolean> } | null>;
  };
  heartbeat(): Promise<unknown>;
  cron(job: string): { run(options: { slot: number }, work: () => void): Promise<unknown> };
}

const [, , folder = "", temporary = "", url = "", token = ""] = process.argv;
const root = pathToFileURL(`${folder}/`);
const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));

/** What the checkout exports there. */
const load = (name: string) => import(new URL(exports[name], root).href);

const { Coordinator } = await load(".");
const { memory } = await load("./drivers/memory");
const { sqlite } = await load("./drivers/sqlite");
const { upstash } = await load("./drivers/upstash");
// A name of its own keeps the two checkouts apart in one Redis, in whose scripts and keys they may differ,
// and the operations in one database: cron leaves a record of each claim, and an engine's next operation
// may depend on how many there are.
const drivers: Record<string, (own: string) => unknown> = {
  memory: () => memory(),
  upstash: (keyPrefix) => upstash({ url, token, keyPrefix }),
  // The last: a file in a folder that has changed a moment ago is looked at more closely, and slower.
  sqlite: (own) => sqlite(`${temporary}/${own}.db`),
};
const operations: Record<string, () => Promise<unknown>> = {};
for (const [name, driver] of Object.entries(drivers)) {
  const make = (): Baton => new Coordinator(driver(crypto.randomUUID()), { ttl: 3_600_000 });
  const [baton, holder, crier] = [make(), make(), make()];
  const lock = baton.getLock("lock");
  for (let n = 0; n < 10; n++) await holder.getLock(`held-${n}`).acquire({ timeout: 0 });
  const slot = Date.now();
  let job = 0;
  operations[`${name}: acquire + release`] = async () => {
    const lease = await lock.acquire({ timeout: 0 });
    if (!await lease?.release()) throw new Error("the lock was not ours");
  };
  operations[`${name}: heartbeat of 10 leases`] = () => holder.heartbeat();
  operations[`${name}: cron claim`] = () => crier.cron(`job-${++job}`).run({ slot }, () => {});
}

// Now there are all files and connections.
for (const operation of Object.values(operations)) await operation();

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
print(Object.keys(operations));
for await (const line of createInterface({ input: process.stdin })) {
  const { name, turns } = JSON.parse(line);
  const start = performance.now();
  for (let turn = 0; turn < turns; turn++) await operations[name]?.();
  print(performance.now() - start);
}
process.exit(0);
