/**
 * The recipes of `docs/clients.md` compile against the packages that they are for, under the strictest
 * settings that readers have, and each one works on a server of its kind.
 *
 * @module
 */

import assert from "node:assert/strict";
import { migrate } from "../../drivers/postgres/schema.ts";
import { startLibsql } from "../servers/libsql.ts";
import { startMysql } from "../servers/mysql.ts";
import { startPostgres } from "../servers/postgres.ts";
import { startPostgrest } from "../servers/postgrest.ts";
import { withNeon } from "../servers/with_neon.ts";
import { withPlanetscale } from "../servers/with_planetscale.ts";
import { withUpstash } from "../servers/with_upstash.ts";
import { filesOfPage, writePage } from "./try_page.ts";
import { DONE } from "./try_recipe.ts";

const FILES = await filesOfPage("docs/clients.md");
const RUNNER = new URL("try_recipe.ts", import.meta.url).pathname;
const PAGE = new URL("../../docs/clients.md", import.meta.url);

/** Which recipes run on which server; those that create the table come first. */
const ON = {
  redis: ["ioredis.ts", "node-redis.ts"],
  upstash: ["upstash.ts"],
  postgres: [
    ...["postgres-table.ts", "pg.ts", "postgres-js.ts", "kysely-postgres.ts"],
    ...["drizzle-postgres.ts", "drizzle-postgres-js.ts", "by-url.ts"],
  ],
  neon: ["neon.ts"],
  supabase: ["supabase.ts"],
  // tests/runtimes/worker_tcp_test.ts
  workers: ["workers-hyperdrive.ts", "workers-redis.ts"],
  mysql: ["mysql-table.ts", "mysql2.ts", "kysely-mysql.ts", "drizzle-mysql.ts"],
  planetscale: ["planetscale.ts"],
  libsql: ["libsql-table.ts", "libsql.ts"],
} as const;

/** What a reader has: `tsc --init`'s strictness, and the packages at the versions that we pin. */
async function withFiles(
  files: ReadonlyMap<string, string>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "baton-clients-" });
  try {
    await writePage(folder, files, { strict: true, exactOptionalPropertyTypes: true });
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function deno(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
  }).output();
  return { code, said: [stderr, stdout].map((each) => new TextDecoder().decode(each)).join("") };
}

/** Runs recipes in turn, each of which must use its locks, or prepare the database for the others. */
async function run(
  t: Deno.TestContext,
  names: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await withFiles(FILES, async (folder) => {
    for (const name of names) {
      await t.step(name, async () => {
        const file = `file://${folder}/${name}`;
        const args = ["run", "--quiet", "--no-check", "-A", "--config", "deno.json", RUNNER, file];
        const { code, said } = await deno(folder, args, env);
        assert.equal(code, 0, said);
        const last = said.trim().split("\n").at(-1);
        assert.equal(last, name.endsWith("-table.ts") ? "prepared" : DONE, said);
      });
    }
  });
}

Deno.test("every recipe of docs/clients.md has a server to run on", () => {
  assert.deepEqual([...FILES.keys()].sort(), Object.values(ON).flat().sort());
});

