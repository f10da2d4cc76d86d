/**
 * A database and its vendor's front end in a process of their own, so that the server's work does not
 * share the event loop with the clients that are measured. A line on standard input is answered by
 * the number of HTTP requests since the line before. It ends when standard input closes, so a bench
 * that was killed leaves nothing behind.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { backendOf } from "../backends/mod.ts";
import type { SqlHello } from "./sql_ways.ts";

const { wire, table, stop } = await backendOf(process.argv[2] ?? "", "wire", "table").start();
try {
  const hello: SqlHello = { url: wire.url, direct: table.login };
  process.stdout.write(`${JSON.stringify(hello)}\n`);
  let seen = wire.requests;
  for await (const _ of createInterface({ input: process.stdin })) {
    process.stdout.write(`${wire.requests - seen}\n`);
    seen = wire.requests;
  }
} finally {
  await stop();
}
process.exit(0);
