/**
 * Which tests are likely to notice a bug in which file, from the cheapest to the dearest.
 *
 * @module
 */

/** Tests that are run together. */
export interface Run {
  /** A file or folder, from the root. */
  readonly path: string;
  /** Which of its tests, as `deno test --filter` takes it; all unless given. */
  readonly filter?: string;
}

/** What the percentages are of. */
export type Room = "core" | "drivers" | "rest";

/** Where a file of the product belongs. */
export function roomOf(file: string): Room {
  if (file.startsWith("coordination/")) return "core";
  return file.startsWith("drivers/") ? "drivers" : "rest";
}

const core = (...names: readonly string[]): Run[] =>
  names.map((name) => ({ path: `tests/core/${name}_test.ts` }));
const files = (...names: readonly string[]): Run[] =>
  names.map((name) => ({ path: `tests/${name}_test.ts` }));
const some = (name: string, ...filters: readonly string[]): Run[] =>
  filters.map((filter) => ({ path: `tests/${name}_test.ts`, filter: `/${filter}/` }));

/** The tests of a file's own, which come first; the first rule that fits holds. */
const OWN: readonly (readonly [files: RegExp, runs: readonly Run[]])[] = [
  [
    /^coordination\/(session|held_lease)\.ts$/,
    core("lease", "lease_unwatched", "coordinator", "lock", "cron_options"),
  ],
  [/^coordination\/(runtime|signals|timings)\.ts$/, core("runtime", "lease", "coordinator")],
  [/^coordination\/heart\.ts$/, core("heart", "coordinator", "lease")],
  [/^coordination\/core\.ts$/, core("coordinator", "waiting", "election", "lock")],
  [/^coordination\/(acquirable|lock|names)\.ts$/, core("lock", "waiting", "semaphore")],
  [/^coordination\/semaphore\.ts$/, core("semaphore", "waiting")],
  [/^coordination\/(candidate|lead|election)\.ts$/, core("election", "lead", "tick", "groups")],
  [/^coordination\/characteristics\.ts$/, files("url")],
  [/^coordination\/shutdown\.ts$/, files("shutdown_signals", "shutdown")],
  [/^coordination\/slots\.ts$/, core("slots")],
  [/^coordination\/(cron|catch_up)/, core("cron", "cron_options", "cron_history", "cron_ends")],
  [
    /^coordination\/(groups|directory|capabilities|coordinator)\.ts$/,
    core("groups", "membership", "waiting", "tick"),
  ],
  [/^coordination\/(watches|snapshot|ticker)\.ts$/, core("tick", "watch_memory", "membership")],
  [/^coordination\/partitioner\.ts$/, core("partitioner")],
  [/^coordination\/hash/, files("hash_ring")],
  [
    /^drivers\/(step|memory)\.ts$/,
    [...some("driver", "^memory keeps"), ...core("retrying")],
  ],
  [/^drivers\/sqlite\.ts$/, [
    ...some("driver", "^sqlite"),
    ...files("sqlite_transactions", "sqlite"),
  ]],
  [
    /^drivers\/(retrying|namespaced|traced|budgeted)\.ts$/,
    [
      ...core("decorators", "retrying", "budget"),
      ...some("driver", "^(retrying|namespaced|traced|all)"),
    ],
  ],
  [/^drivers\/(check|failure|order|plain)/, [
    ...core("driver_rules"),
    ...some("driver", "^memory keeps"),
  ]],
  [/^drivers\/schemes\.ts$/, files("url_hosts", "url", "url_databases")],
  [/^drivers\/redis/, [
    ...files("redis_replies", "redis_lists", "redis", "upstash"),
    ...some("requests", "Upstash"),
  ]],
  [/^drivers\/upstash\.ts$/, files("upstash_word", "upstash")],
  [/^drivers\/postgres_schema\.ts$/, [
    ...[...files("postgres_waits"), ...some("sql_tokens", "^PostgreSQL")],
    ...[...some("driver", "^neon"), ...files("postgres")],
  ]],
  [/^drivers\/postgres/, files("postgres_request", "postgres")],
  [/^drivers\/neon\.ts$/, files("neon")],
  [
    /^drivers\/mysql_statements\.ts$/,
    [
      ...[...files("mysql_locks", "mysql_sweep_race"), ...some("sql_tokens", "^MariaDB")],
      ...[...some("driver", "MariaDB"), ...files("mysql")],
    ],
  ],
  [/^drivers\/mysql/, files("mysql", "mysql_locks", "planetscale_lies")],
  [/^drivers\/planetscale\.ts$/, files("planetscale", "planetscale_lies")],
  [/^http\/(lock|keeping|outage)/, files("http/lock", "http/hono")],
  [/^http\/leader/, files("http/leader")],
  [/^http\/(cron|secret|trigger)/, files("http/cron")],
  [/^http\//, files("http/heartbeat", "http/retry_after")],
  [/^fencing\/(fence|stale)/, files("fencing/stale", "fencing/mysql_refusals")],
  [/^fencing\/redis/, files("fencing/redis")],
  [/^fencing\/postgres/, files("fencing/postgres")],
  [/^fencing\/mysql/, files("fencing/mysql_refusals", "fencing/mysql")],
  [/^url\.ts$/, files("url")],
];

/** What comes after a file's own tests; every rule that fits holds. */
const MORE: readonly (readonly [files: RegExp, runs: readonly Run[]])[] = [
  [
    /^(coordination|drivers\/(step|memory|retrying|namespaced|traced|budgeted|check|order))/,
    [
      ...[...some("coordination", "memory"), { path: "tests/core" }, ...files("tooz_bugs")],
      { path: "tests/http" },
    ],
  ],
  [/^drivers\/sqlite/, [...some("coordination", "SQLite")]],
  [
    /^drivers\/(redis|upstash|check|failure|order|plain)/,
    [
      ...some("driver", "^upstash"),
      ...[...files("lost_reply"), ...some("coordination", "upstash")],
    ],
  ],
  [
    /^drivers\/(postgres|neon)/,
    [
      ...[...some("requests", "Neon"), ...some("driver", "^neon")],
      ...[...files("schema"), ...some("sweep", "^PostgreSQL")],
      ...[...some("sql_lost_reply", "^PostgreSQL"), ...some("sql_race", "^PostgreSQL")],
      ...some("group_race", "neon"),
    ],
  ],
  [
    /^drivers\/(mysql|planetscale)/,
    [
      ...[...some("requests", "PlanetScale"), ...some("driver", "MariaDB", "MySQL")],
      ...[...files("schema"), ...some("sweep", "^(mysql|mariadb|MySQL|MariaDB)")],
      ...[
        ...some("sql_lost_reply", "^MariaDB", "^MySQL"),
        ...some("sql_race", "^MariaDB", "^MySQL"),
      ],
      ...some("group_race", "planetscale"),
    ],
  ],
  [/^http\//, [{ path: "tests/http" }]],
  [/^fencing\//, [{ path: "tests/fencing" }]],
];

/** The runs for a bug in that file, each once. */
export function runsFor(file: string): Run[] {
  const [, own = []] = OWN.find(([files]) => files.test(file)) ?? [];
  const more = MORE.filter(([files]) => files.test(file)).flatMap(([, runs]) => runs);
  return [...new Map([...own, ...more].map((run) => [titleOf(run), run])).values()];
}

/** Whether the tests of a run own their clock, so that nothing in them fails by chance. */
export function isSteady({ path }: Run): boolean {
  return path.startsWith("tests/core");
}

/** A run in few words. */
export function titleOf({ path, filter }: Run): string {
  return filter ? `${path} ${filter}` : path;
}
