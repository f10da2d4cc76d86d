/**
 * Stories of the drivers: replay, tokens, guards, clocks and hidden re-sends.
 *
 * @module
 */

import type { Story } from "./stories.ts";

const KIT: readonly Story[] = [
  {
    name: "the reason of an abort says that nothing was written",
    near: "kit/failure",
    at: "failure",
    find: "if (signal?.aborted) return noAnswer",
    put: "if (signal?.aborted && !codeOf(error) && !isUnreachable(error)) return noAnswer",
  },
  {
    name: "a replay prolongs the lease",
    near: "kit/step",
    at: "acquire",
    find: "if (holder) return",
    put:
      "if (holder?.id === id) table.put(resource, { ...holder, left: ttl });\n  if (holder) return",
  },
  {
    name: "a replay makes a new token",
    near: "kit/step",
    at: "acquire",
    find: "if (holder) return",
    put: "if (holder && holder.id !== id) return",
  },
  {
    name: "a replay checks its guard again",
    near: "kit/step",
    at: "acquire",
    find: "if (holder) return",
    put: "if (holder?.id === id && refusal(op.guard, table)) return REFUSED;\n  if (holder) return",
  },
  {
    name: "a renewal prolongs a successor",
    near: "kit/step",
    at: "renew",
    find: "holder?.id !== op.id",
    put: "!holder",
  },
  {
    name: "a guard looks outside its namespace",
    at: "namespaced.prefixed",
    find: "{ ...inside(op), guard: inside(op.guard) }",
    put: "inside(op)",
  },
  {
    name: "two namespaces run together",
    at: "namespaced.inside",
    find: "${namespace}/${place.resource}",
    put: "${namespace}${place.resource}",
  },
  {
    name: "a trace shows ids and values",
    near: "traced",
    at: "summary",
    find: "op: op.op, resource, ...(seat",
    put: '...op as { op: Op["op"] }, resource, ...(seat',
  },
];

const SQLITE: readonly Story[] = [
  {
    name: "a write does not lock before it reads",
    at: "OpenDatabase.#transaction",
    find: 'alone ? "begin immediate" : "begin"',
    put: '"begin"',
  },
  {
    name: "a failed batch is left half done",
    at: "rollBack",
    find: '"rollback"',
    put: '"commit"',
  },
  {
    name: "tables of another version are used",
    at: "SqlTable.run",
    find: 'state?.["version"] !== SCHEMA_VERSION',
    put: "!state",
  },
  {
    name: "a sweep always begins at the first row",
    at: "SqlTable.#sweep",
    find: "rows.length < LOOKS ?",
    put: "rows.length <= LOOKS ?",
  },
  {
    name: "an older file's tokens are not carried over",
    at: "create",
    near: "sqlite/database",
    find: "max(last, (select max(last) from tokens))",
    put: "last",
  },
];

const BATCHES: readonly Story[] = [
  {
    name: "a live seat is taken",
    near: "sqlite/statements",
    at: "acquire",
    find: "where baton_leases.expires <= ${NOW} returning",
    put: "where true returning",
  },
  {
    name: "a token is the clock's alone",
    near: "sqlite/statements",
    at: "acquire",
    find: "max(s.last + 1, ${NOW})",
    put: "${NOW}",
  },
  {
    name: "the last token is not kept",
    near: "sqlite/statements",
    at: "keepToken",
    find: "where l.token > last",
    put: "where l.token < last",
  },
  {
    name: "a renewal revives",
    near: "sqlite/statements",
    at: "renew",
    find: 'and ${live("l")} ${WHERE}',
    put: "${WHERE}",
  },
  {
    name: "a release forgets its guard",
    near: "sqlite/statements",
    at: "release",
    find: "and ${holds(ops[0]?.guard)}",
    put: "",
  },
  {
    name: "tables of another version are used",
    near: "sqlite/statements",
    at: "ASKED",
    find: "= ${SCHEMA_VERSION}",
    put: ">= ${SCHEMA_VERSION}",
  },
  {
    name: "an acquisition that nothing is in the way of is refused",
    near: "sqlite/batch",
    at: "acquire",
    find: "throw new TypeError()",
    put: "{}",
  },
  {
    name: "a session goes on, and later queries may be a replica's",
    near: "sqlite/d1",
    at: "d1Query",
    find: 'database.withSession?.("first-primary") ?? database',
    put: "database",
  },
  {
    name: "what was not committed is answered",
    near: "sqlite/hrana",
    at: "answersIn",
    find: "!done[commit]",
    put: "!done[count]",
  },
];

const OBJECTS: readonly Story[] = [
  {
    name: "a wait that is granted in a transaction that fails is told",
    at: "BatonObject.#transaction",
    find: "ended.abort()",
    put: "ended",
  },
  {
    name: "one that leaves goes on to wait",
    at: "BatonObject.fetch",
    find: "this.#calls.get(search)?.abort()",
    put: "this.#calls.get(search)",
  },
  {
    name: "a batch that has begun is refused as if nothing was done",
    at: "BatonObject.#apply",
    find: "call.began = true",
    put: "call.began = false",
  },
  {
    name: "those who wait for a seat are not served when it is released",
    at: "BatonObject.#step",
    find: 'op.op === "release"',
    put: 'op.op === "renew"',
  },
  {
    name: "any error of a call has done nothing",
    at: "judge",
    near: "durable_object/",
    find: "Object(error).overloaded === true",
    put: "true",
  },
];

