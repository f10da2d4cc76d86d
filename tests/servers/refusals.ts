/**
 * Servers that are reached and definitely refuse, for as long as a test likes: read-only after a
 * fail-over, out of memory, without replicas, with another password.
 */
import { SCHEMA_VERSION } from "../../drivers/sqlite/schema.ts";
import type { SqliteBatch } from "../../drivers/sqlite/send.ts";
import type { ConsulServer } from "./consul.ts";
import type { Driver } from "../../drivers/driver.ts";
import { zookeeper } from "../../drivers/zookeeper/zookeeper.ts";
import { connectTo } from "./pg_client.ts";
import type { EtcdServer } from "./etcd.ts";
import type { MysqlServer } from "./mysql.ts";
import type { PostgresServer } from "./postgres.ts";
import type { RedisServer } from "./redis.ts";
import type { MemcachedServer } from "./memcached.ts";
import { withAccess } from "./zookeeper_access.ts";
import type { ZookeeperServer } from "./zookeeper.ts";

/** A server that refuses now. */
export interface Refusal {
  /** Why it refuses. */
  readonly why: string;
  /** Whether it knows the client no more, which it tells in other words than that it may pass. */
  readonly unauthorized: boolean;
  /** It takes everything again. */
  end(): Promise<void>;
}

/** What makes a server refuse, and what ends that. */
interface Way extends Omit<Refusal, "end"> {
  readonly begin: string;
  readonly back: string;
}

const way = (why: string, begin: string, back: string, unauthorized = false): Way => (
  { why, begin, back, unauthorized }
);

function chosen(ways: readonly Way[], dice: number): Way {
  return ways[Math.floor(dice * ways.length)] as Way;
}

const ON_REDIS = [
  way("no replica", "config set min-replicas-to-write 1", "config set min-replicas-to-write 0"),
  way("out of memory", "config set maxmemory 1", "config set maxmemory 0"),
  way(
    "no rights",
    "acl setuser default -eval -evalsha",
    "acl setuser default +eval +evalsha",
    true,
  ),
];

/** Redis; `dice`, from 0 up to 1, chooses how. */
export async function refuseOnRedis(server: RedisServer, dice: number): Promise<Refusal> {
  const { begin, back, ...refusal } = chosen(ON_REDIS, dice);
  const client = server.client();
  const send = async (text: string) => {
    const [name = "", ...args] = text.split(" ");
    await client.call(name, ...args);
  };
  await send(begin);
  return {
    ...refusal,
    end: async () => {
      await send(back);
      await client.quit();
    },
  };
}

/** The token of those who send none. */
const ANONYMOUS = "acl/token/00000000-0000-0000-0000-000000000002";

