/**
 * `deno run -A tests/servers/upstash_main.ts [--port N]`: Redis and its Upstash front end for another
 * process. It ends on SIGINT, on SIGTERM, and when standard input closes, so that a parent that was
 * killed leaves nothing behind.
 */
import process from "node:process";
import { startRedis } from "./redis.ts";
import { startUpstash } from "./upstash.ts";

function portOf(args: readonly string[]): number {
  const at = args.indexOf("--port");
  const port = at === -1 ? 0 : Number(args[at + 1]);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error("--port needs a port");
  return port;
}

const port = portOf(process.argv.slice(2));
const ended = new Promise<void>((resolve) => {
  process.once("SIGINT", () => resolve());
  process.once("SIGTERM", () => resolve());
  process.stdin.once("end", () => resolve());
  process.stdin.once("error", () => resolve());
  process.stdin.resume();
});
const redis = await startRedis();
try {
  const upstash = await startUpstash(redis, { port });
  process.stdout.write(`${JSON.stringify({ url: upstash.url, token: upstash.token })}\n`);
  await ended;
  await upstash.stop();
} finally {
  await redis.stop();
}
process.exit(0);
