/**
 * Bad addresses, options, tokens and servers: each is refused with one error that names what to change,
 * and nothing is written.
 *
 * @module
 */

import assert from "node:assert/strict";
import { consul, type ConsulOptions } from "../../../drivers/consul/consul.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { codeOf, ConnectionError } from "../../../errors.ts";
import { getCoordinator } from "../../../url.ts";
import { granted, lists, step } from "../../conformance/expect.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { startConsulMember } from "../../servers/consul.ts";
import {
  refusesOptions,
  refusesUrls,
  type WrongOptions,
  type WrongUrls,
} from "../refused_input.ts";
import { freePort } from "../../servers/ports.ts";
import { MIN_TTL, withConsul } from "./with_consul.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

const URL_HERE = "http://127.0.0.1:8500";

/** What is wrong, and what the error must name. */
const OPTIONS: WrongOptions<Partial<ConsulOptions>> = [
  [{ url: "" }, /http:\/\/HOST:PORT or https/],
  [{ url: "127.0.0.1:8500" }, /http:\/\/HOST:PORT or https/],
  [{ url: "consul://127.0.0.1:8500" }, /http:\/\/HOST:PORT or https/],
  [{ url: "grpc://127.0.0.1:8502" }, /http:\/\/HOST:PORT or https/],
  [{ url: "consul+http://127.0.0.1:8500" }, /http:\/\/HOST:PORT or https/],
  [{ url: "http://s3cr3t@127.0.0.1:8500" }, /without a token/],
  [{ url: "http://127.0.0.1:8500?token=s3cr3t" }, /without a token/],
  [{ token: "" }, /token: it is empty/],
  [{ token: "s3cr3t s3cr3t" }, /white space/],
  [{ url: "http://consul.example", token: "s3cr3t" }, /unencrypted.*use https/],
  [{ consistency: "stale" as "default" }, /"consistent" or "default"/],
  [{ dc: "a b" }, /dc: it is not a datacenter/],
  [{ keyPrefix: "" }, /keyPrefix/],
  [{ ns: "team" } as object, /"ns"/],
  [{ minTtl: 0 }, /minTtl/],
];

Deno.test("options that cannot be right are refused before anything is sent", () => {
  refusesOptions(OPTIONS, (options) => consul({ url: URL_HERE, ...options }), /s3cr3t/);
});

const URLS: WrongUrls = [
  ["consul:", /consul:\/\/HOST:PORT/],
  ["consul:127.0.0.1", /consul:\/\/HOST:PORT/],
  ["consul://", /consul:\/\/HOST:PORT/],
  ["consul://127.0.0.1#x", /consul:\/\/HOST:PORT/],
  ["consul://127.0.0.1?ns=team", /namespaces and admin partitions/],
  ["consul+https://c.example?partition=team", /namespaces and admin partitions/],
  ["consul://127.0.0.1?stale=1", /option 1 of this URL/],
  ["consul://127.0.0.1?consistency=stale", /"consistent" or "default"/],
  ["consul://:s3cr3t@consul.example", /unencrypted.*consul\+https/],
  ["consul://consul.example?acl_token=s3cr3t", /unencrypted.*consul\+https/],
  // Tooz's option of this name is in seconds.
  ["consul://127.0.0.1?ttl=15", /ttl 15: .* from 10000 /],
  ["consul://127.0.0.1?lock_timeout=9.999", /ttl 9999: .* from 10000 /],
  ["consul://127.0.0.1?minTtl=s3cr3t", /minTtl/],
];

Deno.test("URLs that cannot be right are refused", async () => {
  await refusesUrls(URLS, /s3cr3t/);
});

Deno.test("a URL says where requests go, with which token, datacenter and reads", async () => {
  const asked = async (url: string, token?: string): Promise<string[]> => {
    const seen: string[] = [];
    await whileFetchIs((input, init) => {
      const { origin, pathname, searchParams } = new URL(String(input));
      const headers = new Headers(init?.headers);
      searchParams.delete("nonce");
      seen.push(`${origin}${pathname}`, `${searchParams}`, headers.get("x-consul-token") ?? "");
      return Promise.reject(new Error("enough"));
    }, async () => {
      const baton = await getCoordinator(url, "me", token === undefined ? {} : { token });
      await baton.getLock("a").holders().catch(() => {});
    });
    return seen.slice(0, 3);
  };
  const txn = "v1/txn";
  assert.deepEqual(await asked("consul://127.0.0.1"), [`${URL_HERE}/${txn}`, "consistent=", ""]);
  assert.deepEqual(await asked("consul://:t%2F1@localhost:8501?dc=west&consistency=default"), [
    `http://localhost:8501/${txn}`,
    "dc=west",
    "t/1",
  ]);
  assert.deepEqual(await asked("consul+https://c.example/consul/", "t2"), [
    `https://c.example/consul/${txn}`,
    "consistent=",
    "t2",
  ]);
  assert.deepEqual(await asked("consul+https://:t3@c.example?acl_token=t4"), [
    `https://c.example/${txn}`,
    "consistent=",
    "t3",
  ]);
});