/** Consul, with ACLs: those without a token may do nothing any more. */
export async function refuseOnConsul({ url, token = "" }: ConsulServer): Promise<Refusal> {
  const put = async (path: string, body: unknown): Promise<void> => {
    const headers = { "x-consul-token": token };
    const answer = await fetch(`${url}/v1/${path}`, {
      method: "PUT",
      headers,
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  };
  const Name = `none-${crypto.randomUUID()}`;
  const rules = ["key", "session"].map((each) => `${each}_prefix "" { policy = "deny" }`);
  await put("acl/policy", { Name, Rules: rules.join("\n") });
  await put(ANONYMOUS, { Policies: [{ Name }] });
  return {
    why: "no rights",
    unauthorized: true,
    end: () => put(ANONYMOUS, { Policies: [] }),
  };
}

const onPostgres = (password: string): Way[] => [
  way(
    "read-only",
    "alter system set default_transaction_read_only = on",
    "alter system reset default_transaction_read_only",
  ),
  way(
    "another password",
    "alter role current_user password 'another'",
    `alter role current_user password '${password}'`,
    true,
  ),
];

/** Whoever is in stays in with the old password, and so would all connections that a front end keeps. */
const SEND_AWAY = `select pg_terminate_backend(pid) from pg_stat_activity
where pid <> pg_backend_pid() and backend_type = 'client backend'`;

/** PostgreSQL; what ends it is a connection of before, for nobody gets in meanwhile. */
export async function refuseOnPostgres(server: PostgresServer, dice: number): Promise<Refusal> {
  const { begin, back, ...refusal } = chosen(onPostgres(server.login.password), dice);
  const { client, close } = await connectTo(server.port, server.login);
  const reload = () => client.query("select pg_reload_conf()");
  await client.query(begin);
  await reload();
  if (refusal.unauthorized) await client.query(SEND_AWAY);
  return {
    ...refusal,
    end: async () => {
      await client.query(back);
      await reload();
      await close();
    },
  };
}

/** MySQL or MariaDB, which have one way; it ends with a restart, too. */
export async function refuseOnMysql(server: MysqlServer): Promise<Refusal> {
  // MySQL's other variable binds its administrators, and sets this one, too.
  const variable = server.kind === "mysql" ? "super_read_only" : "read_only";
  await server.administer(`set global ${variable} = on`);
  return {
    why: "read-only",
    unauthorized: false,
    end: () => server.administer("set global read_only = off"),
  };
}

/** D1 or libSQL, or a file of SQLite's: its tables are of a version of which nobody has heard. */
export async function refuseOnSqlite(send: SqliteBatch): Promise<Refusal> {
  const set = (version: number) =>
    send([{ sql: `update baton_state set version = ${version}`, args: [] }]);
  await set(SCHEMA_VERSION + 1_000);
  return {
    why: "tables of another version",
    unauthorized: false,
    end: async () => void await set(SCHEMA_VERSION),
  };
}

/** Who may do everything in etcd, once there are users. */
const ROOT = { name: "root", password: "root-p4ssword" };

/** etcd, or a member of a cluster: without space, where it takes releases still, or for users alone. */
export async function refuseOnEtcd({ url }: EtcdServer, dice: number): Promise<Refusal> {
  const ask = async (path: string, body: object, token = ""): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}/v3${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      ...token && { headers: { authorization: token } },
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  };
  if (dice < 0.5) {
    const { header } = await ask("/maintenance/status", {});
    const { member_id: memberID } = Object(header);
    const alarm = (action: string) =>
      ask("/maintenance/alarm", { action, memberID, alarm: "NOSPACE" });
    await alarm("ACTIVATE");
    return {
      why: "no space",
      unauthorized: false,
      end: async () => void await alarm("DEACTIVATE"),
    };
  }
  const { users = [] } = await ask("/auth/user/list", {});
  if (!(users as string[]).includes(ROOT.name)) {
    await ask("/auth/user/add", ROOT);
    await ask("/auth/role/add", { name: ROOT.name });
    await ask("/auth/user/grant", { user: ROOT.name, role: ROOT.name });
  }
  await ask("/auth/enable", {});
  return {
    why: "users alone",
    unauthorized: true,
    async end() {
      const { token } = await ask("/auth/authenticate", ROOT);
      await ask("/auth/disable", {}, `${token}`);
    },
  };
}

/** ZooKeeper: nobody but its administrator may write the clock any more, without which nothing is done. */
export async function refuseOnZookeeper({ port, host }: ZookeeperServer): Promise<Refusal> {
  await using driver = zookeeper({ servers: host }) as AsyncDisposable & Driver;
  // Now there is a clock.
  await driver.apply([{ op: "inspect", resource: "x" }]);
  await withAccess(port, "/baton/clock", "auth");
  return {
    why: "no rights",
    unauthorized: true,
    end: () => withAccess(port, "/baton/clock", "world"),
  };
}

/** Memcached: its memory is full of what others have there. It evicts nothing, so nobody can write. */
export async function refuseOnMemcached({ ask }: MemcachedServer): Promise<Refusal> {
  // The larger ones take what is free, and the smaller ones what is left in pages that are in use.
  for (let bytes = 500_000; bytes > 100; bytes = Math.floor(bytes * 0.8)) {
    const value = "x".repeat(bytes);
    const many = Array.from({ length: Math.ceil(1_000_000 / bytes) });
    const set = () => `set ${crypto.randomUUID()} 0 0 ${bytes}\r\n${value}`;
    while ((await ask(...many.map(set))).every((line) => line === "STORED"));
  }
  return {
    why: "memory is full",
    unauthorized: false,
    end: async () => void await ask("flush_all"),
  };
}
