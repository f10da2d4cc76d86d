/**
 * On SQL servers whose commits take long, what clients do at once can all the same be told as a story in
 * which one thing happens after the other: a lease whose renewal is seen only after its old end has lived
 * all the time, and a slot whose end is recorded does not run again. Replay the dice of a run with
 * `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mysql, type MysqlAnswer } from "../../drivers/mysql/mysql.ts";
import type { Driver } from "../../drivers/driver.ts";
import { functions } from "../../drivers/postgres/functions.ts";
import { backendOf } from "../backends/mod.ts";
import type { Table } from "../backends/table.ts";
import { lateOnMysql, lateOnPostgres } from "../servers/late_commits.ts";
import { chance, seedOfRun } from "../tools/chance.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { guardedModel } from "./guarded_model.ts";
import { brief, type SeatCall } from "./history.ts";
import { LateHistory } from "./late_history.ts";
import { lateTogether, TTL } from "./late_load.ts";
import { timeline } from "./timeline.ts";
import { check } from "./wgl.ts";

const seed = seedOfRun();
// deno-lint-ignore no-console -- a run that hangs or is killed reports no seed any more
console.log(`BATON_SEED=${seed}`);

/** How many jobs there are at once, the clients of each, and how often each client does something. */
const [JOBS, CLIENTS, TURNS] = [4, 5, 6];
/** The longest time that the gate stays closed, in ms, and open. */
const [LONGEST_CLOSED, LONGEST_OPEN] = [2 * TTL, TTL / 2];
/** What has not come in so many rounds never will. */
const NEVER = 300;

/** A server whose commits are late while its gate is closed. */
interface LateServer {
  connect(): Promise<Driver>;
  close(): Promise<unknown>;
  open(): Promise<unknown>;
}

/** Runs rounds until so many calls came between a lease's old end and the commit of its renewal. */
async function rounds(server: LateServer, wanted: number): Promise<void> {
  const connect = () => Promise.all(Array.from({ length: CLIENTS }, () => server.connect()));
  const jobs = await Promise.all(Array.from({ length: JOBS }, connect));
  let straddled = 0;
  for (let round = 0; straddled < wanted; round++) {
    assert(round < NEVER, `${straddled} of ${wanted} in ${round} rounds`);
    const over = new AbortController();
    const gate = swing(server, chance(seed + round), over.signal);
    const ends = await Promise.allSettled(
      jobs.map((drivers, job) => oneJob(drivers, seed + JOBS * round + job)),
    );
    over.abort();
    await gate;
    for (const end of ends) {
      if (end.status === "rejected") throw end.reason;
      straddled += judged(end.value, round);
    }
  }
}

/** All clients of a job, each with its driver, until they are done. */
async function oneJob(drivers: readonly Driver[], seed: number): Promise<LateHistory> {
  const history = new LateHistory();
  const clients = drivers.map((driver, n) => history.record(`client ${n}`, driver));
  await lateTogether(clients, { resource: `cron:${crypto.randomUUID()}`, turns: TURNS, seed });
  return history;
}

/** How many calls came in between; throws when the history is not linearizable. */
function judged(history: LateHistory, round: number): number {
  const verdict = check(history.calls, guardedModel);
  if (verdict.linearizable === false) {
    const picture = timeline(verdict.prefix, { label: (call) => brief(call as SeatCall) });
    assert.fail(`BATON_SEED=${seed}: round ${round} is not linearizable\n${picture}`);
  }
  assert.equal(verdict.linearizable, true, `BATON_SEED=${seed}: round ${round} is not decided`);
  return history.straddled;
}

/** Closes and opens the gate until it is over, and leaves it open. */
async function swing(server: LateServer, random: () => number, over: AbortSignal): Promise<void> {
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  while (!over.aborted) {
    await server.close();
    await pause(LONGEST_CLOSED * (0.3 + 0.7 * random()));
    await server.open();
    await pause(LONGEST_OPEN * random());
  }
}

async function onPostgres(table: Table): Promise<LateServer> {
  const { make, close, open } = lateOnPostgres(table.name);
  for (const each of make) await table.sql(each);
  const send = await table.session();
  return { connect: () => table.direct(), close: () => send(close), open: () => send(open) };
}

/** `change` is done to every statement. */
function onMysql(table: Table, change = (sql: string) => sql): LateServer {
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  return {
    async connect() {
      const send = await table.session() as (sql: string) => Promise<MysqlAnswer>;
      return mysql(lateOnMysql((sql) => send(change(sql)), () => gate.promise));
    },
    close: () => Promise.resolve(gate = Promise.withResolvers()),
    open: () => Promise.resolve(gate.resolve()),
  };
}

/** A server of that kind, for one test. */
async function on(
  key: "neon" | "mysql" | "mariadb",
  test: (table: Table) => Promise<void>,
): Promise<void> {
  const { table, stop } = await backendOf(key, "table").start();
  try {
    await test(table);
  } finally {
    await stop();
  }
}

for (const key of ["neon", "mysql", "mariadb"] as const) {
  const { name } = backendOf(key);
  Deno.test(`on ${name} all is linearizable though commits take longer than leases live`, () =>
    on(key, async (table) => {
      const server = key === "neon" ? await onPostgres(table) : onMysql(table);
      await rounds(server, SIZES.straddledEnds);
    }));
}

function isFound(error: Error): boolean {
  return /is not linearizable\n/.test(error.message);
}

/** Replaces all of these in functions of the database; each must be there. */
function replaced(changes: readonly (readonly [from: string, to: string])[]): string[] {
  const texts = functions("baton");
  return changes.map(([from, to]) => {
    const found = texts.filter((text) => text.includes(from));
    assert.equal(found.length, 1, from);
    return (found[0] as string).replace(from, to);
  });
}

/** What was so once, and no test with quick commits would notice. */
const BUGS: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  "a lease that has ended by the clock is vacant for who looks": [
    ["exit when ends is null or ends > clock_timestamp();", "exit;"],
  ],
  "a guard is looked at before the wait for the seat, and not again": [
    ["perform pg_advisory_xact_lock(hash", "perform pg_advisory_xact_lock_shared(hash"],
    [
      "resource = at and seat = place for update;\n        continue;",
      "resource = at and seat = place for update;",
    ],
  ],
};

for (const [bug, changes] of Object.entries(BUGS)) {
  Deno.test(`the same run on a real PostgreSQL notices that ${bug}`, () =>
    on("neon", async (table) => {
      for (const text of replaced(changes)) await table.sql(text);
      await assert.rejects(rounds(await onPostgres(table), Infinity), isFound);
    }));
}

Deno.test("the same run on a real MariaDB notices that a look does not wait for who writes", () =>
  on("mariadb", async (table) => {
    const hasty = (sql: string) => sql.replaceAll("lock in share mode", "");
    await assert.rejects(rounds(onMysql(table, hasty), Infinity), isFound);
  }));
