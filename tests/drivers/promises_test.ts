/**
 * What each driver promises, word by word, and its name, which stands in errors: what `docs/guarantees.md`
 * and `docs/backends.md` say of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { retrying } from "../../coordination/leases/retrying.ts";
import { browser } from "../../drivers/browser/browser.ts";
import { consul } from "../../drivers/consul/consul.ts";
import { budgeted } from "../../drivers/decorators/budgeted.ts";
import { namespaced } from "../../drivers/decorators/namespaced.ts";
import { traced } from "../../drivers/decorators/traced.ts";
import { denoKv } from "../../drivers/document/deno_kv.ts";
import { document } from "../../drivers/document/document.ts";
import { kubernetes } from "../../drivers/document/kubernetes.ts";
import { memcached } from "../../drivers/document/memcached.ts";
import { r2 } from "../../drivers/document/r2.ts";
import { s3 } from "../../drivers/document/s3.ts";
import type { Driver, Guarantees } from "../../drivers/driver.ts";
import { durableObject } from "../../drivers/durable_object/durable_object.ts";
import { etcd } from "../../drivers/etcd/etcd.ts";
import { memory } from "../../drivers/memory.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import { planetscale } from "../../drivers/mysql/planetscale.ts";
import { neon } from "../../drivers/postgres/neon.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
import { redis } from "../../drivers/redis/redis.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import { SCHEMES } from "../../drivers/schemes.ts";
import { d1 } from "../../drivers/sqlite/d1.ts";
import { ipc } from "../../drivers/sqlite/ipc.ts";
import { libsql } from "../../drivers/sqlite/libsql.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import { turso } from "../../drivers/sqlite/turso.ts";
import { zookeeper } from "../../drivers/zookeeper/zookeeper.ts";
import { BY_SECONDS, OwnStore } from "../backends/document.ts";

const send = (): Promise<never> => Promise.reject(new Error("something was sent"));
const credentials = { accessKeyId: "id", secretAccessKey: "secret" };
const [LINEARIZABLE, FAIL_OVER] = ["linearizable", "until-failover"] as const;

/** One row of the table. */
function promised(
  consistency: Guarantees["consistency"],
  clock: Guarantees["clock"],
  durability: Guarantees["durability"],
  push: boolean,
  minTtl: number,
  more: Pick<Guarantees, "fair" | "overrun"> = {},
): Guarantees {
  return { consistency, clock, durability, push, minTtl, ...more };
}

const PROMISED: Readonly<Record<string, Guarantees>> = {
  memory: promised(LINEARIZABLE, "process", "process", true, 1),
  zake: promised(LINEARIZABLE, "process", "process", true, 1),
  sqlite: promised(LINEARIZABLE, "host", "disk", false, 1),
  ipc: promised(LINEARIZABLE, "host", "process", false, 1),
  browser: promised(LINEARIZABLE, "host", "disk", false, 1),
  d1: promised(LINEARIZABLE, "server", "replicas", false, 1),
  turso: promised(FAIL_OVER, "server", "disk", false, 1),
  libsql: promised(FAIL_OVER, "server", "disk", false, 1),
  redis: promised(FAIL_OVER, "server", "asynchronous", false, 1),
  upstash: promised(FAIL_OVER, "server", "asynchronous", false, 1),
  postgres: promised(FAIL_OVER, "server", "disk", false, 1),
  neon: promised(LINEARIZABLE, "server", "replicas", false, 1),
  mysql: promised(FAIL_OVER, "server", "disk", false, 1),
  planetscale: promised(FAIL_OVER, "server", "replicas", false, 1),
  etcd: promised(LINEARIZABLE, "server", "replicas", true, 2_000, { fair: true, overrun: 2.5 }),
  consul: promised(LINEARIZABLE, "server", "disk", true, 10_000, { fair: false, overrun: 2.25 }),
  zookeeper: promised(LINEARIZABLE, "server", "replicas", true, 1, { fair: false }),
  "durable-object": promised(LINEARIZABLE, "server", "replicas", true, 1),
  s3: promised(LINEARIZABLE, "server", "replicas", false, 1_000, { overrun: 3 }),
  kubernetes: promised(LINEARIZABLE, "server", "replicas", false, 1_000, { overrun: 3 }),
  r2: promised(LINEARIZABLE, "server", "replicas", false, 1),
  memcached: promised(FAIL_OVER, "server", "process", false, 1_000, { overrun: 5 }),
  "deno-kv": promised(LINEARIZABLE, "host", "asynchronous", false, 1),
};

/** By the names of `deno.json`, which are those of the drivers. */
const DRIVERS: Readonly<Record<string, () => Driver>> = {
  memory: () => memory(),
  sqlite: () => sqlite("baton.db"),
  ipc: () => ipc("baton"),
  browser: () => browser("baton"),
  d1: () => d1({ prepare: send as never, batch: send }),
  turso: () => turso({ url: "libsql://h.example" }),
  libsql: () => libsql(send),
  redis: () => redis(send),
  upstash: () => upstash({ url: "https://h.example", token: "token" }),
  postgres: () => postgres(send),
  neon: () => neon({ url: "postgresql://u:p@h.example/db" }),
  mysql: () => mysql(send),
  planetscale: () => planetscale({ url: "mysql://u:p@h.example/db" }),
  etcd: () => etcd({ url: "http://localhost:2379" }),
  consul: () => consul({ url: "http://localhost:8500" }),
  zookeeper: () => zookeeper({ servers: "localhost:2181" }),
  "durable-object": () => durableObject({ idFromName: String, get: send as never }),
  s3: () => s3({ url: "https://h.example/b/k", credentials }),
  kubernetes: () => kubernetes({ url: "https://h.example" }),
  r2: () => r2({ get: send, put: send }),
  memcached: () => memcached({ server: "localhost" }),
  "deno-kv": () => denoKv({ getMany: send, atomic: send as never }),
};

