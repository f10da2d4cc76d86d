/**
 * `deno run -A tests/servers/etcd_main.ts`: a real etcd for another process. It prints one line of JSON
 * with its URL. It ends on SIGINT, on SIGTERM, and when standard input closes, so that a parent that was
 * killed leaves nothing behind.
 */
import process from "node:process";
import { startEtcd } from "./etcd.ts";
import { ended } from "./main_process.ts";

const end = ended();
const etcd = await startEtcd();
try {
  process.stdout.write(`${JSON.stringify({ url: etcd.url })}\n`);
  await end;
} finally {
  await etcd.stop();
}
process.exit(0);
