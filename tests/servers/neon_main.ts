/**
 * `deno run -A tests/servers/neon_main.ts [--port N] [--pglite]`: PostgreSQL and its Neon front end
 * for another process. Where PostgreSQL is missing and cannot be installed, PGlite takes its place. It
 * ends on SIGINT, on SIGTERM, and when standard input closes, so that a parent that was killed leaves
 * nothing behind.
 */
import process from "node:process";
import { type NeonServer, serveNeon, startNeon } from "./neon.ts";
import { openPglite } from "./pglite.ts";
import { startPostgres } from "./postgres.ts";
import { requirePostgres } from "./postgres_folder.ts";

function portOf(args: readonly string[]): number {
  const at = args.indexOf("--port");
  const port = at === -1 ? 0 : Number(args[at + 1]);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error("--port needs a port");
  return port;
}

async function hasPostgres(): Promise<boolean> {
  try {
    await requirePostgres();
    return true;
  } catch (error) {
    process.stderr.write(`${String(error)}\nPGlite takes its place.\n`);
    return false;
  }
}

async function start(
  port: number,
  local: boolean,
): Promise<{ readonly neon: NeonServer; readonly stop: () => Promise<void> }> {
  if (local || !await hasPostgres()) {
    const { backend, login } = await openPglite();
    const neon = await serveNeon(backend, login, { port });
    return { neon, stop: () => neon.stop() };
  }
  const postgres = await startPostgres();
  try {
    const neon = await startNeon(postgres, { port });
    const stop = async () => {
      await neon.stop();
      await postgres.stop();
    };
    return { neon, stop };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

const args = process.argv.slice(2);
const ended = new Promise<void>((resolve) => {
  process.once("SIGINT", () => resolve());
  process.once("SIGTERM", () => resolve());
  process.stdin.once("end", () => resolve());
  process.stdin.once("error", () => resolve());
  process.stdin.resume();
});
const { neon, stop } = await start(portOf(args), args.includes("--pglite"));
const { url, connectionString } = neon;
process.stdout.write(`${JSON.stringify({ url, connectionString })}\n`);
await ended;
await stop();
process.exit(0);
