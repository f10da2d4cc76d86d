/**
 * What is forgotten, swapped or not called is named in a sentence of Baton's, and nothing is sent.
 *
 * @module
 */

import assert from "node:assert/strict";
import { memory } from "../../drivers/memory.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import { planetscale } from "../../drivers/mysql/planetscale.ts";
import { neon, neonQuery } from "../../drivers/postgres/neon.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
import { redis } from "../../drivers/redis/redis.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import { fencedRedis } from "../../fencing/mod.ts";
import { cronEndpoint, leaderOnly, withLock } from "../../http/mod.ts";
import { Coordinator, slotAt, slotOf } from "../../mod.ts";
import { getCoordinator } from "../../url.ts";

// deno-lint-ignore no-explicit-any -- what no type allows is what this is about
type Wrong = any;

const baton: Wrong = new Coordinator(memory(), { memberId: "m" });
const missing: Wrong = undefined;
const secret = "0123456789abcdef";
const hour = 3_600_000;

/** Slips, and what is said of each. */
const SLIPS: readonly (readonly [slip: string, make: () => unknown, said: RegExp])[] = [
  [
    "new Coordinator()",
    () => new Coordinator(missing),
    /driver: it is of type undefined, not what/,
  ],
  [
    "new Coordinator(memory)",
    () => new Coordinator(memory as Wrong),
    /driver: it is of type function, not what .* returns; call it: new Coordinator\(memory\(\)\)/,
  ],
  [
    "new Coordinator(url)",
    () => new Coordinator("memory:" as Wrong),
    /driver: it is of type string/,
  ],
  [
    "new Coordinator(promise)",
    () => new Coordinator(Promise.resolve(memory()) as Wrong),
    /driver: it is of type object/,
  ],
  [
    "a runtime that only waits",
    () => new Coordinator(memory(), { runtime: { waitUntil() {} } as Wrong }),
    /runtime: it must be what systemRuntime\(\) returns/,
  ],
  ["upstash()", () => (upstash as Wrong)(), /argument: .* with some of: url token/],
  [
    "upstash without a URL",
    () => upstash({ url: missing, token: "t" }),
    /URL: it is undefined\. Is UPSTASH_REDIS_REST_URL set\?/,
  ],
  [
    "upstash without a token",
    () => upstash({ url: "https://h", token: missing }),
    /token: it is undefined\. Is UPSTASH_REDIS_REST_TOKEN set\?/,
  ],
  [
    "upstash with Redis's own URL",
    () => upstash({ url: "rediss://default:p4ssword@h:6379", token: "token" }),
    /URL: it must be https:\/\/HOST alone, as UPSTASH_REDIS_REST_URL is; http/,
  ],
  [
    "upstash with an empty token",
    () => upstash({ url: "https://h", token: "" }),
    /token: it is ""\. Is UPSTASH_REDIS_REST_TOKEN set\?/,
  ],
  [
    "neon without a URL",
    () => neon({ url: missing }),
    /connection string: it is undefined\. Is DATABASE_URL set\?/,
  ],
  ["neonQuery without a URL", () => neonQuery(missing), /Is DATABASE_URL set\?/],
  [
    "planetscale without a URL",
    () => planetscale({ url: missing }),
    /PlanetScale URL: it is undefined\. Is DATABASE_URL set\?/,
  ],
  [
    "planetscale with an empty URL",
    () => planetscale({ url: "" }),
    /it is ""\. Is DATABASE_URL set/,
  ],
  ["planetscale()", () => (planetscale as Wrong)(), /argument: .* with some of: url host/],
  ["sqlite()", () => (sqlite as Wrong)(), /SQLite file: it is undefined/],
  ["getCoordinator()", () => (getCoordinator as Wrong)(), /URL: it is undefined\. Is its variable/],
  [
    "redis(client)",
    () => redis({ call() {} } as Wrong),
    /send: it is object, not a function that sends; docs.clients\.md has it/,
  ],
  [
    "fencedRedis(client)",
    () => fencedRedis({} as Wrong),
    /send: it is object, not a function that sends; docs.clients\.md has it/,
  ],
  [
    "postgres(pool)",
    () => postgres({ query() {} } as Wrong),
    /query: it is object, not a function that sends; docs.clients\.md has it/,
  ],
  [
    "mysql(pool)",
    () => mysql({ query() {} } as Wrong),
    /query: it is object, not a function that sends; docs.clients\.md has it/,
  ],
  ["hold(5000)", () => baton.getLock("x").hold(5000), /argument: it must be an object with/],
  ["acquire(null)", () => baton.getLock("x").acquire(null), /argument: it must be an object with/],
  [
    "a text for blocking",
    () => baton.getLock("x").acquire({ blocking: "false" }),
    /timeout false, a string: it must be milliseconds/,
  ],
  [
    "on without a function",
    () => new Coordinator(memory(), { on: "log" as Wrong }),
    /on: it is str/,
  ],
  [
    "no namespace",
    () => new Coordinator(memory(), { namespace: null as Wrong }),
    /namespace: it must be 1 to 64 letters/,
  ],
  ["break of a slot's text", () => baton.cron("j").break({ slot: "9:00" }), /slot 9:00, a string/],
  [
    "catchUp of a kind of its own",
    () => baton.cron("j").catchUp({ slot: Date.now(), every: hour, missed: "ALL" }, () => {}),
    /missed: "ALL" is none of all,last/,
  ],
  [
    "hold(signal)",
    () => baton.getLock("x").hold(new AbortController().signal),
    /argument: it must be an object with some of: shared ttl timeout blocking signal/,
  ],
  ["getLeader(group, null)", () => baton.getLeader("g", null), /argument: it must be an object/],
  [
    "tick({ watch: group })",
    () => baton.tick({ watch: "workers" }),
    /watch: it must be a list of groups' names/,
  ],
  [
    "events({ watch: group })",
    () => baton.events({ watch: "workers" }).next(),
    /watch: it must be a list of groups' names/,
  ],
  ["with()", () => baton.getLock("x").with(), /work: it is undefined, not a function/],
  [
    "with(options, work)",
    () => baton.getLock("x").with({ ttl: 5_000 }, () => {}),
    /work: it is object, not a function/,
  ],
  ["lead(group)", () => baton.lead("g"), /work: it is undefined, not a function/],
  ["run(work)", () => baton.cron("j").run(() => {}), /work: it is undefined, not a function/],
  [
    "run(options)",
    () => baton.cron("j").run({ slot: Date.now() }),
    /work: it is undefined, not a function/,
  ],
  [
    "catchUp(options)",
    () => baton.cron("j").catchUp({ slot: Date.now(), every: hour }),
    /work: it/,
  ],
  ["watchJoinGroup(group)", () => baton.watchElectedAsLeader("g"), /callback: it is undefined/],
  ["slotOf()", () => slotOf(missing), /Cannot tell the slot of this trigger/],
  [
    "slots in seconds",
    () => baton.cron("j").run({ slot: Math.floor(Date.now() / 1_000) }, () => {}),
    /milliseconds, not seconds\?/,
  ],
  [
    "every in seconds",
    () => slotAt(Date.now(), { every: 3600 }),
    /every 3600: it must be in ms and a multiple of 1000, .* milliseconds, not seconds\?/,
  ],
  [
    "every in seconds, of an endpoint",
    () => cronEndpoint(baton, "j", () => {}, { secret, every: 3600 }),
    /milliseconds, not seconds\?/,
  ],
  [
    "every in seconds, of catchUp",
    () => baton.cron("j").catchUp({ slot: Date.now(), every: 3600 }, () => {}),
    /milliseconds, not seconds\?/,
  ],
  [
    "a request's timeout in seconds",
    () => new Coordinator(memory(), { timeout: 5 }),
    /request timeout 5: .* milliseconds, not seconds\?/,
  ],
  [
    "withLock(baton, name, handler)",
    () => withLock(baton, "x", (() => {}) as Wrong, missing),
    /argument: it must be an object with some of: ttl/,
  ],
  [
    "leaderOnly without a handler",
    () => leaderOnly(baton, "g", {}, missing),
    /handler: it is undef/,
  ],
  [
    "cronEndpoint without a secret",
    () => cronEndpoint(baton, "j", () => {}, { secret: missing, every: hour }),
    /secret: it is undefined, not a string, as when its variable is not set\. Use at least 16/,
  ],
  [
    "a handler's coordinator that is undefined",
    () => withLock(missing, "x", {}, () => new Response())(new Request("http://localhost")),
    /This is no coordinator, or one of another copy/,
  ],
];

for (const [slip, make, said] of SLIPS) {
  Deno.test(`a slip is named: ${slip}`, async () => {
    await assert.rejects(async () => await make(), (error: Error & { code?: unknown }) => {
      assert.match(String(error.code), /^(invalid-argument|misuse)$/, String(error.stack));
      assert.match(error.message, said);
      return true;
    });
  });
}
