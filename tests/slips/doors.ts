/**
 * Every public function that takes options, as a call with these options: the doors of the package.
 *
 * @module
 */

import { cronJob } from "../../coordination/cron/mod.ts";
import { retrying } from "../../coordination/leases/retrying.ts";
import { HashRing } from "../../coordination/partition/hash_ring.ts";
import { consul } from "../../drivers/consul/consul.ts";
import { browser } from "../../drivers/browser/browser.ts";
import { denoKv } from "../../drivers/document/deno_kv.ts";
import { document } from "../../drivers/document/document.ts";
import { inCluster, kubeconfig } from "../../drivers/document/kubeconfig.ts";
import { kubernetes } from "../../drivers/document/kubernetes.ts";
import { r2 } from "../../drivers/document/r2.ts";
import { memcached } from "../../drivers/document/memcached.ts";
import { s3 } from "../../drivers/document/s3.ts";
import { etcd } from "../../drivers/etcd/etcd.ts";
import { zookeeper } from "../../drivers/zookeeper/zookeeper.ts";
import { memory } from "../../drivers/memory.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import {
  planetscale,
  planetscaleClient,
  planetscaleQuery,
} from "../../drivers/mysql/planetscale.ts";
import * as mysqlSchema from "../../drivers/mysql/schema.ts";
import { neon, neonClient } from "../../drivers/postgres/neon.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
import * as postgresSchema from "../../drivers/postgres/schema.ts";
import { redis } from "../../drivers/redis/redis.ts";
import * as upstashes from "../../drivers/redis/upstash.ts";
import { durableObject } from "../../drivers/durable_object/durable_object.ts";
import * as d1s from "../../drivers/sqlite/d1.ts";
import { libsql } from "../../drivers/sqlite/libsql.ts";
import { ipc } from "../../drivers/sqlite/ipc.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import * as tursos from "../../drivers/sqlite/turso.ts";
import * as fencing from "../../fencing/mod.ts";
import * as hono from "../../http/hono.ts";
import * as http from "../../http/mod.ts";
import {
  Coordinator,
  CoreCoordinator,
  type Lease,
  type Partitioner,
  slotAt,
  systemRuntime,
} from "../../mod.ts";
import { BY_SECONDS, OwnStore } from "../backends/document.ts";
import * as testing from "../conformance/mod.ts";
import { getCoordinator } from "../../url.ts";

/** What the calls are made on. */
export interface Hall {
  /** A coordinator. */
  readonly baton: Coordinator;
  /** A lease of its own that is held. */
  readonly lease: Lease;
  /** A partitioned group that it is in. */
  readonly shards: Partitioner;
}

// deno-lint-ignore no-explicit-any -- options that no type allows are what this is about
type Wrong = any;

/** A call with wrong options. */
type Door = (wrong: Wrong, hall: Hall) => unknown;

const never = (): never => {
  throw new Error("a call with an unknown option was made all the same");
};
const send = (): Promise<never> => Promise.reject(new Error("something was sent all the same"));
const SECRET = "a secret of 32 characters, or so".replaceAll(" ", "-");
const FENCE = { resource: "x", token: 1 };
const D1 = { prepare: never, batch: send };
const URLS = {
  neon: "postgresql://u:p@localhost/db",
  planetscale: "mysql://u:p@localhost/db",
  upstash: "https://localhost",
};
const KEYS = { accessKeyId: "id", secretAccessKey: "secret" };
const slot = 1_800_000_000_000;

