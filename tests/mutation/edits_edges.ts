/**
 * Bugs in what stands around the core: handlers, fences and URLs.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

/** All of them. */
export const EDGE_EDITS: readonly Edit[] = [
  ...inFile("http/secret.ts", [
    [
      "the beginning of a secret will do",
      "(all, byte, i) => all | (byte ^ (hash[i] ?? 0)), 0)",
      "(all, byte, i) => all | (byte ^ (hash[i] ?? 0)) * Number(i < 0), 0)",
    ],
    [
      "only the last of several secrets will do",
      "found = differences === 0 || found;",
      "found = differences === 0;",
    ],
    [
      "no secret at all keeps nobody out",
      'if (secrets.length === 0) throw refusal("there is none");',
      "void secrets;",
    ],
    [
      "a secret may end with a line break",
      "if (!/^[\\x21-\\x7e]+$/.test(secret)) {",
      "if (!/^[^]+$/.test(secret)) {",
    ],
    ["a secret may be guessed", "if (secret.length < SHORTEST)", "if (secret.length < 1)"],
  ]),
  ...inFile("http/handlers/authorize.ts", [
    [
      "any method triggers",
      'if (request.method !== "GET" && request.method !== "POST") {',
      'if (request.method === "") {',
    ],
    [
      "everybody may trigger",
      "if (await isAuthorized(request, secrets)) return undefined;",
      "if (secrets.length > 0) return undefined;",
    ],
  ]),
  ...inFile("http/retry_after.ts", [
    ["who comes again comes too early", "Math.max(1, Math.ceil(", "Math.max(1, Math.floor("],
    ["who comes again comes at once", "Math.max(1, Math.ceil(", "Math.max(0, Math.ceil("],
  ]),
  ...inFile("http/handlers/lock.ts", [
    [
      "a handler that throws keeps the lock",
      "      await giveBack();\n      return cutShort",
      "      return cutShort",
    ],
    [
      "a lock is given back before its stream",
      "if (streams) return",
      "if (streams && timeout < 0) return",
    ],
    [
      "the first reader to leave is waited for",
      "sort((a, b) => b.left - a.left)",
      "sort((a, b) => a.left - b.left)",
    ],
    ["a client that has left is waited for", "timeout > 0 ? { signal: request.signal } : {}", "{}"],
  ]),
  ...inFile("http/handlers/response_lease.ts", [
    [
      "a slow backend keeps a finished response",
      "const cancel = runtime.after(PATIENCE, resolve);",
      "const cancel = () => {};",
    ],
    [
      "a cancelled stream keeps its lock",
      "await reader.cancel(reason).catch(() => {});\n      await giveBack();",
      "await reader.cancel(reason).catch(() => {});",
    ],
    [
      "a stream that fails keeps its lock",
      "        await giveBack();\n        throw error;",
      "        throw error;",
    ],
    [
      "a handler's lock is not renewed",
      "const letGo = heart.keep(lease);",
      "const letGo = () => void heart;",
    ],
  ]),
  ...inFile("http/failures.ts", [
    [
      "an outage is the caller's error",
      'if (error instanceof UnknownOutcome || error instanceof ConnectionError) {\n    return problem(request, 503, {\n      code: error.code,\n      detail: "The coordination backend gave',
      'if (error instanceof ConnectionError) {\n    return problem(request, 503, {\n      code: error.code,\n      detail: "The coordination backend gave',
    ],
    [
      "a lost lease is the server's error",
      "if (error instanceof LeaseLost) {",
      "if (error instanceof LeaseLost && !request) {",
    ],
  ]),
  ...inFile("http/handlers/leader.ts", [
    [
      "requests that campaign stand in each other's way",
      "      campaigns.set(candidate, running);\n",
      "",
    ],
    [
      "a request is sent to ourselves",
      "found.leader?.memberId !== coordinator.memberId",
      "found.leader !== undefined",
    ],
    [
      "a leader's handler is not renewed",
      "const letGo = internalsOf(coordinator).session.heart.keep(lease);",
      "const letGo = () => {};",
    ],
  ]),
  ...inFile("http/handlers/leader_url.ts", [
    [
      "a leader may send anywhere",
      "  if (!/^https?:$/.test(target.protocol)) return undefined;\n",
      "",
    ],
    [
      "a leader's password is handed out",
      '  if (target.username !== "" || target.password !== "") return undefined;\n',
      "",
    ],
    [
      "a request goes in circles",
      "return target.href === asked.href ? undefined : target;",
      "return target;",
    ],
    ["the query is lost", "  target.search = asked.search;\n", ""],
  ]),
  ...inFile("http/handlers/cron.ts", [
    [
      "a failed job shows its error",
      "members: { error: name },",
      "members: { error: String(error) },",
    ],
    [
      "a job that failed is an outage",
      "if (!began) return misfit(request, error);",
      "if (error) return misfit(request, error);",
    ],
  ]),
  ...inFile("http/handlers/cron_slot.ts", [
    ["anybody may choose the slot", "source.slotInQuery ? new URL", "source ? new URL"],
    ["of two slots the first counts", "asked.length > 1 || ", ""],
  ]),
  ...inFile("http/handlers/heartbeat.ts", [
    ["a loss is told twice", "[`${loss.token} ${loss.resource}`, loss]", "[loss, loss]"],
    [
      "losses are not told",
      "const found = before.filter(({ lost }) => lost);",
      "const found = before.filter(({ lost }) => !lost && lost);",
    ],
  ]),
  ...inFile("fencing/fence.ts", [
    ["a token of 0 passes", "|| token < 1)", "|| token < 0)"],
    ["a name that no backend keeps passes", '  checkOps([{ op: "inspect", resource }], 1);\n', ""],
  ]),
  ...inFile("fencing/redis_script.ts", [
    [
      "an equal token is stale",
      "tonumber(seen) > tonumber(ARGV[1])",
      "tonumber(seen) >= tonumber(ARGV[1])",
    ],
    ["tokens compare as text", "tonumber(seen) > tonumber(ARGV[1])", "seen > ARGV[1]"],
    [
      "a token is not recorded",
      "if seen ~= ARGV[1] then redis.call('set', KEYS[1], ARGV[1]) end\n",
      "",
    ],
  ]),
  ...inFile("fencing/redis.ts", [
    [
      "a stale write is an unknown outcome",
      "  if (kind === 0) throw new StaleToken({ resource: key, token });\n",
      "",
    ],
    [
      "a command may touch its own fence",
      '  if (words[1] === key) refuse("command", "it touches the fence\'s own key");\n',
      "",
    ],
  ]),
  ...inFile("fencing/postgres.ts", [
    ["a stale write passes", "where old.token <= $2;", "where true;"],
    ["an equal token is stale", "where old.token <= $2;", "where old.token < $2;"],
    ["a null passes", "if $1 is null or $2 is null or $2 < 1 then", "if $2 < 1 then"],
  ]),
  ...inFile("fencing/mysql.ts", [
    ["a token sinks", "token = greatest(token, values(token))", "token = values(token)"],
    [
      "a table that does not refuse passes",
      "  await query(`delete from ${table} where resource = x''`);\n  throw",
      "  if (table) return true;\n  throw",
    ],
  ]),
  ...inFile("fencing/stale.ts", [
    ["a wrapped refusal is not known", "each = Object(each).cause) {", "each = undefined) {"],
    [
      "any broken constraint is a stale token",
      " && NAME.test(String(message))) return",
      ") return",
    ],
  ]),
  ...inFile("url.ts", [
    ["a ttl in a URL is in ms", 'lock_timeout: ["lockTtl", 1_000]', 'lock_timeout: ["lockTtl", 1]'],
    [
      "options that nobody knows pass",
      "if (!target || unit === undefined) {",
      "if (!target || unit === undefined) continue;\n    if (unit < 0) {",
    ],
    [
      "the URL goes before the options",
      "{ ...settings, ...given(rest), ...",
      "{ ...given(rest), ...settings, ...",
    ],
  ]),
  ...inFile("drivers/characteristics.ts", [
    [
      "a driver that lacks something will do",
      "filter((each) => !has.has(each))",
      "filter((each) => !has.has(each) && !has.size)",
    ],
  ]),
];
