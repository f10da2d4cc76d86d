/**
 * Bugs in the Postgres and MySQL drivers, their statements and their transports.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

const POSTGRES = inFile("drivers/postgres/postgres.ts", [
  [
    "answers come in the order of the rows",
    "order.forEach((index, n) => asGiven[index] = outcomes[n] as Outcome);",
    "order.forEach((_, n) => asGiven[n] = outcomes[n] as Outcome);",
  ],
  ["rows are locked in any order", "apart ? inOrder(places) :", "!ops ? inOrder(places) :"],
  [
    "rows of a batch that is not sorted are locked in any order",
    "[...writes].sort().map",
    "[...writes].map",
  ],
  [
    "operations on one place change places",
    "return new Set(places).size === ops.length &&",
    "return ops.length > 0 &&",
  ],
  [
    "a guarded seat is locked for reading",
    "    lock(placeKey(op), true);\n",
    "    lock(placeKey(op), false);\n",
  ],
  [
    "a guard does not lock what it looks at",
    "    lock(placeKey(guard), guard.seat === undefined);\n",
    "",
  ],
  [
    "a guard on a resource is a reader's",
    "lock(placeKey(guard), guard.seat === undefined);",
    "lock(placeKey(guard), false);",
  ],
  [
    "who writes a seat does not lock its resource",
    "    lock(placeKey({ resource: op.resource }), false);\n",
    "",
  ],
  [
    "advisory locks are taken in any order",
    "return [...locks].sort(([a], [b]) => (a < b ? -1 : 1));",
    "return [...locks];",
  ],
  [
    "answers are not counted",
    "|| outcomes.length !== count) throw odd();",
    "|| count < 0) throw odd();",
  ],
  ["a token that is none passes", "|| !Number.isSafeInteger(token) ||", "||"],
  ["for ever ends at once", "left: left ?? Infinity", "left: left ?? 0"],
  ["leases come in any order", "    leases.sort(bySeat);\n", ""],
  ["a signal does not reach the transport", "[request], signal);", "[request]);"],
]);

const SCHEMA = inFile("drivers/postgres/schema.ts", [
  [
    "life is told by the begin of the transaction",
    "from ${schema}.leases where expires > clock_timestamp()`;",
    "from ${schema}.leases where expires > now()`;",
  ],
  ["of two at once both win", "    where old.expires <= clock_timestamp()\n", ""],
  [
    "a token is given twice",
    "greatest(old.token + 1, excluded.token)",
    "greatest(old.token, excluded.token)",
  ],
  ["a token is the clock's alone", "greatest(old.token + 1, excluded.token)", "excluded.token"],
  [
    "a token has nothing to do with the clock",
    "greatest(old.token + 1, excluded.token)",
    "old.token + 1",
  ],
  [
    "a lease's time begins before the wait for its row",
    "      expires = coalesce(clock_timestamp() + ttl * interval '1 ms', 'infinity')\n    where old",
    "      expires = excluded.expires\n    where old",
  ],
  [
    "a replay prolongs the lease",
    "if found then return there; end if;",
    "if found then update ${schema}.leases set expires = clock_timestamp() + ttl * interval '1 ms' where resource = at and seat = place and id = who; return there; end if;",
  ],
  [
    "an acquisition ignores its guard",
    "if there is not null then return jsonb_build_array(false, there); end if;\n    -- One winner",
    "-- One winner",
  ],
  [
    "a release goes by the seat",
    "    if holder <> who then return jsonb_build_array(false, there); end if;\n",
    "",
  ],
  [
    "a release ignores its guard",
    "if there is not null then return jsonb_build_array(false, there); end if;\n    -- The row stays",
    "-- The row stays",
  ],
  [
    "a renewal prolongs a successor",
    "where resource = it.resource and seat = it.seat and id = it.id\n",
    "where resource = it.resource and seat = it.seat\n",
  ],
  [
    "a renewal resurrects",
    "and id = it.id\n          and expires > clock_timestamp();",
    "and id = it.id;",
  ],
  [
    "a renewal empties the value",
    "set value = coalesce(it.value, value),",
    "set value = coalesce(it.value, ''),",
  ],
  [
    "a ttl is in seconds",
    "expires = coalesce(clock_timestamp() + it.ttl * interval '1 ms', 'infinity')",
    "expires = coalesce(clock_timestamp() + it.ttl * interval '1 s', 'infinity')",
  ],
  [
    "guards do not exclude each other",
    "perform pg_advisory_xact_lock(hash",
    "perform pg_advisory_xact_lock_shared(hash",
  ],
  [
    "the dead are swept away with tokens ahead of the clock",
    "    and token < extract(epoch from now()) * 1000 - 3600000\n",
    "",
  ],
  [
    "the living are swept away",
    "where hour < (now() at time zone 'UTC') - interval '2 hours'",
    "where hour < (now() at time zone 'UTC') + interval '2 hours'",
  ],
  ["any isolation level passes", "<> 'read committed' then", "= 'none' then"],
  [
    "an acknowledged lease is on no disk yet",
    "perform set_config('synchronous_commit', 'on', true);",
    "perform set_config('synchronous_commit', 'off', true);",
  ],
  ["the time left is cut", "greatest(1, ceil(extract", "greatest(1, floor(extract"],
  [
    "a guard that wants somebody there holds",
    "return case when not held then there when there is null then '[]'::jsonb end;",
    "return case when not held then there end;",
  ],
  ["a released lease loses its token", "set id = ''", "set token = 0, id = ''"],
]);

const STATEMENTS = inFile("drivers/mysql/statements.ts", [
  ["a token is given twice", "greatest(token + 1, ${CLOCK})", "greatest(token, ${CLOCK})"],
  ["a token has nothing to do with the clock", "greatest(token + 1, ${CLOCK})", "token + 1"],
  ["a token is the clock's alone", "tell(`greatest(token + 1, ${CLOCK})`)", "tell(CLOCK)"],
  [
    "the end of a lease is assigned before who holds it",
    "id = if(${dead}, values(id), id),\nvalue = if(${dead}, values(value), value),\nexpires = if(${dead}, values(expires), expires)",
    "expires = if(${dead}, values(expires), expires),\nid = if(${dead}, values(id), id),\nvalue = if(${dead}, values(value), value)",
  ],
  [
    "a renewal resurrects",
    "where expires > ${NOW} and (${ops.map((op) => seatOf(op)).join",
    "where (${ops.map((op) => seatOf(op)).join",
  ],
  ["a release of the dead counts", "where it.expires > ${NOW} and ${seat", "where ${seat"],
  [
    "a release ignores its guard",
    '"it.")}${refused}`',
    '"it.")}${refused && ""}`',
  ],
  [
    "an acquisition ignores its guard",
    '${guard ? where(guard) : ""}',
    '${guard && !op ? where(guard) : ""}',
  ],
  ["a guard is turned round", 'when === "held" ? "" : "not "', 'when === "held" ? "not " : ""'],
  [
    "a guard sees the dead",
    'where ${at(place, "g.")})`',
    'where ${row(place, "g.")})`',
  ],
  [
    "the dead are found with tokens ahead of the clock",
    " and token < ${CLOCK} - 3600000 limit 100",
    " limit 100",
  ],
  [
    "who took the seat of the dead is deleted with them",
    "where it.expires < ${NOW} and it.token < ${CLOCK} - 3600000 and (",
    "where (",
  ],
  [
    "a ttl is in microseconds",
    "interval ${ttl * 1_000} microsecond",
    "interval ${ttl} microsecond",
  ],
  ["the time left is cut", "ceil(timestampdiff(", "floor(timestampdiff("],
  [
    "renewals share one ttl",
    "others.length === 0 ? end : `case",
    "others.length >= 0 ? end : `case",
  ],
  [
    "a look finds the dead",
    "from ${this.#table} where ${at({ resource, seat })}${limit",
    "from ${this.#table} where ${row({ resource, seat })}${limit",
  ],
  ["a release ends a lease this very moment", "it.expires = ${PAST}", "it.expires = ${NOW}"],
  ["for ever ends soon", "`cast(${FOREVER} as datetime(6))`", "`${NOW} + interval 1 hour`"],
  [
    "a renewal or release goes by the seat",
    "and ${alias}id = ${hex(op.id)}`",
    "and ${alias}id <> ''`",
  ],
]);

const MYSQL = inFile("drivers/mysql/mysql.ts", [
  ["renewals of one lease share a request", " && !places.has(place))", ")"],
  ["renewals with values share a request", " && op.value === undefined);", ");"],
  ["every renewal is a request of its own", "(areBeats(run[0], op) && ", "(!run[0] && "],
  ["every look is a request of its own", "(areLooks(run[0], op) || ", "("],
  ["a clean-up that fails fails the grant", ".catch(() => {});", ";"],
  ["nothing is cleaned up", "if (sweep && batch.litters)", "if (sweep && !batch)"],
  ["who wants no clean-up gets it", "if (sweep && batch.litters)", "if (batch.litters)"],
]);

const BATCH = inFile("drivers/mysql/batch.ts", [
  [
    "a replay is a refusal",
    "return { ok: mine === true, leases: [holder] };",
    "return { ok: false, leases: [holder] };",
  ],
  [
    "whoever has the seat is us",
    "return { ok: mine === true, leases: [holder] };",
    "return { ok: true, leases: [holder] };",
  ],
  ["a deadlock is an error", "deadlocks < DEADLOCKS", "deadlocks < 0"],
  [
    "after a part was written an error is definite",
    "throw this.#wrote && !(error instanceof UnknownOutcome)",
    "throw this.#wrote && (error instanceof UnknownOutcome)",
  ],
  ["too few renewals are believed", "    if (changed > rowsAffected!) this.#odd();\n", ""],
  [
    "a renewal that found nothing counts",
    "ok: all || there[n]?.[0]?.id === id,",
    "ok: all || there[n] !== undefined,",
  ],
  [
    "for ever ends at once",
    "time_left === null ? Infinity : Math.max(1, Number(time_left))",
    "Math.max(1, Number(time_left))",
  ],
  [
    "a token that is none passes",
    "if (!Number.isSafeInteger(lease.token) || !(lease.token > 0 && left > 0)) this.#odd();",
    "",
  ],
  ["leases come in any order", "    for (const list of found) list.sort(bySeat);\n", ""],
  ["a server that chooses ids is asked again and again", "        server.hints = false;\n", ""],
  [
    "a release does not say who has the seat",
    'if (op.op === "release" && !mine) return { ok: false, leases: there };',
    'if (op.op === "release" && !mine) return { ok: false, leases: [] };',
  ],
  [
    "a guard that wants somebody there holds",
    '(guard.when === "held") === guarded.length > 0',
    'guard.when === "held" || guarded.length === 0',
  ],
]);

/** All of them. */
export const SQL_EDITS: readonly Edit[] = [
  ...[...POSTGRES, ...SCHEMA],
  ...inFile("drivers/postgres/errors.ts", [
    ["a server that went down wrote nothing", "|57P01|57P02|57P05|40003)/", "|40003)/"],
    ["a commit in doubt wrote nothing", "|57P05|40003)/", "|57P05)/"],
    ["a deadlock will not pass", "/^(40|53|55P03|", "/^(53|55P03|"],
    ["a missing schema is like any error", "/^(3F000|42P01|42703|42883)$/", "/^(3F000)$/"],
    ["a socket's word is a SQLSTATE", "/^(?=.*\\d)[0-9A-Z]{5}$/", "/^[0-9A-Z]{5}$/"],
  ]),
  ...inFile("drivers/postgres/neon.ts", [
    ["credentials go along to another host", 'redirect: "manual", ', 'redirect: "follow", '],
    ["a signal does not reach fetch", "...(signal && { signal }) },", "...(signal && {}) },"],
    [
      "an error shows the password",
      'return queryOf(client, secretsOf(url, username, password ?? ""));',
      "return queryOf(client, [url]);",
    ],
    [
      "a password in another encoding is shown",
      "[text, decoded(text), encodeURIComponent(decoded(text))]",
      "[text]",
    ],
    ["a wrong password is an unknown outcome", 'code ?? (refused ? "28P01" : undefined)', "code"],
    ["a URL without a user passes", "|| !username || !hostname ||", "|| !hostname ||"],
    ["what a proxy sends back is repeated", '.replace(/(HTTP status \\d+\\)).*/s, "$1")', ""],
  ]),
  ...STATEMENTS,
  ...MYSQL,
  ...BATCH,
  ...inFile("drivers/mysql/errors.ts", [
    ["a wrong password is an unknown outcome", "[1044, 1045, 1142,", "[1044, 1142,"],
    ["a deadlock will not pass", "[1205, 1213, 1040, 1203]", "[1205, 1040, 1203]"],
    [
      "errors repeat the statement",
      "error instanceof Error && error.name,",
      "error instanceof Error && error.message,",
    ],
    [
      "Vitess's numbers are not read",
      "errno ?? /\\(errno (\\d+)\\)/.exec(String(message))?.[1]",
      "errno ?? NaN",
    ],
    ["what a proxy says is repeated", "/^[A-Za-z_]{1,40}$/", "/^.*$/"],
  ]),
  ...inFile("drivers/mysql/hex.ts", [
    ["a byte order mark is lost", "{ ignoreBOM: true, fatal: true }", "{ fatal: true }"],
    ["broken text is mended", "{ ignoreBOM: true, fatal: true }", "{ ignoreBOM: true }"],
    ["letters of hexadecimal count one too many", "(code & 15) + 9;", "(code & 15) + 10;"],
    ["half a byte passes", "/^([0-9A-F]{2})*$/i", "/^[0-9A-F]*$/i"],
  ]),
  ...inFile("drivers/mysql/planetscale.ts", [
    ["a statement goes along to another host", 'redirect: "manual",', 'redirect: "follow",'],
    ["a signal does not reach fetch", "signal: signal ?? null,", "signal: null,"],
    [
      "any JSON is an answer",
      "if (!headers.length && /^\\(?select/.test(sql)) throw new TypeError();",
      "void headers;",
    ],
    ["MySQL's port is used for HTTP", "host: mysql ? hostname : host,", "host,"],
    ["credentials go percent-encoded", "password: decodeURIComponent(password),", "password,"],
    [
      "a password may go unencrypted",
      '(protocol === "http:" && !isLoopback(host))',
      '(protocol === "http:" && !host)',
    ],
    [
      "old Workers are given what they do not know",
      "const { cache: _, ...known } = init as RequestInit;",
      "const known = init as RequestInit;",
    ],
  ]),
];