/** By their names, as the documentation has them. */
export const DOORS: Readonly<Record<string, Door>> = {
  "new CoreCoordinator": (wrong) => new CoreCoordinator(memory(), wrong),
  "new Coordinator": (wrong) => new Coordinator(memory(), wrong),
  "new Coordinator: clocks": (wrong) => new Coordinator(memory(), { clocks: wrong }),
  cronJob: (wrong) => cronJob(memory(), "j", wrong),
  getCoordinator: (wrong) => getCoordinator("memory:", "m", wrong),
  "CoreCoordinator.start": (wrong, { baton }) => baton.start(wrong),
  "CoreCoordinator.heartbeat": (wrong, { baton }) => baton.heartbeat(wrong),
  "CoreCoordinator.getLeader": (wrong, { baton }) => baton.getLeader("g", wrong),
  "CoreCoordinator.standDownGroupLeader": (wrong, { baton }) =>
    baton.standDownGroupLeader("g", wrong),
  "CoreCoordinator.lead": (wrong, { baton }) => baton.lead("g", never, wrong),
  "Acquirable.acquire": (wrong, { baton }) => baton.getLock("x").acquire(wrong),
  "Acquirable.tryAcquire": (wrong, { baton }) => baton.getLock("x").tryAcquire(wrong),
  "Acquirable.attempt": (wrong, { baton }) => baton.getSemaphore("x", 2).attempt(wrong),
  "Acquirable.hold": (wrong, { baton }) => baton.getSemaphore("x", 2).hold(wrong),
  "Acquirable.with": (wrong, { baton }) => baton.getLock("x").with(never, wrong),
  "Acquirable.release": (wrong, { baton }) => baton.getLock("x").release(wrong),
  "Acquirable.heartbeat": (wrong, { baton }) => baton.getLock("x").heartbeat(wrong),
  "Acquirable.isStillOwner": (wrong, { baton }) => baton.getLock("x").isStillOwner(wrong),
  "Lock.break": (wrong, { baton }) => baton.getLock("x").break(wrong),
  "Lock.holders": (wrong, { baton }) => baton.getLock("x").holders(wrong),
  "Semaphore.break": (wrong, { baton }) => baton.getSemaphore("x", 2).break("m", wrong),
  "Semaphore.holders": (wrong, { baton }) => baton.getSemaphore("x", 2).holders(wrong),
  "Lease.confirm": (wrong, { lease }) => lease.confirm(wrong),
  "Lease.renew": (wrong, { lease }) => lease.renew(wrong),
  "Lease.release": (wrong, { lease }) => lease.release(wrong),
  "Election.campaign": (wrong, { baton }) => baton.election("g").campaign(wrong),
  "Election.lead": (wrong, { baton }) => baton.election("g").lead(never, wrong),
  "Election.leader": (wrong, { baton }) => baton.election("g").leader(wrong),
  "Election.standDown": (wrong, { baton }) => baton.election("g").standDown(wrong),
  "Election.break": (wrong, { baton }) => baton.election("g").break(wrong),
  "Cron.run": (wrong, { baton }) => baton.cron("j").run({ slot, ...wrong }, never),
  "Cron.catchUp": (wrong, { baton }) =>
    baton.cron("j").catchUp({ slot, every: 60_000, ...wrong }, never),
  "Cron.history": (wrong, { baton }) => baton.cron("j").history(1, wrong),
  "Cron.break": (wrong, { baton }) => baton.cron("j").break(wrong),
  "Cron.check": (wrong, { baton }) => baton.cron("j").check(wrong),
  "Coordinator.createGroup": (wrong, { baton }) => baton.createGroup("g", wrong),
  "Coordinator.deleteGroup": (wrong, { baton }) => baton.deleteGroup("g", wrong),
  "Coordinator.getGroups": (wrong, { baton }) => baton.getGroups(wrong),
  "Coordinator.joinGroup": (wrong, { baton }) => baton.joinGroup("g", null, wrong),
  "Coordinator.joinGroupCreate": (wrong, { baton }) => baton.joinGroupCreate("g", null, wrong),
  "Coordinator.leaveGroup": (wrong, { baton }) => baton.leaveGroup("g", wrong),
  "Coordinator.updateCapabilities": (wrong, { baton }) =>
    baton.updateCapabilities("g", null, wrong),
  "Coordinator.getMembers": (wrong, { baton }) => baton.getMembers("g", wrong),
  "Coordinator.getMembersWithCapabilities": (wrong, { baton }) =>
    baton.getMembersWithCapabilities("g", wrong),
  "Coordinator.getMemberCapabilities": (wrong, { baton }) =>
    baton.getMemberCapabilities("g", "m", wrong),
  "Coordinator.getMemberInfo": (wrong, { baton }) => baton.getMemberInfo("g", "m", wrong),
  "Coordinator.watchJoinGroup": (wrong, { baton }) => baton.watchJoinGroup("g", never, wrong),
  "Coordinator.watchLeaveGroup": (wrong, { baton }) => baton.watchLeaveGroup("g", never, wrong),
  "Coordinator.runWatchers": (wrong, { baton }) => baton.runWatchers(wrong),
  "Coordinator.runElectCoordinator": (wrong, { baton }) => baton.runElectCoordinator(wrong),
  "Coordinator.tick": (wrong, { baton }) => baton.tick(wrong),
  "Coordinator.events": (wrong, { baton }) => baton.events(wrong).next(),
  "Coordinator.joinPartitionedGroup": (wrong, { baton }) => baton.joinPartitionedGroup("p", wrong),
  "Coordinator.leavePartitionedGroup": (wrong, { baton, shards }) =>
    baton.leavePartitionedGroup(shards, wrong),
  "Partitioner.membersForObject": (wrong, { shards }) => shards.membersForObject("x", wrong),
  "Partitioner.belongsToMember": (wrong, { shards }) => shards.belongsToMember("x", "m", wrong),
  "Partitioner.belongsToSelf": (wrong, { shards }) => shards.belongsToSelf("x", wrong),
  "new HashRing": (wrong) => new HashRing([], wrong),
  "HashRing.getNodes": (wrong) => new HashRing(["a"]).getNodes("x", wrong),
  slotAt: (wrong) => slotAt(slot, { every: 60_000, ...wrong }),
  systemRuntime: (wrong) => systemRuntime(wrong),
  retrying: (wrong) => retrying(memory(), wrong),
  memory: (wrong) => memory(wrong),
  "memory of testing": (wrong) => testing.memory(wrong),
  sqlite: (wrong) => sqlite("baton.db", wrong),
  libsql: (wrong) => libsql(send, wrong),
  turso: (wrong) => tursos.turso({ url: "libsql://h", ...wrong }),
  tursoQuery: (wrong) => tursos.tursoQuery({ url: "libsql://h", ...wrong }),
  browser: (wrong) => browser("baton", wrong),
  ipc: (wrong) => ipc("baton", wrong),
  durableObject: (wrong) => durableObject({ idFromName: String, get: never }, wrong),
  d1: (wrong) => d1s.d1(D1, wrong),
  d1Query: (wrong) => d1s.d1Query(D1, wrong),
  redis: (wrong) => redis(send, wrong),
  upstash: (wrong) => upstashes.upstash({ url: URLS.upstash, token: "token", ...wrong }),
  upstashCommand: (wrong) =>
    upstashes.upstashCommand({ url: URLS.upstash, token: "token", ...wrong }),
  etcd: (wrong) => etcd({ url: "http://localhost:2379", ...wrong }),
  consul: (wrong) => consul({ url: "http://localhost:8500", ...wrong }),
  zookeeper: (wrong) => zookeeper({ servers: "localhost:2181", ...wrong }),
  document: (wrong) => document(new OwnStore(Date.now), { ...BY_SECONDS, ...wrong }),
  s3: (wrong) => s3({ url: "https://h.example/b/k", credentials: KEYS, ...wrong }),
  kubernetes: (wrong) => kubernetes({ url: "https://h.example", ...wrong }),
  kubeconfig: (wrong) => kubeconfig(wrong),
  inCluster: (wrong) => inCluster(wrong),
  memcached: (wrong) => memcached({ server: "localhost", ...wrong }),
  denoKv: (wrong) => denoKv({ getMany: send, atomic: never }, wrong),
  r2: (wrong) => r2({ get: send, put: send }, wrong),
  postgres: (wrong) => postgres(send, wrong),
  neon: (wrong) => neon({ url: URLS.neon, ...wrong }),
  neonClient: (wrong) => neonClient({ query: send }, wrong),
  mysql: (wrong) => mysql(send, wrong),
  planetscale: (wrong) => planetscale({ url: URLS.planetscale, ...wrong }),
  planetscaleClient: (wrong) => planetscaleClient({ execute: send }, wrong),
  planetscaleQuery: (wrong) => planetscaleQuery({ url: URLS.planetscale, ...wrong }),
  "schema of Postgres": (wrong) => postgresSchema.schema(wrong),
  "schema of MySQL": (wrong) => mysqlSchema.schema(wrong),
  "migrate of Postgres": (wrong) => postgresSchema.migrate(send, wrong),
  "migrate of MySQL": (wrong) => mysqlSchema.migrate(send, wrong),
  postgresFences: (wrong) => fencing.postgresFences(wrong),
  migratePostgresFences: (wrong) => fencing.migratePostgresFences(send, wrong),
  fencePostgres: (wrong) => fencing.fencePostgres(send, FENCE, wrong),
  mysqlFences: (wrong) => fencing.mysqlFences(wrong),
  migrateMysqlFences: (wrong) => fencing.migrateMysqlFences(send, wrong),
  fenceMysql: (wrong) => fencing.fenceMysql(send, FENCE, wrong),
  withLock: (wrong, { baton }) => http.withLock(baton, "x", wrong, never),
  leaderOnly: (wrong, { baton }) => http.leaderOnly(baton, "g", wrong, never),
  "leaderOnly: campaign": (wrong, { baton }) =>
    http.leaderOnly(baton, "g", { campaign: wrong }, never),
  cronEndpoint: (wrong, { baton }) =>
    http.cronEndpoint(baton, "j", never, { secret: SECRET, ...wrong }),
  heartbeatEndpoint: (wrong, { baton }) =>
    http.heartbeatEndpoint(baton, { secret: SECRET, ...wrong }),
  "withLock of Hono": (wrong, { baton }) => hono.withLock(baton, "x", wrong),
  "leaderOnly of Hono": (wrong, { baton }) => hono.leaderOnly(baton, "g", wrong),
  "cronEndpoint of Hono": (wrong, { baton }) =>
    hono.cronEndpoint(baton, "j", never, { secret: SECRET, ...wrong }),
  "heartbeatEndpoint of Hono": (wrong, { baton }) =>
    hono.heartbeatEndpoint(baton, { secret: SECRET, ...wrong }),
};
