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
    /^coordination\/leases\/(session|held_lease|request)\.ts$/,
    core("lease", "lease_unwatched", "coordinator", "lock", "cron_options"),
  ],
  [
    /^coordination\/(runtime|leases\/(abort_signals|timings))\.ts$/,
    core("runtime", "lease", "coordinator"),
  ],
  [/^coordination\/leases\/heart\.ts$/, core("heart", "coordinator", "lease")],
  [/^coordination\/core\.ts$/, core("coordinator", "waiting", "election", "lock")],
  [/^coordination\/(names|locks\/(acquirable|lock))\.ts$/, core("lock", "waiting", "semaphore")],
  [/^coordination\/locks\/semaphore\.ts$/, core("semaphore", "waiting")],
  [/^coordination\/election\//, core("election", "lead", "tick", "groups")],
  [/^drivers\/characteristics\.ts$/, files("url")],
  [/^coordination\/shutdown\.ts$/, files("shutdown_signals", "shutdown")],
  [/^coordination\/cron\/slots\.ts$/, core("slots")],
  [/^coordination\/cron\//, core("cron", "cron_options", "cron_history", "cron_ends")],
  [
    /^coordination\/(coordinator|groups\/(memberships|group_list|member_value))\.ts$/,
    core("groups", "membership", "waiting", "tick"),
  ],
  [
    /^coordination\/groups\/(watches|changes|tick)\.ts$/,
    core("tick", "watch_memory", "membership"),
  ],
  [/^coordination\/partition\/partitioner\.ts$/, core("partitioner")],
  [/^coordination\/partition\//, files("hash_ring")],
  [
    /^drivers\/(kit\/step|memory)\.ts$/,
    [...some("driver", "^memory keeps"), ...core("retrying")],
  ],
  [/^drivers\/sqlite\//, [
    ...some("driver", "^sqlite"),
    ...files("sqlite_transactions", "sqlite"),
  ]],
  [
    /^(drivers\/decorators|coordination\/leases\/retrying)/,
    [
      ...core("decorators", "retrying", "budget"),
      ...some("driver", "^(retrying|namespaced|traced|all)"),
    ],
  ],
  [/^drivers\/kit\//, [
    ...core("driver_rules"),
    ...some("driver", "^memory keeps"),
  ]],
  [/^drivers\/schemes\.ts$/, files("url_hosts", "url", "url_databases")],
  [/^drivers\/redis\/upstash\.ts$/, files("upstash_word", "upstash")],
  [/^drivers\/redis/, [
    ...files("redis_replies", "redis_lists", "redis", "upstash"),
    ...some("requests", "Upstash"),
  ]],
  [/^drivers\/postgres\/schema\.ts$/, [
    ...[...files("postgres_waits"), ...some("sql_tokens", "^PostgreSQL")],
    ...[...some("driver", "^neon"), ...files("postgres")],
  ]],
  [/^drivers\/postgres\/neon\.ts$/, files("neon")],
  [/^drivers\/postgres/, files("postgres_request", "postgres")],
  [
    /^drivers\/mysql\/statements\.ts$/,
    [
      ...[...files("mysql_locks", "mysql_sweep_race"), ...some("sql_tokens", "^MariaDB")],
      ...[...some("driver", "MariaDB"), ...files("mysql")],
    ],
  ],
  [/^drivers\/mysql\/planetscale\.ts$/, files("planetscale", "planetscale_lies")],
  [/^drivers\/mysql/, files("mysql", "mysql_locks", "planetscale_lies")],
  [/^http\/(failures|handlers\/(lock|response_lease))/, files("http/lock", "http/hono")],
  [/^http\/handlers\/leader/, files("http/leader")],
  [/^http\/(secret|handlers\/(cron|authorize))/, files("http/cron")],
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
    /^(coordination|drivers\/(kit|memory|decorators))/,
    [
      ...[...some("coordination", "memory"), { path: "tests/core" }, ...files("tooz_bugs")],
      { path: "tests/http" },
    ],
  ],
  [/^drivers\/sqlite/, [...some("coordination", "SQLite")]],
  [
    /^drivers\/(redis|kit)/,
    [
      ...some("driver", "^upstash"),
      ...[...files("lost_reply"), ...some("coordination", "upstash")],
    ],
  ],
  [
    /^drivers\/postgres/,
    [
      ...[...some("requests", "Neon"), ...some("driver", "^neon")],
      ...[...files("schema"), ...some("sweep", "^PostgreSQL")],
      ...[...some("sql_lost_reply", "^PostgreSQL"), ...some("sql_race", "^PostgreSQL")],
      ...some("group_race", "neon"),
    ],
  ],
  [
    /^drivers\/mysql/,
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
