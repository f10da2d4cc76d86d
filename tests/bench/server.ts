/**
 * Redis and its Upstash front end in a process of their own, so that the server's work does not
 * share the event loop with the clients that are measured. A line on standard input says by how many
 * milliseconds to delay every answer from now on, and is answered by a line with what was counted
 * since the line before. It ends when standard input closes, so a bench that was killed leaves
 * nothing behind.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { startRedis } from "../servers/redis.ts";
import { startUpstash } from "../servers/upstash.ts";
import { counterOf } from "./counter.ts";

const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const redis = await startRedis();
try {
  const upstash = await startUpstash(redis);
  const count = counterOf(upstash);
  await count();
  print({ url: upstash.url, token: upstash.token });
  for await (const line of createInterface({ input: process.stdin })) {
    const delay = Number(line);
    upstash.faults.always(() => delay > 0 ? { delay } : "pass");
    print(await count());
  }
  await upstash.stop();
} finally {
  await redis.stop();
}
process.exit(0);
