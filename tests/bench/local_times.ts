/** Baton over backends without a network, where nothing hides what it costs itself. */
import { DatabaseSync } from "node:sqlite";
import { memory } from "../../drivers/memory.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import { Coordinator, type Lock } from "../../mod.ts";
import type { Driver, Op } from "../../drivers/driver.ts";
import { contest, type Effort } from "./contest.ts";
import type { Row } from "./row.ts";

/** Acquire and release in a file, against two transactions of one upsert in a file like it. */
export async function sqliteRows(effort: Effort): Promise<Row[]> {
  const folder = await Deno.makeTempDir({ prefix: "baton-bench-" });
  try {
    using bare = new DatabaseSync(`${folder}/bare.db`);
    bare.exec("pragma journal_mode = wal; pragma synchronous = full;");
    bare.exec("create table rows (name text primary key, value text) strict, without rowid");
    const upsert = bare.prepare(
      "insert into rows values (?, ?) on conflict do update set value = excluded.value",
    );
    let version = 0;
    const transaction = (): void => {
      bare.exec("begin immediate");
      // A value that is there already would not be written, and nothing flushed.
      upsert.run("name", `${++version}`);
      bare.exec("commit");
    };
    using driver = sqlite(`${folder}/baton.db`);
    await using baton = new Coordinator(driver);
    const lock = baton.getLock("ours");
    const [ours] = await contest(
      ["two upserts", () => {
        transaction();
        transaction();
      }],
      [["ours", () => pair(lock)]],
      effort,
    );
    return rowsOf("SQLite: time in units of two one-row upsert transactions", ours);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Acquire and release in memory, against the same two operations given to the driver itself. */
export async function memoryRows(effort: Effort): Promise<Row[]> {
  const driver = memory();
  await using baton = new Coordinator(driver);
  const lock = baton.getLock("ours");
  const [ours] = await contest(
    ["two applies", () => bare(driver)],
    [["ours", () => pair(lock)]],
    effort,
  );
  return rowsOf("Memory: time in units of two bare calls of the driver", ours);
}

async function pair(lock: Lock): Promise<void> {
  const lease = await lock.acquire({ timeout: 0 });
  await lease?.release();
}

async function bare(driver: Driver): Promise<void> {
  const place = { resource: "lock:bare", seat: "", id: "id" };
  const ops: Op[] = [
    { op: "acquire", ...place, ttl: 30_000, value: "bare" },
    { op: "release", ...place },
  ];
  for (const op of ops) await driver.apply([op]);
}

type Measured = Awaited<ReturnType<typeof contest>>[number] | undefined;

function rowsOf(table: string, measured: Measured): Row[] {
  if (!measured) throw new Error("there was no contest");
  const { median, low, high } = measured;
  return [{ table, name: "Baton: acquire + release", value: median, low, high, timed: true }];
}