Deno.test("the lines in its table stand in the recipes, but for the names", async () => {
  const rows = [...(await Deno.readTextFile(PAGE)).matchAll(/^\| \[.*?\| (`.*?) *\|$/gm)];
  const lines = rows.flatMap(([, cell = ""]) => cell.match(/(?<=`)[^`]+?(?=`(,|$))/g) ?? []);
  assert.ok(lines.length >= 8, `${lines}`);
  const code = [...FILES.values()].join("\n");
  const calls = lines.filter((line) => line.includes("=>"));
  assert.deepEqual(calls.filter((line) => !code.includes(line)), []);
});

/** Of every package, what recipes import: each name of it is an error of its own, unless it is any. */
const PROBES = [
  ...new Set(
    [...FILES.values()].flatMap((code) => code.match(/^import .*;$/gm) ?? [])
      .filter((line) => !line.includes("@baton/baton")),
  ),
].map((line, n) => {
  const names = /^import (?:\{ (.*) \}|(\w+)) from/.exec(line);
  const each = (names?.[1] ?? names?.[2] ?? "").split(", ");
  const code = `${line}\n${each.map((name) => `${name} satisfies never;\n`).join("")}`;
  return { file: `probe_${n}.ts`, code, wrong: each.length };
});

/** Recipes, and in each a call that does not fit its client. */
const MISFITS = [
  ["ioredis.ts", "client.call(...command)", "client.call(...command.slice())"],
  ["node-redis.ts", "sendCommand(command)", "sendCommand(...command)"],
  ["pg.ts", "pool.query(text, params)", "pool.connect()"],
  ["postgres-js.ts", "sql.unsafe(text, params)", "sql.begin(text)"],
  ["libsql.ts", 'client.batch(statements, "write")', "client.execute(statements)"],
  ["mysql2.ts", "pool.query(sql)", "pool.getConnection()"],
  ["by-url.ts", "pool.query(text, params)", "pool.query(params, text)"],
] as const;

let checked: Promise<string> | undefined;

/** What the compiler says of the recipes, the probes and the misfits: it reads each package once for all. */
function checkAll(): Promise<string> {
  return checked ??= (async () => {
    const files = new Map(FILES);
    for (const { file, code } of PROBES) files.set(file, code);
    for (const [name, sound, broken] of MISFITS) {
      const code = FILES.get(name) ?? "";
      assert.ok(code.includes(sound), name);
      files.set(`misfit-${name}`, code.replace(sound, broken));
    }
    let all = "";
    await withFiles(files, async (folder) => {
      const { code, said } = await deno(folder, ["check", "--quiet", ...files.keys()]);
      assert.equal(code, 1, said);
      all = said;
    });
    return all;
  })();
}

/** The errors in a file. */
function errorsIn(file: string, said: string): string[] {
  return said.split(/\n{2,}/).filter((each) => each.includes(`/${file}:`));
}

Deno.test("the recipes compile against the packages, and hide nothing", async () => {
  const said = await checkAll();
  for (const [name, code] of FILES) {
    // By these a block could say of a client what is not so.
    assert.doesNotMatch(code, /\b(declare|any|as|never)\b|@ts-|`\$\{/, name);
    assert.deepEqual(errorsIn(name, said), [], name);
  }
  // Whatever is wrong is in a file where it must be.
  const all = Number(/^Found (\d+) errors/m.exec(said)?.[1]);
  const wanted = [...PROBES.map(({ file }) => file), ...MISFITS.map(([name]) => `misfit-${name}`)];
  assert.equal(wanted.flatMap((file) => errorsIn(file, said)).length, all, said);
});

Deno.test("every package has its types: nothing that a recipe imports of it is any", async () => {
  assert.ok(PROBES.length >= 12, `${PROBES.length}`);
  const said = await checkAll();
  for (const { file, code, wrong } of PROBES) {
    assert.equal(errorsIn(file, said).length, wrong, `${code}\n${said}`);
  }
});

Deno.test("a recipe that does not fit its client does not compile", async () => {
  const said = await checkAll();
  for (const [name] of MISFITS) {
    const errors = errorsIn(`misfit-${name}`, said);
    assert.match(errors.join("\n"), /TS(2556|2345|2322|2769)/, `${name}\n${said}`);
  }
});

Deno.test("clients of Redis and Upstash: locks are acquired, refused, renewed and released", async (t) => {
  await withUpstash(async ({ redis, server }) => {
    await run(t, ON.redis, { REDIS_URL: redis.url });
    const { url, token } = server;
    await run(t, ON.upstash, { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token });
  });
});

Deno.test("clients of Postgres and Neon: the same", async (t) => {
  await withNeon(async ({ postgres, server }) => {
    await run(t, ON.postgres, { DATABASE_URL: postgres.url });
    await run(t, ON.neon, { DATABASE_URL: server.connectionString });
  });
});

Deno.test("Supabase's client: the same, for service_role alone, and for nobody but PostgREST", async (t) => {
  const postgres = await startPostgres();
  try {
    await postgres.query("create role service_role; create role anon");
    const direct = (text: string, params: string[]) => postgres.query(text, params);
    await migrate(direct, { rpc: true });
    // Running it again changes nothing.
    await migrate(direct, { rpc: true });
    const server = startPostgrest(postgres);
    try {
      const env = { SUPABASE_URL: server.url, SUPABASE_SERVICE_ROLE_KEY: "service_role" };
      await run(t, ON.supabase, env);
      await t.step("every other role is refused, and nothing was written", async () => {
        for (const role of ["anon", "another"]) {
          const { status, code } = await server.call(role, "rpc_3", { request: "{}" });
          assert.deepEqual([status, code], role === "anon" ? [403, "42501"] : [401, "PGRST301"]);
        }
      });
      await t.step("a call of anybody else's is refused as one in a transaction", async () => {
        await assert.rejects(postgres.query("select baton.rpc_3('{}')"), { code: "25001" });
      });
    } finally {
      await server.stop();
    }
  } finally {
    await postgres.stop();
  }
});

Deno.test("the client of libSQL: the same", async (t) => {
  const { url, token, stop } = await startLibsql();
  try {
    await run(t, ON.libsql, { TURSO_DATABASE_URL: url, TURSO_AUTH_TOKEN: token });
  } finally {
    await stop();
  }
});

Deno.test("clients of MySQL: the same", async (t) => {
  const server = await startMysql("mysql");
  try {
    const { user, password, port, database } = server;
    const account = `${user}:${encodeURIComponent(password)}`;
    await run(t, ON.mysql, { DATABASE_URL: `mysql://${account}@127.0.0.1:${port}/${database}` });
  } finally {
    await server.stop();
  }
});

Deno.test("the client of PlanetScale: the same", async (t) => {
  await withPlanetscale("mariadb", async ({ mysql, server }) => {
    const { user, password, port, database } = mysql;
    const account = `${user}:${encodeURIComponent(password)}`;
    await run(t, ON.mysql.slice(0, 1), {
      DATABASE_URL: `mysql://${account}@127.0.0.1:${port}/${database}`,
    });
    await run(t, ON.planetscale, { DATABASE_URL: server.databaseUrl });
  });
});
