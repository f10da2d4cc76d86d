/**
 * `deno run -A tests/servers/libsql_main.ts`: libSQL's own engine behind Turso's HTTP protocol, for another
 * process. It prints one line of JSON with its URL and token. It ends on SIGINT, on SIGTERM, and when
 * standard input closes, so that a parent that was killed leaves nothing behind.
 */
import process from "node:process";
import { startLibsql } from "./libsql.ts";
import { ended } from "./main_process.ts";

const end = ended();
const libsql = await startLibsql();
try {
  process.stdout.write(`${JSON.stringify({ url: libsql.url, token: libsql.token })}\n`);
  await end;
} finally {
  await libsql.stop();
}
process.exit(0);
