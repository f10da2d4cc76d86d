/**
 * Stories of handlers, credentials and fences.
 *
 * @module
 */

import type { Story } from "./stories.ts";

/** All of them. */
export const EDGE_STORIES: readonly Story[] = [
  {
    name: "the beginning of a secret will do",
    at: "isAuthorized",
    find: "(byte ^ (hash[i] ?? 0))",
    put: "(byte ^ (hash[i] ?? 0)) * Number(i < 0)",
  },
  {
    name: "only the last of several secrets will do",
    at: "isAuthorized",
    find: "differences === 0 || found",
    put: "differences === 0",
  },
  {
    name: "one failed campaign makes every later request fail",
    at: "leaderOnly.look",
    find: ".finally(() => campaigns.delete(coordinator))",
    put: `.then((look) => {
          campaigns.delete(coordinator);
          return look;
        })`,
  },
  {
    name: "a request is sent to ourselves",
    at: "leaderOnly",
    find: "found.leader?.memberId !== coordinator.memberId",
    put: "found.leader !== undefined",
  },
  {
    name: "a failed job shows its error",
    near: "http/",
    at: "failed",
    find: "members: { error: name }",
    put: "members: { error: String(error) }",
  },
  {
    name: "of two permits that are lost together one is told",
    near: "handlers/heartbeat",
    at: "beat",
    find: "`${loss.token} ${loss.resource}`",
    put: "loss.resource",
  },
  {
    name: "a budget pays for a request that another forbids",
    at: "budgeted",
    find: "options.beforeRequest?.();\n        left--;",
    put: "left--;\n        options.beforeRequest?.();",
  },
  {
    name: "credentials go along to another host",
    near: "neon",
    at: "queryOf",
    find: 'redirect: "manual"',
    put: 'redirect: "follow"',
  },
  {
    name: "a statement goes along to another host",
    near: "planetscale",
    at: "planetscaleQuery",
    find: 'redirect: "manual"',
    put: 'redirect: "follow"',
  },
  {
    name: "an error shows the password",
    near: "neon",
    at: "neonQuery",
    find: 'secretsOf(url, username, password ?? "")',
    put: "[url]",
  },
  {
    name: "a stale write passes a fence in a database",
    near: "fencing/postgres",
    at: "fence",
    find: "where old.token <= $2",
    put: "where true",
  },
  {
    name: "a token sinks in a fence in a database",
    near: "fencing/mysql",
    at: "fenceMysql",
    find: "token = greatest(token, values(token))",
    put: "token = values(token)",
  },
  {
    name: "a fence compares tokens as text",
    at: "FENCE_SCRIPT",
    find: "tonumber(seen) > tonumber(ARGV[1])",
    put: "seen > ARGV[1]",
  },
  {
    name: "a wrapped refusal of a fence is not known",
    near: "fencing/stale",
    at: "isStale",
    find: "each = Object(each).cause",
    put: "each = undefined",
  },
];
