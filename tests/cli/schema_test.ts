/**
 * The command that prints the databases' schema, or applies it.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command speaks by it

import assert from "node:assert/strict";
import { Pool } from "pg";
import { freePort } from "../servers/ports.ts";
import { startMysql } from "../servers/mysql.ts";
import { startPostgres } from "../servers/postgres.ts";
import { getCoordinator } from "../../url.ts";
import { turso } from "../../drivers/sqlite/turso.ts";
import { startLibsql } from "../servers/libsql.ts";

const SECRET = "s3cr3t-of-the-url";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly complaint: string;
}

async function schema(
  permissions: readonly string[],
  args: readonly string[],
  url?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, "cli/schema.ts", ...args],
    cwd: new URL("../../", import.meta.url).pathname,
    env: { NO_COLOR: "1", ...(url !== undefined && { DATABASE_URL: url }), ...more },
  }).output();
  const [out, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out ?? "", complaint: complaint ?? "" };
}

for (
  const args of [
    ["postgres"],
    ["mysql"],
    ["sqlite"],
    ["postgres", "--fences"],
    ["mysql", "--fences"],
  ]
) {
  Deno.test(`the SQL of ${args.join(" ")} is printed without any permission`, async () => {
    const { code, out, complaint } = await schema([], args);
    assert.equal(code, 0, complaint);
    assert.match(out, /create (schema|table|or replace function)/i);
    assert.equal(complaint, "");
  });
}

Deno.test("--rpc prints the function for Supabase, which no other database has", async () => {
  const { code, out } = await schema([], ["postgres", "--rpc", "--schema", "mine"]);
  assert.equal(code, 0);
  assert.match(out, /function mine\.rpc_3[^]*from public;[^]*mine\.rpc_3\(text\) to service_role;/);
  assert.doesNotMatch((await schema([], ["postgres"])).out, /service_role/);
  assert.equal((await schema([], ["mysql", "--rpc"])).code, 2);
});

Deno.test("the tables of Turso are applied over its URL, with the token in it or beside it", async () => {
  const server = await startLibsql(SECRET);
  try {
    const url = `libsql://${new URL(server.url).host}?tls=0`;
    const args = ["sqlite", "--apply"];
    const refused = await schema(["-A"], args, url);
    assert.equal(refused.code, 1);
    assert.match(refused.complaint, /check the token/);
    for (let again = 0; again < 2; again++) {
      const { code, out, complaint } = await schema(["-A"], args, `${url}&authToken=${SECRET}`);
      assert.equal(code, 0, complaint);
      assert.match(out, /in place/);
    }
    const beside = await schema(["-A"], args, url, { TURSO_AUTH_TOKEN: SECRET });
    assert.equal(beside.code, 0, beside.complaint);
    const driver = turso({ url: server.url, authToken: SECRET });
    assert.deepEqual((await driver.apply([{ op: "inspect", resource: "x" }]))[0]?.leases, []);
    for (const { out, complaint } of [refused, beside]) {
      assert.ok(!`${out}${complaint}`.includes(SECRET));
    }
  } finally {
    await server.stop();
  }
});

/** Words that cannot be meant, and what is said of them before the help. */
const WRONG: readonly (readonly [args: string, said: string])[] = [
  ["sqlite --table x", "sqlite has no --table."],
  ["postgres --table x", "postgres has no --table."],
  ["mysql --schema x", "mysql has no --schema."],
  ["mysql --rpc", "mysql has no --rpc."],
  ["postgress", "The first word must be postgres, mysql or sqlite."],
  ["constructor", "The first word must be postgres, mysql or sqlite."],
  [`redis://:${SECRET}@host`, "The first word must be postgres, mysql or sqlite."],
  [`mysql mysql://u:${SECRET}@host/db`, "Give the name of one database; its URL goes into"],
  ["turso --apply", "The schema of turso is that of sqlite."],
  ...Object.entries({
    postgres: ["postgresql", "neon", "supabase"],
    mysql: ["mariadb", "planetscale"],
    sqlite: ["d1", "turso", "libsql"],
  }).flatMap(([kind, same]) =>
    same.map((each) => [each, `The schema of ${each} is that of ${kind}.`] as const)
  ),
  ...[
    ...["redis", "upstash", "memory", "ipc", "browser", "etcd", "consul", "zookeeper"],
    ...["memcached", "s3", "r2", "kubernetes", "deno-kv", "durable-object"],
  ].map((kind) => [kind, `${kind} needs no schema: there is nothing to create.`] as const),
  ...["my-redis", "redis-2"].map((kind) =>
    [kind, "The first word must be postgres, mysql or sqlite."] as const
  ),
];

