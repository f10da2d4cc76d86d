/**
 * The registry of backends under test: one line each. Every suite takes its backends from here, so a
 * new backend is one file in this folder and one line below.
 *
 * @module
 */

import type { Backend, Capability } from "./backend.ts";
import { browser } from "./browser.ts";
import { consul } from "./consul.ts";
import { denoKv } from "./deno_kv.ts";
import { document } from "./document.ts";
import { durableObject } from "./durable_object.ts";
import { d1 } from "./d1.ts";
import { etcd } from "./etcd.ts";
import { ipc } from "./ipc.ts";
import { kubernetes } from "./kubernetes.ts";
import { memcached } from "./memcached.ts";
import { memory, memoryBehindAWire, memoryOnItsOwnClock } from "./memory.ts";
import { neon } from "./neon.ts";
import { planetscaleOverMariadb, planetscaleOverMysql } from "./planetscale.ts";
import { r2, r2InProcess } from "./r2.ts";
import { s3 } from "./s3.ts";
import { sqlite } from "./sqlite.ts";
import { sqliteBatches } from "./sqlite_batches.ts";
import { turso } from "./turso.ts";
import { upstash } from "./upstash.ts";
import { zookeeper } from "./zookeeper.ts";

import { SIZES } from "../tools/size_of_proofs.ts";

export type * from "./backend.ts";
export { DECORATORS } from "./decorators.ts";

/** All backends. */
export const BACKENDS: readonly Backend[] = [
  memory,
  memoryOnItsOwnClock,
  memoryBehindAWire,
  sqlite,
  ipc,
  browser,
  sqliteBatches,
  upstash,
  neon,
  planetscaleOverMysql,
  planetscaleOverMariadb,
  consul,
  etcd,
  zookeeper,
  document,
  s3,
  kubernetes,
  memcached,
  denoKv,
  r2InProcess,
  // Each of its calls takes a request of miniflare's, so a short run has its own test alone, which tries
  // some of the laws.
  ...SIZES.onWorkerdsR2 ? [r2] : [],
  durableObject,
  d1,
  turso,
];

/**
 * All of them, but in a short run one that is contended is stood for by another one of its algorithm: for
 * what is the same wherever its document is.
 */
export const STANDING: readonly Backend[] = BACKENDS.filter(({ contended }) =>
  !contended || SIZES.contended
);

/** Those that have all of these capabilities. */
export function having<const C extends Capability>(...wanted: readonly C[]): Backend<C>[] {
  return BACKENDS.filter((backend): backend is Backend<C> =>
    wanted.every((each) => each in backend.has)
  );
}

/** The one of this key. */
export function backendOf<const C extends Capability = never>(
  key: string,
  ...wanted: readonly C[]
): Backend<C> {
  const found = having(...wanted).find((backend) => backend.key === key);
  if (!found) throw new Error(`no backend "${key}" has ${wanted}`);
  return found;
}
