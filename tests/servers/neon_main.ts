/**
 * `deno run -A tests/servers/neon_main.ts [--port N] [--pglite]`: PostgreSQL and its Neon front end
 * for another process. Where PostgreSQL is missing and cannot be installed, PGlite takes its place. It
 * ends on SIGINT, on SIGTERM, and when standard input closes, so that a parent that was killed leaves
 * nothing behind.
 */
import process from "node:process";
import { ended, portOf } from "./main_process.ts";
import { type NeonServer, serveNeon, startNeon } from "./neon.ts";
import { openPglite } from "./pglite.ts";
import { startPostgres } from "./postgres.ts";
import { requirePostgres } from "./postgres_folder.ts";

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
const end = ended();
const { neon, stop } = await start(portOf(args), args.includes("--pglite"));
const { url, connectionString } = neon;
process.stdout.write(`${JSON.stringify({ url, connectionString })}\n`);
await end;
await stop();
process.exit(0);
