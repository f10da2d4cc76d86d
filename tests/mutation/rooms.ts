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
  [/^drivers\/characteristics\.ts$/, files("url/url")],
  [/^coordination\/shutdown\.ts$/, files("processes/shutdown_signals", "processes/shutdown")],
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
  [/^coordination\/partition\//, files("core/hash_ring")],
  [
    /^drivers\/(kit\/step|memory)\.ts$/,
    [...some("laws/driver", "^memory keeps"), ...core("retrying")],
  ],
  [/^drivers\/sqlite\//, [
    ...some("laws/driver", "^sqlite"),
    ...files("drivers/sqlite/transactions", "drivers/sqlite/sqlite"),
  ]],
  [
    /^(drivers\/decorators|coordination\/leases\/retrying)/,
    [
      ...core("decorators", "retrying", "budget"),
      ...some("laws/driver", "^(retrying|namespaced|traced|all)"),
    ],
  ],
  [/^drivers\/kit\//, [
    ...core("driver_rules"),
    ...some("laws/driver", "^memory keeps"),
  ]],
  [/^drivers\/schemes\.ts$/, files("url/hosts", "url/url", "url/databases")],
  [/^drivers\/redis\/upstash\.ts$/, files("drivers/redis/upstash")],
  [/^drivers\/redis/, [
    ...files(
      "drivers/redis/replies",
      "drivers/redis/lists",
      "drivers/redis/redis",
      "drivers/redis/upstash",
    ),
    ...some("laws/requests", "Upstash"),
  ]],
  [/^drivers\/postgres\/schema\.ts$/, [
    ...[...files("drivers/postgres/waits"), ...some("drivers/sql/tokens", "PostgreSQL")],
    ...[...some("laws/driver", "^neon"), ...files("drivers/postgres/postgres")],
  ]],
  [/^drivers\/postgres\/neon\.ts$/, files("drivers/postgres/neon")],
  [/^drivers\/postgres/, files("drivers/postgres/request", "drivers/postgres/postgres")],
  [
    /^drivers\/mysql\/statements\.ts$/,
    [
      ...[
        ...files("drivers/mysql/locks", "drivers/mysql/sweep_race"),
        ...some("drivers/sql/tokens", "MariaDB"),
      ],
      ...[...some("laws/driver", "MariaDB"), ...files("drivers/mysql/mysql")],
    ],
  ],
  [
    /^drivers\/mysql\/planetscale\.ts$/,
    files("drivers/mysql/planetscale", "drivers/mysql/planetscale_lies"),
  ],
  [
    /^drivers\/mysql/,
    files("drivers/mysql/mysql", "drivers/mysql/locks", "drivers/mysql/planetscale_lies"),
  ],
  [/^http\/(failures|handlers\/(lock|response_lease))/, files("http/lock", "http/hono")],
  [/^http\/handlers\/leader/, files("http/leader")],
  [/^http\/(secret|handlers\/(cron|authorize))/, files("http/cron")],
  [/^http\//, files("http/heartbeat", "http/retry_after")],
  [/^fencing\/(fence|stale)/, files("fencing/stale", "fencing/mysql_refusals")],
  [/^fencing\/redis/, files("fencing/redis")],
  [/^fencing\/postgres/, files("fencing/postgres")],
  [/^fencing\/mysql/, files("fencing/mysql_refusals", "fencing/mysql")],
  [/^url\.ts$/, files("url/url")],
];

/** What comes after a file's own tests; every rule that fits holds. */
const MORE: readonly (readonly [files: RegExp, runs: readonly Run[]])[] = [
  [
    /^(coordination|drivers\/(kit|memory|decorators))/,
    [
      ...[
        ...some("laws/coordination", "memory"),
        { path: "tests/core" },
        ...files("core/tooz_bugs"),
      ],
      { path: "tests/http" },
    ],
  ],
  [/^drivers\/sqlite/, [...some("laws/coordination", "sqlite")]],
  [
    /^drivers\/(redis|kit)/,
    [
      ...some("laws/driver", "^upstash"),
      ...[...files("drivers/redis/lost_reply"), ...some("laws/coordination", "upstash")],
    ],
  ],
  [
    /^drivers\/postgres/,
    [
      ...[...some("laws/requests", "Neon"), ...some("laws/driver", "^neon")],
      ...[...files("drivers/sql/schema"), ...some("drivers/sql/sweep", "^PostgreSQL")],
      ...[
        ...some("laws/lost_reply", "PostgreSQL"),
        ...some("drivers/sql/race", "PostgreSQL"),
      ],
      ...some("laws/group_race", "neon"),
    ],
  ],
  [
    /^drivers\/mysql/,
    [
      ...[...some("laws/requests", "PlanetScale"), ...some("laws/driver", "MariaDB", "MySQL")],
      ...[
        ...files("drivers/sql/schema"),
        ...some("drivers/sql/sweep", "^(mysql|mariadb|MySQL|MariaDB)"),
      ],
      ...[
        ...some("laws/lost_reply", "MariaDB", "MySQL"),
        ...some("drivers/sql/race", "MariaDB", "MySQL"),
      ],
      ...some("laws/group_race", "planetscale"),
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