Deno.test("words that cannot be meant are refused with what is wrong; one that is not known is not repeated", async () => {
  for (const [args, said] of WRONG) {
    const { code, complaint } = await schema([], args.split(" "));
    assert.equal(code, 2, args);
    assert.ok(complaint.startsWith(said), `${args}: ${complaint}`);
    assert.match(complaint, /\n\nPrints the SQL/);
    assert.ok(!complaint.includes(SECRET), args);
  }
  const { code, complaint } = await schema([], []);
  assert.equal(code, 2);
  assert.match(complaint, /^Prints the SQL/);
  const unknown = await schema([], ["postgres", "--nonsense"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.complaint, /^Unknown option '--nonsense'/);
  const asked = await schema([], ["--help"]);
  assert.deepEqual([asked.code, asked.complaint], [0, ""]);
  assert.match(asked.out, /^Prints the SQL/);
});

Deno.test("to import the command runs nothing, and sets no exit status", async () => {
  const url = new URL("../../cli/schema.ts", import.meta.url).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", `await import(${JSON.stringify(url)})`],
  }).output();
  assert.deepEqual([code, stdout.length, stderr.length], [0, 0, 0]);
});

Deno.test("to apply it takes DATABASE_URL, and without one nothing is tried", async () => {
  for (const nothing of ["", " "]) {
    const { code, complaint } = await schema(["--allow-env"], ["postgres", "--apply"], nothing);
    assert.equal(code, 2);
    assert.match(complaint, /DATABASE_URL is not set/);
  }
});

Deno.test("any other server is reached by a client of its own, and no URL is repeated", async () => {
  for (const host of ["localhost:5432", "127.0.0.1", "neon.tech.example.com"]) {
    for (const [kind, scheme] of [["postgres", "POSTGRES"], ["mysql", "mysql"]] as const) {
      const url = `${scheme}://app:${SECRET}@${host}/db`;
      // Without --allow-net there is no way.
      const permissions = ["--allow-env", "--allow-read", "--allow-sys"];
      const { code, out, complaint } = await schema(permissions, [kind, "--apply"], url);
      assert.equal(code, 1, complaint);
      assert.match(complaint, new RegExp(`^${kind} was not reached, so nothing was written`));
      assert(!`${out}${complaint}`.includes(SECRET));
    }
  }
});

Deno.test("it is applied to a server of one's own, and is there afterwards", async () => {
  for (const start of [() => startPostgres(), () => startMysql("mariadb")]) {
    const server = await start();
    try {
      const url = "url" in server
        ? `${server.url}?application_name=x`
        : `mysql://${server.user}:${
          encodeURIComponent(server.password)
        }@127.0.0.1:${server.port}/baton`;
      for (const more of [[], ["--fences"]]) {
        const kind = "url" in server ? "postgres" : "mysql";
        const { code, out, complaint } = await schema(["-A"], [kind, "--apply", ...more], url);
        assert.equal(code, 0, complaint);
        assert.match(out, /in place/);
      }
      const baton = await getCoordinator(url, "me");
      assert(await baton.getLock("x").acquire({ timeout: 0 }));
      await baton[Symbol.asyncDispose]();
    } finally {
      await server.stop();
    }
  }
});

Deno.test("a vendor's URL is tried as it comes", async () => {
  for (
    const [kind, url] of [
      [
        "postgres",
        `postgresql://app:${SECRET}@ep-x.eu-central-1.aws.neon.tech/db?sslmode=require`,
      ],
      ["postgres", ` postgres://app:${SECRET}@EP-X.AWS.NEON.BUILD/db`],
      ["mysql", `mysql://app:${SECRET}@aws.connect.psdb.cloud/db?ssl={"rejectUnauthorized":true}`],
    ] as const
  ) {
    const { code, complaint } = await schema(["--allow-env"], [kind, "--apply"], url);
    // Without --allow-net there is no way, and nothing but HTTPS is tried.
    assert.equal(code, 1, complaint);
    assert.match(complaint, /Requires net access|NotCapable/);
    assert(!complaint.includes(SECRET));
  }
});

Deno.test("why the SQL was not applied is said, and not that the connections could not be closed either", async () => {
  const { end } = Pool.prototype;
  const { error: complain } = console;
  const said: unknown[] = [];
  let closed = 0;
  Pool.prototype.end = async () => {
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    closed++;
    throw new Error("not closed");
  };
  console.error = (...words) => void said.push(...words);
  const before = Deno.env.get("DATABASE_URL");
  Deno.env.set("DATABASE_URL", `postgresql://app:${SECRET}@127.0.0.1:${await freePort()}/db`);
  try {
    // It takes the console when it is loaded.
    const { main } = await import("../../cli/schema.ts");
    assert.equal(await main(["postgres", "--apply"]), 1);
    assert.equal(closed, 1);
    assert.match(said.join(), /postgres was not reached, so nothing was written/);
    assert.doesNotMatch(said.join(), new RegExp(`not closed|${SECRET}`));
  } finally {
    Pool.prototype.end = end;
    console.error = complain;
    if (before === undefined) Deno.env.delete("DATABASE_URL");
    else Deno.env.set("DATABASE_URL", before);
  }
});
