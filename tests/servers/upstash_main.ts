/**
 * `deno run -A tests/servers/upstash_main.ts [--port N]`: Redis and its Upstash front end for another
 * process. It ends on SIGINT, on SIGTERM, and when standard input closes, so that a parent that was
 * killed leaves nothing behind.
 */
import process from "node:process";
import { ended, portOf } from "./main_process.ts";
import { startRedis } from "./redis.ts";
import { startUpstash } from "./upstash.ts";

const port = portOf(process.argv.slice(2));
const end = ended();
const redis = await startRedis();
try {
  const upstash = await startUpstash(redis, { port });
  process.stdout.write(`${JSON.stringify({ url: upstash.url, token: upstash.token })}\n`);
  await end;
  await upstash.stop();
} finally {
  await redis.stop();
}
process.exit(0);
