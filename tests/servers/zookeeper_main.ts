/**
 * `deno run -A tests/servers/zookeeper_main.ts`: a real ZooKeeper for another process. It prints one line of JSON
 * with its host. It ends on SIGINT, on SIGTERM, and when standard input closes, so that a parent that was
 * killed leaves nothing behind.
 */
import process from "node:process";
import { startZookeeper } from "./zookeeper.ts";
import { ended } from "./main_process.ts";

const end = ended();
const zookeeper = await startZookeeper();
try {
  process.stdout.write(`${JSON.stringify({ host: zookeeper.host })}\n`);
  await end;
} finally {
  await zookeeper.stop();
}
process.exit(0);
