/**
 * A command: prints the SQL that Baton's Postgres and MySQL drivers need, or runs it.
 *
 * ```sh
 * deno run jsr:@baton/baton/schema postgres > baton.sql
 * deno run jsr:@baton/baton/schema mysql --table my_leases
 * deno run jsr:@baton/baton/schema postgres --fences
 * DATABASE_URL=… deno run -A jsr:@baton/baton/schema postgres --apply    # Neon, PlanetScale
 * ```
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";

const HELP = `\
Prints the SQL that Baton needs in a database; running it again changes nothing.

  schema postgres [--schema baton] [--fences] [--apply]
  schema mysql [--table baton_leases] [--fences] [--apply]

  --fences  what refuses stale writes (@baton/baton/fencing), instead of what keeps leases
  --apply   runs it on the Neon or PlanetScale database of DATABASE_URL instead, by HTTPS

Exit status: 0 done, 1 it could not be applied, 2 bad arguments.
`;

const ELSEWHERE = `\
DATABASE_URL is another server's than Neon's or PlanetScale's, and --apply speaks their HTTPS alone.
Nothing was sent. Without --apply it prints the SQL: give that to the server's own client, such as

  schema postgres | psql "$DATABASE_URL"

or call migrate() of @baton/baton/schema/postgres (or …/mysql) with a function that sends to it.`;

// deno-lint-ignore no-console -- this is a command
const say = console.log, complain = console.error;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      schema: { type: "string" },
      table: { type: "string" },
      fences: { type: "boolean", default: false },
      apply: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [kind, ...more] = positionals;
  if (values.help) return say(HELP), 0;
  const wrong = kind === "postgres" ? values.table : values.schema;
  if ((kind !== "postgres" && kind !== "mysql") || more.length > 0 || wrong) {
    return complain(HELP), 2;
  }
  // Only then, for it takes a permission that printing can do without.
  const url = values.apply ? process.env["DATABASE_URL"] ?? "" : "";
  if (values.apply && !url) {
    return complain("DATABASE_URL is not set, so there is no database to apply it to"), 2;
  }
  if (isElsewhere(url)) return complain(ELSEWHERE), 2;
  if (kind === "postgres") {
    const { migrate, schema } = values.fences
      ? await postgresFences()
      : await import("../drivers/postgres/schema.ts");
    const options = values.schema ? { schema: values.schema } : {};
    if (!values.apply) return print(schema(options));
    const { neonQuery } = await import("../drivers/postgres/neon.ts");
    await migrate(neonQuery(url), options);
  } else {
    const { migrate, schema } = values.fences
      ? await mysqlFences()
      : await import("../drivers/mysql/schema.ts");
    const options = values.table ? { table: values.table } : {};
    if (!values.apply) return print(schema(options));
    const { planetscaleQuery } = await import("../drivers/mysql/planetscale.ts");
    await migrate(planetscaleQuery({ url }), options);
  }
  say("Baton's schema is there.");
  return 0;
}

/** Whether it is another server's than those that are reached by HTTPS; it is sent no password then. */
function isElsewhere(url: string): boolean {
  return /^\s*(postgres(ql)?|mysql):/i.test(url) && URL.canParse(url) &&
    !/\.(neon\.(tech|build)|psdb\.cloud)$/i.test(new URL(url).hostname);
}

async function postgresFences() {
  const fencing = await import("../fencing/postgres.ts");
  return { migrate: fencing.migratePostgresFences, schema: fencing.postgresFences };
}

async function mysqlFences() {
  const fencing = await import("../fencing/mysql.ts");
  return { migrate: fencing.migrateMysqlFences, schema: fencing.mysqlFences };
}

function print(statements: readonly string[]): number {
  say(`${statements.join(";\n\n")};`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // A wrong option is parseArgs's TypeError; what Baton throws tells the rest.
  complain(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof TypeError ? 2 : 1;
}
