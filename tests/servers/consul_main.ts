/**
 * `deno run -A tests/servers/consul_main.ts`: a Consul for another process. It ends on SIGINT, on
 * SIGTERM, and when standard input closes, so that a parent that was killed leaves nothing behind.
 */
import process from "node:process";
import { startConsul } from "./consul.ts";
import { ended } from "./main_process.ts";

/** In ms. */
const MIN_TTL = 100;

const end = ended();
const consul = await startConsul({ minTtl: `${MIN_TTL}ms` });
process.stdout.write(`${JSON.stringify({ url: consul.url, minTtl: `${MIN_TTL}` })}\n`);
await end;
await consul.stop();
process.exit(0);
