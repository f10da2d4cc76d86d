/**
 * Runs in Node, beside workerd: each line on standard input starts an isolate in a workerd of its
 * own, sends it a request or a scheduled event, or ends it; each line on standard output answers one.
 * Everything ends when standard input closes.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import childProcess from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

/** What can be asked for. */
export type Order =
  | {
    readonly start: string;
    /** Files, the entry first. */
    readonly modules: readonly string[];
    /** A compatibility date; the newest that this workerd knows unless given. */
    readonly date?: string;
    readonly bindings: Readonly<Record<string, unknown>>;
    readonly objects?: Objects;
    /** The names of bindings of D1, each of which is an empty database; none unless given. */
    readonly d1?: readonly string[];
  }
  /** A POST with this, or a GET without anything. */
  | { readonly fetch: string; readonly body?: unknown }
  /** Any request; answered are its status and its text. */
  | { readonly send: string; readonly path: string; readonly method: string }
  /** Statements for the D1 of the binding `DB`; answered are the rows of each. */
  | { readonly sql: string; readonly statements: readonly string[] }
  | { readonly scheduled: string; readonly time: number; readonly cron: string }
  | { readonly stop: string }
  /** Ends its process as a crash would. */
  | { readonly kill: string };

/** Durable Objects of an isolate, or of another one that is started in the same folder. */
export interface Objects {
  /** Their class, by the name of the binding, and the isolate that has it if it is another one. */
  readonly bindings: Readonly<
    Record<string, { readonly className: string; readonly scriptName?: string }>
  >;
  /** Where isolates find each other, and where those that have the classes keep what is stored. */
  readonly folder: string;
}

/** The part of miniflare that is used. */
interface Miniflare {
  readonly ready: Promise<URL>;
  dispatchFetch(url: string, init?: { method: string; body?: string }): Promise<Response>;
  getD1Database(binding: string): Promise<D1>;
  getWorker(): Promise<
    {
      scheduled(
        event: { scheduledTime: Date; cron: string },
      ): Promise<{ readonly outcome: string }>;
    }
  >;
  dispose(): Promise<void>;
}

interface D1 {
  prepare(sql: string): unknown;
  batch(statements: unknown[]): Promise<readonly { readonly results: unknown }[]>;
}

interface Package {
  readonly Miniflare: new (options: Readonly<Record<string, unknown>>) => Miniflare;
  readonly supportedCompatibilityDate: string;
}

/** Where the ids of the processes go that are spawned now. */
const spawning = new AsyncLocalStorage<number[]>();
const { spawn } = childProcess;
childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
  const child = spawn(...args);
  if (child.pid !== undefined) spawning.getStore()?.push(child.pid);
  return child;
}) as typeof spawn;

const [modules = ""] = process.argv.slice(2);
const { Miniflare, supportedCompatibilityDate }: Package = createRequire(`${modules}/`)(
  "miniflare",
);
const isolates = new Map<string, Miniflare>();
/** The processes of each. */
const processes = new Map<string, number[]>();

function isolate(name: string): Miniflare {
  const found = isolates.get(name);
  if (!found) throw new Error(`there is no isolate "${name}"`);
  return found;
}

async function obey(order: Order): Promise<unknown> {
  if ("start" in order) return await start(order);
  if ("fetch" in order) {
    const init = { method: "POST", body: JSON.stringify(order.body) };
    const response = await isolate(order.fetch)
      .dispatchFetch("http://worker/", order.body === undefined ? undefined : init);
    const text = await response.text();
    if (!response.ok) throw new Error(`status ${response.status}: ${text}`);
    return JSON.parse(text);
  }
  if ("send" in order) {
    const { send, path, method } = order;
    const response = await isolate(send).dispatchFetch(`http://worker${path}`, { method });
    return { status: response.status, text: await response.text() };
  }
  if ("sql" in order) {
    const database = await isolate(order.sql).getD1Database("DB");
    const answers = await database.batch(order.statements.map((sql) => database.prepare(sql)));
    return answers.map(({ results }) => results);
  }
  if ("scheduled" in order) {
    const worker = await isolate(order.scheduled).getWorker();
    return await worker.scheduled({ scheduledTime: new Date(order.time), cron: order.cron });
  }
  const name = "kill" in order ? order.kill : order.stop;
  const ended = isolate(name);
  isolates.delete(name);
  if ("kill" in order) {
    for (const pid of processes.get(name) ?? []) {
      process.kill(pid, "SIGKILL");
    }
  }
  await ended.dispose();
  return null;
}

async function start(order: Extract<Order, { start: string }>): Promise<{ date: string }> {
  const { start: name, date = supportedCompatibilityDate, bindings, d1 = [], objects } = order;
  const pids: number[] = [];
  await spawning.run(pids, async () => {
    const started = new Miniflare({
      name,
      modules: order.modules.map((path) => ({ type: "ESModule", path })),
      modulesRoot: "/",
      compatibilityDate: date,
      bindings,
      d1Databases: d1,
      host: "127.0.0.1",
      port: 0,
      // Else it would ask a machine of Cloudflare's where we are.
      cf: false,
      ...objects && optionsOf(objects),
    });
    isolates.set(name, started);
    await started.ready;
  });
  processes.set(name, pids);
  return { date };
}

function optionsOf({ bindings, folder }: Objects): Record<string, unknown> {
  const withSqlite = Object.entries(bindings).map(([name, each]) =>
    [name, { ...each, useSQLite: true }] as const
  );
  return {
    durableObjects: Object.fromEntries(withSqlite),
    durableObjectsPersist: join(folder, "storage"),
    unsafeDevRegistryPath: join(folder, "registry"),
    unsafeDevRegistryDurableObjectProxy: true,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as Order & { readonly id: number };
  const answer = (said: Readonly<Record<string, unknown>>): void => {
    process.stdout.write(`${JSON.stringify({ id, ...said })}\n`);
  };
  obey(order).then(
    (reply) => answer({ reply }),
    (error: unknown) => answer({ error: String(error) }),
  );
}
await Promise.all([...isolates.values()].map((each) => each.dispose()));
process.exit(0);
