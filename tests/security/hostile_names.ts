/**
 * Names that mean something to a script, a statement, a page, a header, a shell or a path.
 *
 * @module
 */

import { HOSTILE } from "../conformance/hostile.ts";

/** Beyond those that conformance knows: what has broken scripts, pages and shells. */
const MORE: readonly string[] = [
  "'; drop table baton_leases; --",
  "'); delete from baton.leases; --",
  "x' or '1'='1",
  "$do$; drop schema baton cascade; $do$",
  "$baton$",
  "]] redis.call('flushall') --",
  "\" .. redis.call('flushall') .. \"",
  "*1\r\n$8\r\nFLUSHALL\r\n",
  "$(touch x)",
  "`touch x`",
  "a\r\nb: c",
  "%00",
  "\0",
  "a\0b",
  "\uD800",
  "a\uDC00",
  "\u202Eevil\u2066",
  "\u2028\u2029",
  "{baton}/lock:bystander/",
  "bystander/",
  "../bystander",
  "x".repeat(256),
  "x".repeat(257),
  "é".repeat(129),
  "x".repeat(100_000),
  "toString",
  "hasOwnProperty",
];

/** All of them, each but once; some can be no name at all. */
export const NAMES: readonly string[] = [...new Set([...HOSTILE, ...MORE])];