/** An acquisition is refused with that error, and nothing is written. */
async function isRefused(driver: Driver, message: RegExp, code = "connection"): Promise<void> {
  await assert.rejects(driver.apply([acquire("lock:a")]), (error: Error) => {
    assert.ok(error instanceof ConnectionError, `${error}`);
    assert.equal(codeOf(error), code);
    assert.match(error.message, /nothing was written/);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("a wrong datacenter, port or least ttl is named", async () => {
  await withConsul(async ({ connect, front, server, keys }) => {
    await isRefused(connect({ dc: "nowhere" }), /check the option dc/);
    await isRefused(connect(), /session_ttl_min/);
    const toTls = { status: 400, body: "Client sent an HTTP request to an HTTPS server.\n" };
    front.faults.next(toTls);
    await isRefused(connect(), /speaks TLS.*consul\+https/);
    await isRefused(
      connect({ url: server.url.replace("http:", "https:") }),
      /whether the port speaks TLS/,
    );
    await isRefused(connect({ url: "http://127.0.0.1:1" }), /was not reached/);
    assert.deepEqual(await keys(), []);
  }, { minTtl: "700s" });
});

Deno.test("a port of Consul's that does not speak HTTP is named", async () => {
  const [http, lan, rpc, grpc, dns] = await Promise.all(Array.from({ length: 5 }, freePort));
  const ports = { http, serf_lan: lan, server: rpc, grpc, dns, https: -1, serf_wan: -1 };
  const member = { name: crypto.randomUUID(), http: http!, lan: lan!, server: rpc! };
  const server = await startConsulMember(member, { ports }, {});
  try {
    for (const port of [grpc, dns, rpc, lan]) {
      const driver = consul({ url: `http://127.0.0.1:${port}` });
      await assert.rejects(driver.apply([acquire("lock:a")]), {
        code: "unknown-outcome",
        message: /check that the port is that of the HTTP API/,
      });
    }
    const keys = await (await fetch(`${server.url}/v1/kv/?keys`)).json();
    assert.deepEqual(keys, [], "nothing was written");
  } finally {
    await server.stop();
  }
});

const MASTER = "5fb4ba94-6b5e-4d1c-9d5e-1f2b3c4d5e6f";
const ACL = { enabled: true, default_policy: "deny", tokens: { master: MASTER } };

Deno.test("ACL tokens: what each may do, and what the error says where it may not", async () => {
  await withConsul(
    async ({ connect, ask, keys }) => {
      const tokenOf = async (Name: string, Rules: string): Promise<string> => {
        await ask("PUT", "acl/policy", { Name, Rules });
        const made = await ask<{ SecretID: string }>("PUT", "acl/token", { Policies: [{ Name }] });
        return made.SecretID;
      };
      const session = 'session_prefix "" { policy = "write" }';
      const [full, reads, others, sessionless] = [
        await tokenOf("full", `key_prefix "baton/" { policy = "write" } ${session}`),
        await tokenOf("reads", 'key_prefix "baton/" { policy = "read" }'),
        await tokenOf("others", `key_prefix "other/" { policy = "write" } ${session}`),
        await tokenOf("sessionless", 'key_prefix "baton/" { policy = "write" }'),
      ];
      const wrong = crypto.randomUUID();
      const advice = /ACL token: it needs key:write and key:read/;
      for (const token of [undefined, wrong, others, reads, sessionless]) {
        const driver = connect({ token });
        await isRefused(driver, advice, "unauthorized");
        // To it all keys look vacant, so it must not be told that they are.
        if (token === sessionless) continue;
        await assert.rejects(driver.apply([inspect("lock:a")]), { code: "unauthorized" });
      }
      assert.deepEqual((await keys()).filter((key) => key.includes("lease")), []);

      const driver = connect({ token: full });
      const mine = acquire("lock:a", { ttl: MIN_TTL * 100 });
      const lease = await granted(driver, mine);
      assert.ok((await step(driver, renew(mine, "v"))).ok);
      await lists(connect({ token: reads }), inspect("lock:a"), [{ ...lease, value: "v" }]);
      for (const token of [undefined, wrong]) {
        await assert.rejects(connect({ token }).apply([inspect("lock:a")]), {
          code: "unauthorized",
        });
      }
      await assert.rejects(connect({ token: reads }).apply([release(mine)]), {
        code: "unauthorized",
      });
      assert.ok((await step(driver, release(mine))).ok);
    },
    { settings: { acl: ACL }, token: MASTER },
  );
});
