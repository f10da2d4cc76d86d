/**
 * Runs in Node and in Bun: each line on standard input names a case of the suite, which is tried on a SQLite
 * file; each line on standard output answers how it went. The arguments are the file, and the client:
 * `builtin`, `bun:sqlite`, or the folder of a package such as better-sqlite3.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";
import { sqlite, type SqliteDatabase } from "../../drivers/sqlite/sqlite.ts";
import { driverCases, noPushCases } from "../conformance/mod.ts";

const [file = "", client = "builtin"] = process.argv.slice(2);
type Database = new (path: string) => SqliteDatabase;

async function classOf(client: string): Promise<Database | undefined> {
  if (client === "builtin") return undefined;
  // Only Bun has it, and a bundler should not look for it.
  const name = client;
  if (client === "bun:sqlite") return (await import(name)).Database;
  return createRequire(`${client}/`)(client);
}

const Database = await classOf(client);
const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const backend = {
  connect: () => Database ? sqlite(file, { open: (path) => new Database(path) }) : sqlite(file),
  pass,
  tick: 100,
};

async function run(name: string): Promise<Record<string, unknown>> {
  try {
    const found = [...driverCases, ...noPushCases].find((each) => each.name === name);
    if (!found) throw new Error(`there is no case "${name}"`);
    await found.run(backend);
    return { reply: null };
  } catch (error) {
    return { error: `${error}\n${Object(error).stack}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, name } = JSON.parse(line) as { id: number; name: string };
  run(name).then((said) => process.stdout.write(`${JSON.stringify({ id, ...said })}\n`));
}
process.exit(0);
