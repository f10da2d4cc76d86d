import { startMysql } from "../servers/mysql.ts";
import { refusal, transactionStep, withLastInsertId } from "../servers/planetscale_sql.ts";
import { mysql } from "../../drivers/mysql.ts";
import { migrate } from "../../drivers/mysql_schema.ts";
import process from "node:process";
const kind = Deno.args[0] as any;
const N = Number(Deno.args[1] ?? 400);
const server = await startMysql(kind);
try {
  const c = await server.client();
  const pidCpu = () => {
    const s = Deno.readTextFileSync(`/proc/${server.pid}/stat`).split(") ")[1].split(" ");
    return (Number(s[11]) + Number(s[12])) * 10;
  };
  const sent: string[] = [];
  const q = async (sql: string) => {
    sent.push(sql);
    const [a] = await c.query(sql) as any;
    return Array.isArray(a) ? { rows: a } : { insertId: a.insertId, rowsAffected: a.affectedRows };
  };
  await migrate(q);
  const d = mysql(q, { sweep: false });
  const place = { resource: "lock:applied", seat: "", id: crypto.randomUUID() };
  sent.length = 0;
  await d.apply([{ op: "acquire", ...place, ttl: 30000, value: "somebody" }]);
  await d.apply([{ op: "release", ...place }]);
  const [acq, rel] = sent as [string, string];
  const beats = Array.from(
    { length: 10 },
    (_, i) => ({ resource: "lock:b", seat: `b-${i}`, id: crypto.randomUUID(), ttl: 600000 }),
  );
  for (const b of beats) await d.apply([{ op: "acquire", ...b, value: "x" }]);
  sent.length = 0;
  await d.apply(beats.map((b) => ({ op: "renew" as const, ...b })));
  await d.apply(beats.slice(0, 1).map((b) => ({ op: "renew" as const, ...b })));
  const [r10, r1] = sent as [string, string];
  const hx = (s: string) =>
    `x'${[...new TextEncoder().encode(s)].map((b) => b.toString(16).padStart(2, "0")).join("")}'`;
  const plain = (bs: typeof beats) =>
    `update baton_leases set expires = utc_timestamp(6) + interval 600000000 microsecond where expires > utc_timestamp(6) and (${
      bs.map((b) => `resource = ${hx(b.resource)} and seat = ${hx(b.seat)} and id = ${hx(b.id)}`)
        .join(" or ")
    })`;
  const cased = (bs: typeof beats) =>
    `update baton_leases set expires = utc_timestamp(6) + interval case ${
      bs.map((b) => `when seat = ${hx(b.seat)} and resource = ${hx(b.resource)} then 600000000`)
        .join(" ")
    } end microsecond where expires > utc_timestamp(6) and (${
      bs.map((b) => `resource = ${hx(b.resource)} and seat = ${hx(b.seat)} and id = ${hx(b.id)}`)
        .join(" or ")
    })`;
  await c.query("create table bare (name varchar(200) primary key, value varchar(200) not null)");
  let v = 0;
  const up = () =>
    `insert into bare (name, value) values ('pair', '${++v}') on duplicate key update value = values(value)`;
  for (let i = 0; i < 10; i++) await c.query(`insert into bare values ('beat-${i}', '0')`);
  const u1 = () => `update bare set value = '${++v}' where name = 'beat-0'`;
  const u10 = () =>
    `update bare set value = '${++v}' where name in (${beats.map((_, i) => `'beat-${i}'`)})`;
  const rep = (sql: string, pat: string, by: string) => sql.replaceAll(pat, by);
  const noIdx = (s: string) => rep(s, "baton_leases", "noidx");
  await c.query("create table noidx like baton_leases");
  await c.query("alter table noidx drop key leases_by_hour");
  await c.query("create table nohour like baton_leases");
  await c.query("alter table nohour drop key leases_by_hour, drop column hour");
  const nohour = (s: string) => rep(s, "baton_leases", "nohour");
  const past = (s: string) =>
    s.replace(
      "expires = utc_timestamp(6) - interval 1 hour",
      "expires = utc_timestamp(6) - interval 1 microsecond",
    );
  const nov = (s: string) =>
    s.replace(/ifnull\(beat\.v, l\.value\)/, "XX").replace(/,\s*l\.value = XX/, "");
  if (nov(r10) === r10) throw new Error("nov");
  const st = async (s: string) => {
    const g = async () =>
      Number(((await c.query("show status like 'Created_tmp_disk_tables'")) as any)[0][0].Value);
    const a = await g();
    await c.query(s);
    return await g() - a;
  };
  console.log(
    "disk tmp tables: renew 10",
    await st(r10),
    "no value",
    await st(nov(r10)),
    "plain",
    await st(plain(beats)),
  );
  const variants: [string, () => string[]][] = [
    ["2 upserts", () => [up(), up()]],
    ["acq+rel", () => [acq, rel]],
    ["acq+rel, PAST 1us", () => [acq, past(rel)]],
    ["acq+rel, no index", () => [noIdx(acq), noIdx(rel)]],
    ["acq+rel, no hour col", () => [nohour(acq), nohour(rel)]],
    ["update 1", () => [u1()]],
    ["update 10", () => [u10()]],
    ["renew 1", () => [r1]],
    ["renew 10", () => [r10]],
    ["renew 1 join, no value", () => [nov(r1)]],
    ["renew 10 join, no value", () => [nov(r10)]],
    ["renew 1 plain", () => [plain(beats.slice(0, 1))]],
    ["renew 10 plain", () => [plain(beats)]],
    ["renew 10 case", () => [cased(beats)]],
    ["look", () => ["select 1 from baton_leases where resource = 'x'"]],
  ];
  const cpu = variants.map(() => 0),
    wall = variants.map((): number[] => []),
    n = variants.map(() => 0);
  for (let round = -1; round < 20; round++) {
    for (const [i, [, f]] of variants.entries()) {
      const a = pidCpu();
      for (let k = 0; k < N / 20; k++) {
        const t = performance.now();
        for (const s of f()) await c.query(s);
        if (round >= 0) wall[i].push(performance.now() - t);
      }
      if (round >= 0) {
        cpu[i] += pidCpu() - a;
        n[i] += N / 20;
      }
    }
  }
  console.log(kind, "server CPU us/op and median wall us/op");
  for (const [i, [name]] of variants.entries()) {
    wall[i].sort((a, b) => a - b);
    console.log(
      "  ",
      name.padEnd(24),
      (cpu[i] / n[i] * 1000).toFixed(0).padStart(6),
      (wall[i][wall[i].length >> 1] * 1000).toFixed(0).padStart(6),
    );
  }

  const ex = async (name: string, sql: string) => {
    const [rows] = await c.query(
      (kind === "mysql" ? "explain format=traditional " : "explain ") + sql,
    ) as any;
    console.log("explain", name);
    for (const r of rows.filter((r: any) => r.table === "baton_leases" || r.table === "l")) {
      console.log("   ", r.table, r.type, r.key, r.rows, r.Extra);
    }
  };
  await ex("renew 10 plain", plain(beats));
  await ex("renew 10", r10);
  await ex("renew 1 plain", plain(beats.slice(0, 1)));
  for (let i = 0; i < 50; i++) {
    await c.query(
      "insert into baton_leases (resource, seat, id, token, value, expires) values " +
        Array.from(
          { length: 100 },
          (_, k) => `('group:g${i}', 's${k}', 'i', 1, '', utc_timestamp(6) + interval 1 hour)`,
        ).join(","),
    );
  }
  await ex("plain 5000 rows", plain(beats));
  await ex("join 5000 rows", r10);
  await c.query("analyze table baton_leases");
  await ex("plain 5000 rows, analyzed", plain(beats));
  const PAT =
    /(\s+|--(?=\s|$)[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)|[xXbBnN]?'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`|0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[@\w$\u0080-\uffff]+|:=|[\s\S]/gy;
  const fast = (sql: string) => {
    const out: { text: string; start: number }[] = [];
    PAT.lastIndex = 0;
    for (let m; (m = PAT.exec(sql)) !== null;) {
      if (m[1] === undefined) out.push({ text: m[0], start: m.index });
    }
    return out;
  };
  for (const [name, sql] of [["bare upsert", up()], ["acquire", acq], ["renew 10", r10]] as const) {
    const t = (f: () => unknown) => {
      for (let i = 0; i < 500; i++) f();
      const a = process.cpuUsage();
      for (let i = 0; i < 1000; i++) f();
      const b = process.cpuUsage(a);
      return ((b.user + b.system) / 1000).toFixed(0);
    };
    console.log(
      "front end",
      name,
      "now (3 passes)",
      t(() => {
        refusal(sql, { lastInsertId: false });
        transactionStep(sql);
        withLastInsertId(sql, "0");
      }),
      "refusal alone",
      t(() => refusal(sql, { lastInsertId: false })),
      "one pass, no groups",
      t(() => fast(sql)),
      "us CPU",
    );
  }
} finally {
  await server.stop();
}
Deno.exit(0);
