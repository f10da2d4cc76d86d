/**
 * What the options of Tooz, of libpq and of other tools mean in the URL of a server of one's own: each is
 * understood, or refused by its name.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { InvalidArgument } from "../../mod.ts";
import { SCHEMES, vendorOptions } from "../../drivers/schemes.ts";
import { getCoordinator } from "../../url.ts";

const SECRET = "s3cr3t-of-the-url";
const REDIS = `redis://u:${SECRET}@h:6379/1`;
const POSTGRES = `postgresql://u:${SECRET}@h/db`;
const MYSQL = `mysql://u:${SECRET}@h/db`;

Deno.test("options of Tooz, and those that vendors show, are taken", async () => {
  for (
    const url of [
      `${REDIS}?db=3&ssl=true&socket_timeout=5&socket_connect_timeout=0.5&socket_keepalive=on`,
      `${REDIS}?sentinel=mine&sentinel_fallback=h2:26379&sentinel_fallback=[::1]&sentinel_ssl=yes`,
      `${REDIS}?sentinel=mine&sentinel_username=u&sentinel_password=${SECRET}`,
      ...["redis://h", "redis://h/", "rediss://h:1", "redis://[::1]:6379/0", "redis://:p@h"],
      ...["redis:///run/redis.sock?db=1", "REDIS://h"],
      `${POSTGRES}?sslmode=verify-full&application_name=x&connect_timeout=3&connection_limit=2`,
      `${POSTGRES}?host=h2&port=5433&dbname=other&target_session_attrs=read-write`,
      `${POSTGRES}?pgbouncer=true&pool_timeout=10&channel_binding=prefer`,
      ...["postgresql:///db?host=/run/postgresql", "postgres://h", "postgresql://u@h:1/d"],
      `${MYSQL}?ssl=true&charset=utf8mb4&timezone=Z`,
      `${MYSQL}?ssl-mode=VERIFY_IDENTITY`,
      `${MYSQL}?ssl_verify_mode=true&ssl_check_hostname=true`,
      `${MYSQL}?useSSL=false&connection_limit=5&connect_timeout=2`,
      `mysql:///db?unix_socket=/run/mysqld.sock`,
      ...["zake://", "zake:", "zake:///?timeout=5"],
    ]
  ) {
    const baton = await getCoordinator(url, "me");
    assert.equal(baton.memberId, "me", url);
    await baton[Symbol.asyncDispose]();
  }
});

Deno.test("what cannot be is refused by its name, before anything is sent", async () => {
  const bad: Readonly<Record<string, RegExp>> = {
    [`${REDIS}?ssl_ca_certs=/x`]: /option ssl_ca_certs: no files are read here/,
    [`${REDIS}?ssl_certfile=/x`]: /option ssl_certfile/,
    [`${REDIS}?retry_on_timeout=1`]: /option retry_on_timeout: leave it out/,
    [`${REDIS}?health_check_interval=1`]: /option health_check_interval/,
    [`${REDIS}?encoding=utf8`]: /option encoding/,
    [`${REDIS}?executor=sync`]: /option executor/,
    [`${REDIS}?socket_keepalive=false`]: /option socket_keepalive/,
    [`${REDIS}?ssl=perhaps`]: /option ssl: it is not true or false/,
    [`${REDIS}?db=one`]: /option db: it is not a number/,
    [`${REDIS}?db=1.5`]: /option db/,
    [`${REDIS}?socket_timeout=-1`]: /option socket_timeout/,
    [`${REDIS}?sentinel_fallback=h`]: /option sentinel_fallback: it needs the option sentinel/,
    [`${REDIS}?sentinel=m&sentinel_fallback=u:${SECRET}@h`]:
      /sentinel_fallback: it must be HOST:PORT/,
    [`${REDIS}?cluster=true`]: /option 1 of this URL/,
    [`redis://:${SECRET}@h/name`]: /the database is a number/,
    [`redis:${SECRET}`]: /must be redis:\/\//,
    [`redis://:${SECRET}@/0`]: /must be redis:\/\//,
    [`redis://:%zz${SECRET}@h`]: /percent-encoding is broken/,
    [`${POSTGRES}?channel_binding=require`]: /option channel_binding/,
    [`${POSTGRES}?connect_timeout=soon`]: /option connect_timeout/,
    [`${POSTGRES}?sslmod=require`]: /option 1 of this URL/,
    [`postgresql://u:${SECRET}@h1,h2/db`]: /several hosts/,
    [`postgresql:${SECRET}`]: /must be postgresql:\/\//,
    [`postgresql://u:${SECRET}@h:port/db`]: /must be postgresql:\/\//,
    [`${MYSQL}?ssl_ca=/x`]: /option ssl_ca: no files are read here/,
    [`${MYSQL}?ssl_cipher=x`]: /option ssl_cipher/,
    [`${MYSQL}?ssl_check_hostname=false`]: /option ssl_check_hostname/,
    [`${MYSQL}?ssl-mode=maybe`]: /option ssl-mode/,
    [`${MYSQL}?sslaccept=maybe`]: /option sslaccept/,
    [`${MYSQL}?ssl={"ca":1}`]: /option ssl: it is not true or false/,
    [`mysql://u:${SECRET}@h`]: /must be mysql:\/\//,
    [`mysql:///db`]: /must be mysql:\/\//,
    [`zake://${SECRET}?storage=x`]: /option 1 of this URL/,
  };
  for (const [url, why] of Object.entries(bad)) {
    await assert.rejects(getCoordinator(url, "me"), (error: Error) => {
      assert(error instanceof InvalidArgument, `${url}: ${inspect(error)}`);
      assert.match(error.message, why, url);
      assert(!inspect(error, { showHidden: true }).includes(SECRET), error.message);
      return true;
    }, url);
  }
});

Deno.test("a host that is not there is an error without any part of the URL", async () => {
  for (const url of [REDIS, POSTGRES, MYSQL]) {
    const baton = await getCoordinator(url.replace("@h", "@none.s3cr3t-of-the-url.invalid"), "me");
    await assert.rejects(baton.start(), (error: Error) => {
      assert.match(error.message, /was not reached, so nothing was written/);
      assert(!inspect(error, { showHidden: true, depth: 9 }).includes(SECRET), inspect(error));
      return true;
    });
    await baton[Symbol.asyncDispose]();
  }
});

Deno.test("zake: is one backend for all of a process", async () => {
  await using one = await getCoordinator("zake://", "one");
  await using two = await getCoordinator("zake:?namespace=x", "two");
  await using three = await getCoordinator("ZAKE://", "three");
  assert(await one.getLock("l").acquire({ timeout: 0 }));
  assert(await two.getLock("l").acquire({ timeout: 0 }));
  assert.equal(await three.getLock("l").acquire({ timeout: 0 }), null);
});

const SQL =
  `sslmode sslrootcert sslcert sslkey sslaccept ssl ssl-mode useSSL channel_binding options
  application_name target_session_attrs client_encoding connect_timeout connection_limit pool_timeout
  pgbouncer charset timezone host port dbname unix_socket ssl_ca ssl_capath ssl_cert ssl_key ssl_cipher
  ssl_verify_mode ssl_check_hostname`;
const OF_REDIS =
  `db ssl socket_timeout socket_connect_timeout socket_keepalive sentinel sentinel_fallback
  sentinel_username sentinel_password sentinel_ssl ssl_certfile ssl_keyfile ssl_ca_certs retry_on_timeout
  health_check_interval encoding executor`;
const ETCD = "api_version ca_cert cert_key cert_cert";
const CONSUL = "dc consistency keyPrefix minTtl acl_token ns partition";
const ZOOKEEPER = `hosts use_ssl verify_certs randomize_hosts ca certfile keyfile keyfile_password
  handler connection_retry command_retry`;

/** What others put into URLs of each scheme: none of it is a slip, even where it is refused by its name. */
const OPTIONS: Readonly<Record<string, string>> = {
  ...{ neon: SQL, postgres: SQL, postgresql: SQL, mysql: SQL, planetscale: SQL },
  ...{ "planetscale+http": SQL, redis: OF_REDIS, rediss: OF_REDIS, s3: "region endpoint" },
  ...{ etcd: ETCD, "etcd+https": ETCD, "etcd3+http": ETCD, "etcd3+https": ETCD },
  ...{ libsql: "authToken tls", turso: "authToken tls", consul: CONSUL, "consul+https": CONSUL },
  ...{ zookeeper: ZOOKEEPER, kazoo: ZOOKEEPER },
  memcached: `max_pool_size use_ssl ca_cert ssl_cert ssl_key ssl_key_password ssl_ciphers
    ssl_check_hostname`,
};

Deno.test("the options that Tooz and vendors have for each scheme are known by their names, and no other", () => {
  for (const scheme of [...Object.keys(SCHEMES), "amqp"]) {
    const known = OPTIONS[scheme]?.split(/\s+/) ?? [];
    assert.deepEqual([...vendorOptions(scheme)].sort(), known.sort(), scheme);
  }
});
