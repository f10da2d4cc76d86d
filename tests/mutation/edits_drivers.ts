/**
 * Bugs in what all drivers share, in the decorators, and in the drivers without a server.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

const STEP = inFile("drivers/kit/step.ts", [
  [
    "a replay prolongs the lease",
    "if (holder) return { ok: holder.id === id, leases: [holder] };",
    "if (holder?.id === id) table.put(resource, { ...holder, left: ttl });\n  if (holder) return { ok: holder.id === id, leases: [holder] };",
  ],
  [
    "a replay makes a new token",
    "if (holder) return { ok: holder.id === id, leases: [holder] };",
    "if (holder && holder.id !== id) return { ok: false, leases: [holder] };",
  ],
  [
    "a replay checks its guard again",
    "if (holder) return { ok: holder.id === id, leases: [holder] };",
    "if (holder?.id === id && refusal(op.guard, table)) return REFUSED;\n  if (holder) return { ok: holder.id === id, leases: [holder] };",
  ],
  [
    "a refusal does not say who has the seat",
    "if (holder) return { ok: holder.id === id, leases: [holder] };",
    "if (holder) return { ok: holder.id === id, leases: holder.id === id ? [holder] : [] };",
  ],
  [
    "an acquisition ignores its guard",
    "if (blockers) return { ok: false, leases: blockers };\n  const lease",
    "const lease",
  ],
  [
    "a renewal prolongs a successor",
    "if (holder?.id !== op.id) return REFUSED;",
    "if (!holder) return REFUSED;",
  ],
  ["a renewal empties the value", "value: op.value ?? holder.value", 'value: op.value ?? ""'],
  ["a renewal keeps the value", "value: op.value ?? holder.value", "value: holder.value"],
  [
    "a release goes by the seat",
    "  if (op.id !== undefined && holder.id !== op.id) return { ok: false, leases: [holder] };\n",
    "",
  ],
  [
    "a release ignores its guard",
    "if (blockers) return { ok: false, leases: blockers };\n  table.drop",
    "table.drop",
  ],
  [
    "a guard that wants somebody there refuses",
    'if (guard.when === "held") return live.length > 0 ? undefined : [];',
    'if (guard.when === "held") return live.length > 1 ? undefined : [];',
  ],
  [
    "a vacant guard does not say who is there",
    "return live.length > 0 ? live : undefined;",
    "return live.length > 0 ? [] : undefined;",
  ],
  [
    "a guard on a resource looks at one seat",
    "table.live(guard.resource, guard.seat)",
    'table.live(guard.resource, guard.seat ?? "")',
  ],
]);

const MEMORY = inFile("drivers/memory.ts", [
  ["a lease lives at its end", "if (left > 0) leases.push", "if (left >= 0) leases.push"],
  ["a token is given twice", "Math.max(this.#lastToken + 1,", "Math.max(this.#lastToken,"],
  [
    "a token is the clock's alone",
    "Math.max(this.#lastToken + 1, Math.floor(this.#now()))",
    "Math.floor(this.#now())",
  ],
  [
    "a token has nothing to do with the clock",
    "Math.max(this.#lastToken + 1, Math.floor(this.#now()))",
    "this.#lastToken + 1",
  ],
  ["a token is no whole number", "Math.floor(this.#now())", "this.#now()"],
  ["seats come in the order of their coming", "[...seats.keys()].sort()", "[...seats.keys()]"],
  ["a signal is not heeded", "      signal?.throwIfAborted();\n", ""],
  ["what is malformed passes", "      checkOps(ops, GUARANTEES.minTtl);\n", ""],
]);

const SQLITE = inFile("drivers/sqlite/sqlite.ts", [
  [
    "a write does not lock before it reads",
    'this.#database.exec(reads ? "begin" : "begin immediate");',
    'this.#database.exec(reads ? "begin" : "begin deferred");',
  ],
  [
    "a write reads the clock before it waits",
    '      this.#database.exec(reads ? "begin" : "begin immediate");\n      // Read after the write lock is ours: what expired while we waited is dead for us too.\n      this.#now = Math.floor(this.#clock());',
    '      this.#now = Math.floor(this.#clock());\n      this.#database.exec(reads ? "begin" : "begin immediate");',
  ],
  ["a lease lives at its end", "expires > ?)", "expires >= ?)"],
  ["a token has nothing to do with the clock", "max(last + 1, ?)", "max(last + 1, ? * 0)"],
  ["a token is the clock's alone", "max(last + 1, ?)", "max(0, ?)"],
  [
    "a failed commit is said to have written nothing",
    "      this.#commit();\n",
    '      this.#database.exec("commit");\n',
  ],
  [
    "a failed batch is left half done",
    'if (this.#database.isTransaction) this.#database.exec("rollback");',
    'if (this.#database.isTransaction) this.#database.exec("commit");',
  ],
  ["the living are swept away", "where expires <= ? limit 100)", "where expires > ? limit 100)"],
  ["the dead are never swept away", "if (token % 32 === 0)", "if (token % 32 === 32)"],
  [
    "for ever is a month",
    "left === Infinity ? null : this.#now + left",
    "this.#now + Math.min(left, 2 ** 31)",
  ],
  [
    "a newer Baton's file is used",
    "else if (version !== SCHEMA_VERSION) {",
    "else if (version === undefined) {",
  ],
  ["a busy file is for ever", "{ retryable: busy },", "{ retryable: busy && false },"],
  ["whatever goes wrong with a file may pass", "{ retryable: busy },", "{ retryable: true },"],
  [
    "leases come in any order",
    "return leases.sort(bySeat);",
    "return leases.sort((a, b) => -bySeat(a, b));",
  ],
  ["a closed file stays open", "    table?.close();\n", ""],
]);

const RETRYING = inFile("coordination/leases/retrying.ts", [
  ["a break is sent again", "(!missed || ops.every(isRepeatable))", "ops.length > 0"],
  [
    "after a missed answer the last error counts",
    "throw missed ?? error;\n          await",
    "throw error;\n          await",
  ],
  [
    "a release that was sent again and finds nothing failed",
    "return missed ? outcomes.map((outcome, i) => settled(ops[i], outcome)) : outcomes;",
    "return outcomes;",
  ],
  [
    "a release that was sent once and finds nothing counts",
    "return missed ? outcomes.map((outcome, i) => settled(ops[i], outcome)) : outcomes;",
    "return outcomes.map((outcome, i) => settled(ops[i], outcome));",
  ],
  ["a guarded release counts as done", " && !op.guard && !outcome.ok", " && !outcome.ok"],
  ["one more retry", "attempt < retries", "attempt <= retries"],
  ["an answer may take the whole ttl", "Math.max(LEAST, ttl / 3)", "Math.max(LEAST, ttl)"],
  [
    "a retry may come after the ttl",
    "if (!again || elapsed(runtime, start) + pause >= useful) throw",
    "if (!again) throw",
  ],
  ["a driver is not told that nobody waits", "{ signal: attempt.signal }", "{}"],
  [
    "a request that was answered leaves its timer",
    "      cancel();\n      signal?.remove",
    "      signal?.remove",
  ],
  [
    "an abort does not end the wait for an answer",
    'signal?.addEventListener("abort", onAbort, { once: true });',
    "",
  ],
  [
    "a definite error is sent again",
    "instanceof CoordinationError && error.retryable &&",
    "instanceof CoordinationError &&",
  ],
  ["retries come in herds", "const pause = runtime.random() * ", "const pause = "],
  [
    "an abort is told as an error before anything was missed",
    "throw missed ?? reason;",
    "throw missed ?? error;",
  ],
  ["an answer never takes too long", "() => end(late())", "() => void late"],
]);

/** All of them. */
export const DRIVER_EDITS: readonly Edit[] = [
  ...[...STEP, ...MEMORY, ...SQLITE, ...RETRYING],
  ...inFile("drivers/decorators/namespaced.ts", [
    [
      "a guard looks outside its namespace",
      "{ ...inside(op), guard: inside(op.guard) }",
      "inside(op)",
    ],
    [
      "two namespaces run together",
      "resource: `${namespace}/${place.resource}`",
      "resource: `${namespace}${place.resource}`",
    ],
    ["a namespace may have a slash", "/^[\\w.-]{1,64}$/", "/^[\\w./-]{1,64}$/"],
    ["an empty resource passes", "      checkOps(ops, driver.guarantees.minTtl);\n", ""],
  ]),
  ...inFile("drivers/decorators/traced.ts", [
    [
      "a trace shows ids and values",
      "op,\n          resource,\n          ...(seat",
      "...ops[0]!,\n          op,\n          resource,\n          ...(seat",
    ],
    [
      "what an observer throws ends the call",
      "} catch {\n          // See `on`.",
      "} catch (error) {\n          throw error;",
    ],
    [
      "an abort has the code of nothing",
      '? error.code : "aborted"',
      '? error.code : "unknown-outcome"',
    ],
  ]),
  ...inFile("drivers/decorators/budgeted.ts", [
    ["one request too many", "if (left === 0) {", "if (left < 0) {"],
    ["a budget never ends", "      left--;\n", ""],
  ]),
  ...inFile(
    "drivers/kit/urls.ts",
    [
      ["any host that ends so is this machine", "/^(localhost|127", "/(localhost|127"],
      ["any host that begins so is this machine", "(:\\d+)?$/.test(host)", "(:\\d+)?/.test(host)"],
    ],
  ),
  ...inFile("drivers/kit/check.ts", [
    ["a ttl may be longer than a timer", "|| Number(ttl) > MAX_TTL", ""],
    ["the driver's shortest ttl is not heeded", "|| Number(ttl) < minTtl ", ""],
    ["guards are not checked", "    if (guard) {", "    if (guard && !op) {"],
    ["zero characters pass", ' || text.includes("\\0")', ""],
    [
      "half characters pass",
      '!text.isWellFormed() || text.includes("\\0")',
      'text.includes("\\0")',
    ],
    [
      "lengths are those of characters",
      "encoder.encode(text).length > limit",
      "text.length > limit",
    ],
    [
      "an acquisition needs no value",
      'op.op !== "acquire");\n    if (writes)',
      "true);\n    if (writes)",
    ],
  ]),
  ...inFile("drivers/kit/failure.ts", [
    [
      "an unknown outcome is said to be none",
      "if (!unreachable && !refused) {",
      "if (!unreachable && !refused && mayPass) {",
    ],
    [
      "whoever is refused may try again",
      "retryable: unreachable || mayPass }",
      "retryable: true }",
    ],
    [
      "whoever is not reached may not try again",
      "retryable: unreachable || mayPass }",
      "retryable: mayPass }",
    ],
    [
      "nobody looks at what caused an error",
      "    isUnreachable(cause) || isUnreachable(sourceError);",
      "    isUnreachable(sourceError);",
    ],
    [
      "wrong credentials are like any refusal",
      'code: unauthorized ? "unauthorized" : "connection"',
      'code: "connection"',
    ],
    ["a cut connection is one that never was", "/^(ECONNREFUSED|", "/^(ECONNRESET|ECONNREFUSED|"],
  ]),
  ...inFile("drivers/kit/order.ts", [
    [
      "seats are ordered as a language does",
      "one.seat < two.seat ? -1 : 1",
      "one.seat.localeCompare(two.seat)",
    ],
    [
      "two places have one key",
      "return JSON.stringify([resource, seat]);",
      'return [resource, seat].join("");',
    ],
  ]),
  ...inFile("drivers/schemes.ts", [
    [
      "a memory may have a name",
      "if (!/^memory:(\\/\\/)?$/i.test(url)) {",
      "if (!/^memory:/i.test(url)) {",
    ],
    [
      "any host that ends like a vendor's is one",
      "/\\.(neon\\.(tech|build)|psdb\\.cloud)$/",
      "/(neon\\.(tech|build)|psdb\\.cloud)$/",
    ],
    [
      "a token is used encoded",
      'decoded(password || username || "")',
      '(password || username || "")',
    ],
    [
      "the token beside a URL is not used",
      "url.password = encodeURIComponent(token);",
      "void encodeURIComponent(token);",
    ],
    [
      "a vendor's host goes before your own function",
      "return query === undefined && vendor.test(",
      "return vendor.test(",
    ],
    [
      "a token with a slash is cut",
      'if (!host || (pathname !== "" && pathname !== "/") || hash) {',
      "if (!host) {",
    ],
    [
      "parameters of a URL are lost",
      "url: parameters ? `${text}?${parameters}` : text",
      "url: parameters ? text : text",
    ],
  ]),
];
