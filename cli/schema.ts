/**
 * A command that prints the SQL that Baton needs in Postgres, MySQL, D1 or Turso, or runs it.
 *
 * On npm it is `baton-schema`:
 *
 * ```sh
 * npx baton-schema postgres > baton.sql
 * ```
 *
 * In Deno:
 *
 * ```sh
 * deno run jsr:@baton/baton/schema postgres > baton.sql
 * deno run jsr:@baton/baton/schema mysql --table my_leases
 * deno run jsr:@baton/baton/schema postgres --fences
 * deno run jsr:@baton/baton/schema sqlite > baton.sql    # D1; then wrangler d1 execute
 * DATABASE_URL=… deno run -A jsr:@baton/baton/schema postgres --apply
 * DATABASE_URL=libsql://… deno run -A jsr:@baton/baton/schema sqlite --apply    # Turso
 * ```
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import type { MysqlQuery } from "../drivers/mysql/mysql.ts";
import type { PostgresQuery } from "../drivers/postgres/postgres.ts";
import { neonDriver, planetscaleDriver } from "../drivers/schemes.ts";

const HELP = `\
Prints the SQL that Baton needs in a database. Running the SQL again changes nothing.

  baton-schema postgres [--schema baton] [--fences | --rpc] [--apply]
  baton-schema mysql [--table baton_leases] [--fences] [--apply]
  baton-schema sqlite [--fences] [--apply]                       D1, Turso; a file needs none

In Deno, baton-schema is deno run -A jsr:@baton/baton/schema.

  --fences  the SQL that refuses stale writes (@baton/baton/fencing), not the SQL that keeps leases
  --rpc     with the function that rpc() of Supabase calls
  --apply   runs the SQL on the database of DATABASE_URL: over HTTPS on Neon, PlanetScale and Turso,
            whose token may be in TURSO_AUTH_TOKEN, and on any other server through the package pg
            or mysql2

Exit status: 0 done, 1 the SQL could not be applied, 2 bad arguments or no usable DATABASE_URL.
`;

const DONE = "Baton's schema is in place.";

// deno-lint-ignore no-console -- this is a command
const say = console.log, complain = console.error;

/**
 * Runs the command with these arguments, and answers its exit status: 0 done, 1 the SQL could not be
 * applied, 2 bad arguments or no usable `DATABASE_URL`. It never rejects.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await schemaCommand(args);
  } catch (error) {
    // parseArgs throws a TypeError for a wrong option; Baton's own errors say everything else.
    complain(error instanceof Error ? error.message : error);
    return error instanceof TypeError ? 2 : 1;
  }
}

/** What needs no schema. */
const NONE =
  /^(redis|upstash|memory|ipc|browser|etcd|consul|zookeeper|memcached|s3|r2|kubernetes|deno-kv|durable-object)$/;
/** What has the schema of another name. */
const SAME: Readonly<Record<string, string>> = {
  ...{ postgresql: "postgres", neon: "postgres", supabase: "postgres" },
  ...{ mariadb: "mysql", planetscale: "mysql", d1: "sqlite", turso: "sqlite", libsql: "sqlite" },
};

