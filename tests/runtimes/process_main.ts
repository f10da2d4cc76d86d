/**
 * Runs cases in Deno, Node or Bun: each line on standard input is a job, each line on standard output
 * how one went. It ends when standard input closes, however the parent went.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { type Job, run } from "./package.ts";

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...job } = JSON.parse(line) as Job & { readonly id: number };
  void run(job).then((reply) => process.stdout.write(`${JSON.stringify({ id, reply })}\n`));
}
process.exit(0);