const REDIS: readonly Story[] = [
  {
    name: "a replay prolongs the lease",
    near: "redis/script",
    at: "LUA",
    find: "look(answer, op) return has(row, op.id)",
    put:
      "if has(row, op.id) then put(op.at, row, op.ttl) end\nlook(answer, op)\nreturn has(row, op.id)",
  },
  {
    name: "the counter expires with the last lock",
    near: "redis/script",
    at: "LUA",
    find: "put('', token)",
    put: "put('', token, op.ttl)",
  },
  {
    name: "a token is the clock's alone",
    near: "redis/script",
    at: "LUA",
    find: "math.max((tonumber(text[''] or 0) or 0) + 1, clock)",
    put: "clock",
  },
  {
    name: "a release goes by the seat",
    near: "redis/script",
    at: "LUA",
    find: "op.id and not has(row, op.id)",
    put: "op.id == 0",
  },
  {
    name: "a broken connection, and a proxy's word, count as refusals",
    near: "redis/errors",
    at: "PASSING",
    find: "/^(LOADING|",
    put: "/^(Connection is closed|Bad Gateway|LOADING|",
  },
  {
    name: "the transport sends again by itself",
    at: "restSender",
    find: "await fetch(url, { ...constant, body, ...(signal && { signal }) })",
    put: "await fetch(url, { ...constant, body }).catch(() => fetch(url, { ...constant, body }))",
  },
  {
    name: "a redirect takes the command along to another origin",
    at: "plainRequest",
    find: 'return { method: "POST", redirect: "manual"',
    put: 'return { method: "POST", redirect: "follow" as "manual"',
  },
  {
    name: "a result of an answer that says it failed counts",
    at: "resultOf",
    find: "!response.ok || result === undefined",
    put: "result === undefined",
  },
  {
    name: "an answer is read for as long as it goes on",
    near: "kit/http",
    at: "textIn",
    find: "left < 0",
    put: "left < -Infinity",
  },
];

const POSTGRES: readonly Story[] = [
  {
    name: "a renewal's life is told by the begin of the transaction",
    at: "renew",
    near: "postgres/functions",
    find: "and expires > clock_timestamp();",
    put: "and expires > now();",
  },
  {
    name: "a seat whose lease has ended is vacant before its end is written",
    at: "look",
    near: "postgres/functions",
    find: "exit when ends is null or ends > clock_timestamp();",
    put: "exit;",
  },
  {
    name: "a token is the clock's alone",
    at: "acquire",
    near: "postgres/functions",
    find: "greatest(token + 1, floor(extract(epoch from clock_timestamp()) * 1000))",
    put: "floor(extract(epoch from clock_timestamp()) * 1000)",
  },
  {
    name: "a replay prolongs the lease",
    at: "acquire",
    near: "postgres/functions",
    find: "return jsonb_build_array(old.id = who, jsonb_build_array(old.lease));",
    put: `update \${schema}.leases set expires = clock_timestamp() + ttl * interval '1 ms'
      where resource = at and seat = place and id = who;
      return jsonb_build_array(old.id = who, jsonb_build_array(old.lease));`,
  },
  {
    name: "guards do not exclude each other",
    at: "lock",
    near: "postgres/functions",
    find: "perform pg_advisory_xact_lock(${KEY});",
    put: "perform pg_advisory_xact_lock_shared(${KEY});",
  },
  {
    name: "a released lease loses its token",
    at: "release",
    near: "postgres/functions",
    find: "set id = ''",
    put: "set token = 0, id = ''",
  },
];

const MYSQL: readonly Story[] = [
  {
    name: "the end of a lease is assigned before its value",
    at: "Statements.acquire",
    find:
      "value = if(${dead}, values(value), value), expires = if(${dead}, values(expires), expires)",
    put:
      "expires = if(${dead}, values(expires), expires),\nvalue = if(${dead}, values(value), value)",
  },
  {
    name: "a release ends a lease this very moment",
    at: "Statements.release",
    find: "it.expires = ${PAST}",
    put: "it.expires = ${NOW}",
  },
  {
    name: "a renewal or release goes by the seat",
    near: "mysql/statements",
    at: "seatOf",
    find: "id = ${hex(op.id)}",
    put: "id <> ''",
  },
  {
    name: "a look does not wait for who writes there",
    near: "mysql/statements",
    at: "Statements.look",
    find: "${WAITING})`",
    put: ")`",
  },
  {
    name: "a renewal tells life by the begin of its statement",
    near: "mysql/statements",
    at: "Statements.renew",
    find: "expires > ${LIVE}",
    put: "expires > ${NOW}",
  },
  {
    name: "a release tells life by the begin of its statement",
    near: "mysql/statements",
    at: "Statements.release",
    find: "it.expires > ${LIVE}",
    put: "it.expires > ${NOW}",
  },
  {
    name: "any JSON is an answer",
    near: "planetscale",
    at: "queryOf",
    find: "!headers.length && /^\\(?select/.test(sql)",
    put: "!headers",
  },
  {
    name: "errors repeat the statement",
    at: "mysqlError",
    find: "error instanceof Error && error.name",
    put: "error instanceof Error && error.message",
  },
];

/** All of them. */
export const DRIVER_STORIES: readonly Story[] = [
  ...[...KIT, ...SQLITE, ...BATCHES, ...OBJECTS, ...REDIS],
  ...[...POSTGRES, ...MYSQL],
];
