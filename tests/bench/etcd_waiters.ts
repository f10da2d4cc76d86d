/**
 * Some of those who wait for a lock, in a process of their own, so that what they do when one of them
 * is granted does not share the event loop of that one. A line on standard input is the name of a lock:
 * each of them has it once, for no time. When all have had it, a line says so.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { etcd } from "../../drivers/etcd/etcd.ts";
import { Coordinator } from "../../mod.ts";

const [url = "", count = "1"] = process.argv.slice(2);
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const members = Array.from(
  { length: Number(count) },
  () => new Coordinator(etcd({ url }), { ttl: 60_000 }),
);
print("ready");
for await (const name of createInterface({ input: process.stdin })) {
  await Promise.all(members.map((member) => member.getLock(name).with(() => {})));
  print("done");
}
process.exit(0);
