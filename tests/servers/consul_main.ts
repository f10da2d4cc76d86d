/**
 * `deno run -A tests/servers/consul_main.ts`: a Consul for another process. It ends on SIGINT, on
 * SIGTERM, and when standard input closes, so that a parent that was killed leaves nothing behind.
 */
import process from "node:process";
import { startConsul } from "./consul.ts";

/** In ms. */
const MIN_TTL = 100;

const ended = new Promise<void>((resolve) => {
  process.once("SIGINT", () => resolve());
  process.once("SIGTERM", () => resolve());
  process.stdin.once("end", () => resolve());
  process.stdin.once("error", () => resolve());
  process.stdin.resume();
});
const consul = await startConsul({ minTtl: `${MIN_TTL}ms` });
process.stdout.write(`${JSON.stringify({ url: consul.url, minTtl: `${MIN_TTL}` })}\n`);
await ended;
await consul.stop();
process.exit(0);
