/**
 * `deno run -A tests/servers/planetscale_main.ts --server mysql|mariadb [--port N]`: a database and its
 * PlanetScale front end for another process. It ends on SIGINT, on SIGTERM, and when standard input
 * closes, so that a parent that was killed leaves nothing behind.
 */
import process from "node:process";
import { ended, portOf } from "./main_process.ts";
import { type MysqlKind, startMysql } from "./mysql.ts";
import { startPlanetscale } from "./planetscale.ts";

function argument(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at === -1 ? undefined : args[at + 1];
}

function kindOf(args: readonly string[]): MysqlKind {
  const kind = argument(args, "--server");
  if (kind !== "mysql" && kind !== "mariadb") throw new Error("--server is mysql or mariadb");
  return kind;
}

const args = process.argv.slice(2);
const port = portOf(args);
const kind = kindOf(args);
const end = ended();
const mysql = await startMysql(kind);
try {
  const { url, databaseUrl, stop } = await startPlanetscale(mysql, { port });
  process.stdout.write(`${JSON.stringify({ url, databaseUrl })}\n`);
  await end;
  await stop();
} finally {
  await mysql.stop();
}
process.exit(0);
