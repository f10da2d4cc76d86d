import { sqlTimeRows } from "/work/main/tests/bench/sql_times.ts";
import { startSql } from "/work/main/tests/bench/sql_ways.ts";
import { sqlRequestRows } from "/work/main/tests/bench/sql_requests.ts";
import { sqlThroughputRows } from "/work/main/tests/bench/sql_throughput.ts";
import { tablesOf } from "/work/main/tests/bench/row.ts";
const [kind, part, r, t, tr] = Deno.args as any;
const start = performance.now();
await using backend = await startSql(kind);
const effort = { rounds: Number(r ?? 60), turns: Number(t ?? 3) };

const rows = [];
if (/r/.test(part)) rows.push(...await sqlRequestRows(backend));
const t0 = performance.now();
if (/t/.test(part)) rows.push(...await sqlTimeRows(backend, effort));
const t1 = performance.now();
if (/p/.test(part)) {
  rows.push(...await sqlThroughputRows(backend, { rounds: Number(tr ?? 20), turns: 1 }));
}
console.log(tablesOf(rows));
console.log(
  "times s",
  (t1 - t0) / 1000,
  "throughput s",
  (performance.now() - t1) / 1000,
  "start",
  (t0 - start) / 1000,
);
if (Deno.args[5]) await Deno.writeTextFile(Deno.args[5], JSON.stringify(rows));
