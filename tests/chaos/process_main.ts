/**
 * A client in Node or Deno. It ends when standard input closes, however the parent went.
 *
 * @module
 */

import process from "node:process";
import { runClient, type Settings } from "./client.ts";
import { hostClock } from "./host_clock.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as Settings;
const stop = new AbortController();
process.stdin.on("end", () => stop.abort()).on("error", () => stop.abort()).resume();
await runClient(
  settings,
  stop.signal,
  (note) => process.stdout.write(`${JSON.stringify(note)}\n`),
  hostClock(),
);
process.exit(0);