/** The options that not every database has. */
const OPTIONS = ["schema", "table", "rpc"] as const;
/** The databases, and which of those options each of them has. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  postgres: ["schema", "rpc"],
  mysql: ["table"],
  sqlite: [],
};

async function schemaCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      schema: { type: "string" },
      table: { type: "string" },
      fences: { type: "boolean" },
      rpc: { type: "boolean" },
      apply: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const [kind, ...more] = positionals;
  if (values.help) return say(HELP), 0;
  const own = Object.hasOwn(KINDS, kind ?? "") ? KINDS[kind!] : undefined;
  const wrong = OPTIONS.filter((name) => values[name] && !own?.includes(name));
  if (!own || more.length > 0 || wrong.length > 0) {
    if (kind) complain(`${whatIsWrong(kind, wrong)}.\n`);
    return complain(HELP), 2;
  }
  // Read only for --apply: it takes a permission that printing does not need.
  const url = values.apply ? (process.env["DATABASE_URL"] ?? "").trim() : "";
  if (values.apply && !url) {
    return complain(
      "DATABASE_URL is not set, so nothing was sent. Set it to the URL of the database",
    ),
      2;
  }
  if (kind === "sqlite") {
    const { migrate, schema } = values.fences
      ? await sqliteFences()
      : await import("../drivers/sqlite/migration.ts");
    if (!values.apply) return print(schema());
    await migrate(await tursoAt(url));
    return say(DONE), 0;
  }
  if (kind === "postgres") {
    const { migrate, schema } = values.fences
      ? await postgresFences()
      : await import("../drivers/postgres/schema.ts");
    const options = {
      ...values.schema && { schema: values.schema },
      ...values.rpc && { rpc: true },
    };
    if (!values.apply) return print(schema(options));
    await closing(await postgresOf(url), ({ query }) => migrate(query, options));
  } else {
    const { migrate, schema } = values.fences
      ? await mysqlFences()
      : await import("../drivers/mysql/schema.ts");
    const options = values.table ? { table: values.table } : {};
    if (!values.apply) return print(schema(options));
    await closing(await mysqlOf(url), ({ query }) => migrate(query, options));
  }
  return say(DONE), 0;
}

/** What is wrong with the words. One that is not known is not repeated: it may be a URL with a password. */
function whatIsWrong(kind: string, wrong: readonly string[]): string {
  if (NONE.test(kind)) return `${kind} needs no schema: there is nothing to create`;
  if (Object.hasOwn(SAME, kind)) return `The schema of ${kind} is that of ${SAME[kind]}`;
  if (!Object.hasOwn(KINDS, kind)) return "The first word must be postgres, mysql or sqlite";
  if (wrong.length > 0) return `${kind} has no --${wrong[0]}`;
  return "Give the name of one database; its URL goes into DATABASE_URL";
}

/** What sends statements to the Turso database of a URL; its token may be in a variable of its own. */
async function tursoAt(url: string) {
  const { tursoOptions } = await import("../drivers/sqlite/turso_url.ts");
  const { tursoQuery } = await import("../drivers/sqlite/turso.ts");
  const token = process.env["TURSO_AUTH_TOKEN"];
  return tursoQuery(tursoOptions({ ...partsOf(url), ...token && { token } }));
}

/** What sends statements to a database. */
type Database<Query> = AsyncDisposable & { readonly query: Query };

/** It is over HTTPS: there is nothing to close. */
const NOTHING = { [Symbol.asyncDispose]: () => Promise.resolve() };

/** Works with what is open, and closes it. (Node has `await using` from version 24 on.) */
async function closing<T extends AsyncDisposable>(
  open: T,
  work: (open: T) => Promise<void>,
): Promise<void> {
  try {
    await work(open);
  } catch (error) {
    // Whatever becomes of that, this is what went wrong.
    await Promise.resolve(open[Symbol.asyncDispose]()).catch(() => {});
    throw error;
  }
  await open[Symbol.asyncDispose]();
}

async function postgresOf(url: string): Promise<Database<PostgresQuery>> {
  if (isElsewhere(url)) {
    return await (await import("../drivers/postgres/pg.ts")).postgresPool(partsOf(url));
  }
  return { query: (await neonDriver()).neonQuery(url), ...NOTHING };
}

async function mysqlOf(url: string): Promise<Database<MysqlQuery>> {
  if (isElsewhere(url)) {
    return await (await import("../drivers/mysql/mysql2.ts")).mysqlPool(partsOf(url));
  }
  const { planetscaleQuery } = await planetscaleDriver();
  return { query: planetscaleQuery({ url }), ...NOTHING };
}

/** Whether the URL is for a server that HTTPS does not lead to. */
function isElsewhere(url: string): boolean {
  return /^(postgres(ql)?|mysql):/i.test(url) && URL.canParse(url) &&
    !/\.(neon\.(tech|build)|psdb\.cloud)$/i.test(new URL(url).hostname);
}

function partsOf(text: string): { url: string; parameters: string | undefined } {
  const [url = "", parameters] = text.split(/\?(.*)/s);
  return { url, parameters };
}

async function postgresFences() {
  const fencing = await import("../fencing/postgres.ts");
  return { migrate: fencing.migratePostgresFences, schema: fencing.postgresFences };
}

async function mysqlFences() {
  const fencing = await import("../fencing/mysql.ts");
  return { migrate: fencing.migrateMysqlFences, schema: fencing.mysqlFences };
}

async function sqliteFences() {
  const fencing = await import("../fencing/sqlite.ts");
  return { migrate: fencing.migrateSqliteFences, schema: fencing.sqliteFences };
}

function print(statements: readonly string[]): number {
  say(`${statements.join(";\n\n")};`);
  return 0;
}

// To import it is not to run it: npm's `baton-schema` does both.
if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
