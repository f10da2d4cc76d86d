import { startPostgres } from "../servers/postgres.ts";
import { postgres } from "../../drivers/postgres.ts";
import { migrate } from "../../drivers/postgres_schema.ts";
const server = await startPostgres();
try {
  const c = await server.client();
  const { rows: [{ pid }] } = await c.query("select pg_backend_pid() as pid") as any;
  const cpuNs = () => Number(Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ")[0]);
  const sent: any[] = [];
  const q = async (t: string, p: readonly string[]) => {
    sent.push([t, [...p]]);
    return (await c.query(t, [...p])).rows as any;
  };
  await migrate(q);
  const d = postgres(q);
  const place = { resource: "lock:applied", seat: "", id: crypto.randomUUID() };
  sent.length = 0;
  await d.apply([{ op: "acquire", ...place, ttl: 30000, value: "somebody" }]);
  await d.apply([{ op: "release", ...place }]);
  const [acq, rel] = sent;
  const beats = Array.from(
    { length: 10 },
    (_, i) => ({ resource: "lock:b", seat: `b-${i}`, id: crypto.randomUUID(), ttl: 600000 }),
  );
  for (const b of beats) await d.apply([{ op: "acquire", ...b, value: "x" }]);
  sent.length = 0;
  await d.apply(beats.map((b) => ({ op: "renew" as const, ...b })));
  await d.apply(beats.slice(0, 1).map((b) => ({ op: "renew" as const, ...b })));
  await d.apply([{ op: "inspect", resource: "nothing", seat: "" }]);
  const [r10, r1, look] = sent;
  await c.query("create table bare (name text primary key, value text not null)");
  for (let i = 0; i < 10; i++) await c.query(`insert into bare values ('beat-${i}', '0')`);
  let v = 0;
  const up = () => [
    "insert into bare (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
    ["pair", `${++v}`],
  ];
  const u1 = () => ["update bare set value = $1 where name = 'beat-0'", [`${++v}`]];
  const u10 = () => ["update bare set value = $1 where name like 'beat-%'", [`${++v}`]];
  await c.query(
    `create function echo(request text) returns text language plpgsql volatile as $$ begin return request; end $$`,
  );
  await c.query(
    `create function rec(request text) returns text language plpgsql volatile as $$ declare batch constant jsonb := request::jsonb; it record; n int := 0; begin
    for it in select * from jsonb_to_recordset(batch->'ops') as each(op text, resource text, seat text, id text, ttl float8, value text, guard jsonb) loop n := n + 1; end loop; return n::text; end $$`,
  );
  await c.query(
    `create function setrenew(request text) returns text language plpgsql volatile as $$ declare batch constant jsonb := request::jsonb; answers jsonb; begin
    with each as (select * from jsonb_to_recordset(batch->'ops') with ordinality as each(op text, resource text, seat text, id text, ttl float8, value text, n bigint)),
    done as (update baton.leases l set value = coalesce(e.value, l.value), expires = coalesce(clock_timestamp() + e.ttl * interval '1 ms', 'infinity')
      from each e where l.resource = e.resource and l.seat = e.seat and l.id = e.id and l.expires > clock_timestamp() returning e.n)
    select jsonb_agg(jsonb_build_array(d.n is not null, '[]'::jsonb) order by e.n) into answers from each e left join done d using (n); return answers::text; end $$`
      .replace(
        "with ordinality as each(op text, resource text, seat text, id text, ttl float8, value text, n bigint)",
        "as each(op text, resource text, seat text, id text, ttl float8, value text)",
      ).replace("select * from jsonb", "select row_number() over () as n, each.* from jsonb"),
  );
  const call = (fn: string, s: any) => [`select ${fn}($1) as outcomes`, s[1]];
  console.log((await c.query(...call("setrenew", r10) as [any, any])).rows[0]);
  const variants: [string, () => any[]][] = [
    ["2 upserts", () => [up(), up()]],
    ["acq+rel", () => [acq, rel]],
    ["update 1", () => [u1()]],
    ["update 10", () => [u10()]],
    ["renew 1", () => [r1]],
    ["renew 10", () => [r10]],
    ["renew 10 set-based", () => [call("setrenew", r10)]],
    ["inspect", () => [look]],
    ["plpgsql echo(10)", () => [call("echo", r10)]],
    ["json to records, 10", () => [call("rec", r10)]],
    ["json to records, 1", () => [call("rec", r1)]],
    ["begin-less select 1", () => [["select $1", ["x"]]]],
  ];
  const cpu = variants.map(() => 0),
    wall = variants.map((): number[] => []),
    n = variants.map(() => 0);
  for (let round = -1; round < 20; round++) {
    for (const [i, [, f]] of variants.entries()) {
      const a = cpuNs();
      for (let k = 0; k < 25; k++) {
        const t = performance.now();
        for (const [t2, p] of f()) await c.query(t2, p);
        if (round >= 0) wall[i].push(performance.now() - t);
      }
      if (round >= 0) {
        cpu[i] += cpuNs() - a;
        n[i] += 25;
      }
    }
  }
  console.log("postgres: backend CPU us/op, median wall us/op");
  for (const [i, [name]] of variants.entries()) {
    wall[i].sort((a, b) => a - b);
    console.log(
      "  ",
      name.padEnd(24),
      (cpu[i] / n[i] / 1000).toFixed(0).padStart(6),
      (wall[i][wall[i].length >> 1] * 1000).toFixed(0).padStart(6),
    );
  }
} finally {
  await server.stop();
}
Deno.exit(0);
