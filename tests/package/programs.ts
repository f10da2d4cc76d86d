/**
 * Programs of users, as they write them.
 *
 * @module
 */

/** Plain JavaScript for Node: a lock over memory. It prints what happened. */
export const LOCK = `
import { Coordinator } from "@baton/baton";
import { memory } from "@baton/baton/drivers/memory";

const driver = memory();
const one = new Coordinator(driver, { memberId: "one" });
const two = new Coordinator(driver, { memberId: "two" });
const lease = await one.getLock("account:42").hold();
const refused = await two.getLock("account:42").acquire({ blocking: false });
await lease.release();
const after = await two.getLock("account:42").acquire({ blocking: false });
console.log(JSON.stringify({ refused, newer: after.token > lease.token }));
await after.release();
`;

/** A kubeconfig, for {@link LOADED}. */
export const CONFIG = `
current-context: one
contexts: [{ name: one, context: { cluster: c } }]
clusters: [{ name: c, cluster: { server: "https://k8s.example" } }]
`;

/** What needs a client; it prints of each error its code, and what it says to install. */
export const LOADED = `
import { fileURLToPath } from "node:url";
import { kubeconfig } from "@baton/baton/drivers/kubeconfig";
import { getCoordinator } from "@baton/baton/url";

const urls = [
  "redis://host", "postgresql://host/db", "mysql://host/db", "s3://id:secret@bucket/key?region=r",
  "neon://u:p@host/db", "planetscale://u:p@host/db",
];
const file = fileURLToPath(new URL("config", import.meta.url));
const made = [...urls.map((url) => getCoordinator(url)), kubeconfig({ file })];
const errors = await Promise.all(made.map((each) => each.catch((error) => error)));
const told = errors.map(({ code, message }) =>
  code ? [code, /npm install ([^\\s;]+)/.exec(message)?.[1]] : "made"
);
console.log(JSON.stringify(told));
`;

/** Imports the entries named on its command line, and prints which could not be and why. */
export const IMPORTS = `
const failed = {};
for (const entry of process.argv.slice(2)) {
  try {
    await import(entry);
  } catch (error) {
    failed[entry] = error.message;
  }
}
console.log(JSON.stringify({ failed, exitCode: process.exitCode ?? 0 }));
`;

/** TypeScript with every type that a user is likely to name, and the values of all drivers. */
export const TYPED = `
import { Coordinator, type CoordinatorEvent, type Lease } from "@baton/baton";
import { cronJob, type Run } from "@baton/baton/cron";
import type { Driver } from "@baton/baton/drivers/driver";
import { ipc, type IpcOptions } from "@baton/baton/drivers/ipc";
import { memory } from "@baton/baton/drivers/memory";
import { neon } from "@baton/baton/drivers/neon";
import { planetscale } from "@baton/baton/drivers/planetscale";
import { sqlite } from "@baton/baton/drivers/sqlite";
import { upstash } from "@baton/baton/drivers/upstash";
import { withLock } from "@baton/baton/hono";
import { Hono } from "hono";

const folder: IpcOptions = { folder: "/run/my-service" };
const drivers: (() => Driver | Promise<Driver>)[] = [
  () => ipc("my-service", folder),
  () => memory(),
  () => neon({ url: "postgresql://app:secret@host.neon.tech/db" }),
  () => planetscale({ url: "mysql://app:secret@host.psdb.cloud/db" }),
  () => sqlite("file:./baton.db"),
  () => upstash({ url: "https://host.upstash.io", token: "secret" }),
];
export async function guarded(driver: Driver): Promise<number> {
  const baton = new Coordinator(driver, { on: (event: CoordinatorEvent) => void event.type });
  await using lease: Lease = await baton.getLock("account:42").hold();
  await cronJob(driver, "invoices").run({ slot: 0 }, async ({ signal }: Run) => void signal);
  return lease.token;
}
const app = new Hono();
app.post("/charge", withLock(() => new Coordinator(memory()), "account:42"), (c) => c.text("ok"));
// @ts-expect-error -- a token is a number, so the package's types are no "any"
const wrong: string = await guarded(memory());
console.log(drivers.length, wrong, app);
`;
