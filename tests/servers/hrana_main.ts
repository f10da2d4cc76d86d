/**
 * `deno run -A tests/servers/hrana_main.ts --port N --file F --token T`: Turso's HTTP protocol over libSQL's
 * own engine, on one file, until it is ended. It answers one request at a time.
 */
import Database from "libsql";
import process from "node:process";
import { parseArgs } from "node:util";
import { BadRequest, pipeline } from "./hrana_protocol.ts";

const { values: { port = "0", file = "", token = "" } } = parseArgs({
  options: { port: { type: "string" }, file: { type: "string" }, token: { type: "string" } },
});
const database = new Database(file);
database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000");

const said = (status: number, value: unknown): Response => Response.json(value, { status });

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (token !== "" && request.headers.get("authorization") !== `Bearer ${token}`) {
    return said(401, { error: "Unauthorized" });
  }
  // Who it is, for those who have started it.
  if (request.method === "GET") return new Response(file);
  if (pathname !== "/v2/pipeline") return said(404, { error: "not found" });
  try {
    return said(200, pipeline(database, await request.text()));
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return said(400, { message: error.message });
  }
}

// deno-lint-ignore no-console -- its log, for those who have started it
const log = console.log;
Deno.serve({ port: Number(port), hostname: "127.0.0.1", onListen: () => log("ready") }, answer);
process.once("SIGTERM", () => process.exit(0));
