/**
 * `deno task bench`: what Baton costs, as ratios to what it is made of, measured side by side in one
 * run. No absolute time is asserted, for they belong to the machine.
 */
import { against } from "./against.ts";
import { startBackend } from "./backend.ts";
import { billingRows } from "./billing.ts";
import { coldStartRows } from "./cold_start.ts";
import { etcdRows } from "./etcd_times.ts";
import { handOverRows } from "./hand_over.ts";
import { memoryRows, sqliteRows } from "./local_times.ts";
import { memberRows } from "./members.ts";
import { objectRows } from "./object_waiters.ts";
import { passes, type Row, tablesOf } from "./row.ts";
import { scale } from "./scale_main.ts";
import { PLACES } from "./scale_place.ts";
import { throughputRows } from "./throughput.ts";
import { sqlRequestRows } from "./sql_requests.ts";
import { sqlThroughputRows } from "./sql_throughput.ts";
import { sqlTimeRows } from "./sql_times.ts";
import { type SqlKind, startSql } from "./sql_ways.ts";
import { misused, taskOptions } from "../tools/task_options.ts";
import { distantRows, pairRows, singleRows } from "./upstash_times.ts";

const USAGE = `usage: deno task bench [--quick] [--json] [--large] [scale [BACKEND …]]
       deno task bench [--quick] --against DIR

  scale          only how costs grow with what there is, on ${Object.keys(PLACES).join(", ")}
  --large        goes on from 10,000 to 100,000 of each
  --against DIR  compares this checkout with another one, and asserts nothing
  --quick        enough to see that it runs: times are shown, and only counts decide how it ends
  --json         adds one line with all rows

Exit status: 0 every limit is kept, 1 one was missed, 2 bad arguments.`;

const { values: options, positionals } = taskOptions(USAGE, {
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  large: { type: "boolean", default: false },
  against: { type: "string" },
});
const { quick, json, large } = options;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Rounds enough that the medians of two runs on a busy machine differ by a hundredth or two. */
const rounds = (count: number): number => quick ? Math.ceil(count / 20) : count;

async function measure(): Promise<Row[]> {
  await using backend = await startBackend();
  return [
    // Counted first: nothing else has been asked of the server yet.
    ...await billingRows(backend),
    ...await pairRows(backend, { rounds: rounds(600), turns: 4 }),
    ...await distantRows(backend, { rounds: rounds(120), turns: 2 }),
    ...await singleRows(backend, { rounds: rounds(400), turns: 6 }),
    ...await throughputRows(backend, { rounds: rounds(100), turns: 1 }),
    ...await coldStartRows(backend, { rounds: rounds(60) }),
    ...await memberRows(backend, { rounds: rounds(40), turns: 1 }),
    ...await sqliteRows({ rounds: rounds(200), turns: 4 }),
    ...await memoryRows({ rounds: rounds(200), turns: 100 }),
  ];
}

/** One server after the other, for each takes time from the others only by running. */
async function measureSql(kind: SqlKind): Promise<Row[]> {
  await using backend = await startSql(kind);
  return [
    ...await sqlRequestRows(backend),
    ...await sqlTimeRows(backend, { rounds: rounds(200), turns: 2 }),
    ...await sqlThroughputRows(backend, { rounds: rounds(20), turns: 1 }),
  ];
}

/** All but the scale, or how many limits were missed. */
async function costs(): Promise<number> {
  const rows = [
    ...await measure(),
    ...await measureSql("neon"),
    ...await measureSql("mysql"),
    ...await measureSql("mariadb"),
    ...await handOverRows({ rounds: rounds(100) }),
    ...await etcdRows({ rounds: rounds(200), turns: 1 }),
    ...await objectRows({ rounds: rounds(40) }),
  ];
  print(tablesOf(rows));
  if (quick) print("A quick look: the times above are too few to decide anything.");
  if (json) print(JSON.stringify(rows));
  return rows.filter((row) => !passes(row) && !(quick && row.timed)).length;
}

async function main(): Promise<number> {
  if (options.against !== undefined) {
    await against({ folder: options.against, part: quick ? 0.05 : 1, print });
    return 0;
  }
  const [part, ...backends] = positionals;
  if (part !== undefined && part !== "scale") misused(USAGE, `no part of the bench is "${part}"`);
  const stranger = backends.find((name) => !Object.hasOwn(PLACES, name));
  if (stranger !== undefined) misused(USAGE, `no backend of it is "${stranger}"`);
  const missed = part === undefined ? await costs() : 0;
  const broken = await scale({ backends, large, print });
  print(missed + broken === 0 ? "Every limit is kept." : `Limits missed: ${missed + broken}`);
  return quick ? missed : missed + broken;
}

Deno.exit(await main() === 0 ? 0 : 1);