/** A URL of each scheme, and the driver that it leads to. */
const URLS: Readonly<Record<string, readonly [url: string, driver: string]>> = {
  memory: ["memory:", "memory"],
  zake: ["zake:", "zake"],
  file: ["file:./baton.db", "sqlite"],
  upstash: ["upstash://:token@h.example", "upstash"],
  "upstash+http": ["upstash+http://:token@localhost", "upstash"],
  redis: ["redis://localhost", "redis"],
  rediss: ["rediss://localhost", "redis"],
  neon: ["neon://u:p@h.example/db", "neon"],
  postgres: ["postgres://u:p@localhost/db", "postgres"],
  postgresql: ["postgresql://u:p@localhost/db", "postgres"],
  planetscale: ["planetscale://u:p@h.example/db", "planetscale"],
  "planetscale+http": ["planetscale+http://u:p@localhost/db", "planetscale"],
  mysql: ["mysql://u:p@localhost/db", "mysql"],
  etcd: ["etcd://localhost", "etcd"],
  "etcd+https": ["etcd+https://localhost", "etcd"],
  "etcd3+http": ["etcd3+http://localhost", "etcd"],
  "etcd3+https": ["etcd3+https://localhost", "etcd"],
  consul: ["consul://localhost", "consul"],
  "consul+https": ["consul+https://localhost", "consul"],
  libsql: ["libsql://h.example", "turso"],
  turso: ["turso://h.example", "turso"],
  ipc: ["ipc:baton", "ipc"],
  browser: ["browser:baton", "browser"],
  zookeeper: ["zookeeper://localhost", "zookeeper"],
  kazoo: ["kazoo://localhost", "zookeeper"],
  kubernetes: ["kubernetes://:token@h.example/ns/n", "kubernetes"],
  "kubernetes+http": ["kubernetes+http://:token@localhost/ns/n", "kubernetes"],
  memcached: ["memcached://localhost", "memcached"],
  "deno-kv": ["deno-kv:./baton.db", "deno-kv"],
  s3: ["s3://id:secret@bucket/key?region=eu", "s3"],
};

/** What is exported beside the drivers: the contract, its tools, options of one, and what wraps drivers. */
const NONE = [
  ...["driver", "kit", "document", "kubeconfig"],
  ...["retrying", "namespaced", "traced", "budgeted"],
];

Deno.test("every driver that is exported, and every scheme, is in these tables", () => {
  const exported = Object.keys(config.exports).map((key) =>
    /^\.\/drivers\/([\w-]+)$/.exec(key)?.[1]
  )
    .filter((name) => name !== undefined && !NONE.includes(name));
  assert.deepEqual(Object.keys(DRIVERS).sort(), exported.sort());
  assert.deepEqual(Object.keys(URLS).sort(), Object.keys(SCHEMES).sort());
});

for (const [name, make] of Object.entries(DRIVERS)) {
  Deno.test(`${name} has its name, and promises what it is said to promise`, () => {
    const driver = make();
    assert.deepEqual([driver.name, driver.guarantees], [name, PROMISED[name]]);
  });
}

for (const [scheme, [text, name]] of Object.entries(URLS)) {
  Deno.test(`${scheme}: leads to ${name}, with its name and its promises`, async () => {
    const [url = "", parameters] = text.split("?");
    // No file is opened, for Deno KV opens its own at once.
    const openKv = Object.getOwnPropertyDescriptor(Deno, "openKv")!;
    const kv = { getMany: send, atomic: send };
    Object.defineProperty(Deno, "openKv", { ...openKv, get: () => () => Promise.resolve(kv) });
    try {
      const driver = await SCHEMES[scheme]!({ url, parameters });
      assert.deepEqual([driver.name, driver.guarantees], [name, PROMISED[name]]);
    } finally {
      Object.defineProperty(Deno, "openKv", openKv);
    }
  });
}

Deno.test("options that say what a server is like change what is promised, and nothing else does", () => {
  const { guarantees: read } = consul({ url: "http://localhost:8500", consistency: "default" });
  assert.deepEqual(read, { ...PROMISED["consul"], consistency: FAIL_OVER });
  const { guarantees: short } = consul({ url: "http://localhost:8500", minTtl: 500 });
  assert.deepEqual(short, { ...PROMISED["consul"], minTtl: 500 });
  const { guarantees: own } = memory({ strict: true });
  assert.deepEqual(own, { ...PROMISED["memory"], clock: "server", push: false });
});

Deno.test("a document promises what its store is said to promise, under its name, and never to push", () => {
  const { name, guarantees } = document(new OwnStore(Date.now), BY_SECONDS);
  assert.deepEqual([name, guarantees], [BY_SECONDS.name, {
    ...BY_SECONDS.guarantees,
    push: false,
  }]);
});

Deno.test("what wraps a driver has its name and its promises", () => {
  const driver = DRIVERS["etcd"]!();
  const wraps = [
    retrying(driver),
    namespaced(driver, "ns"),
    traced(driver, () => {}),
    budgeted(driver, 5),
  ];
  for (const { name, guarantees } of wraps) {
    assert.deepEqual([name, guarantees], ["etcd", PROMISED["etcd"]]);
  }
});
