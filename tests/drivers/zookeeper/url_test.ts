/**
 * Where a URL and options lead, and as whom.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { SocketAddress } from "../../../drivers/kit/sockets.ts";
import { zookeeperAt } from "../../../drivers/zookeeper/url.ts";
import { login, opening, type Part, request } from "../../../drivers/zookeeper/wire.ts";
import { zookeeper, type ZookeeperOptions } from "../../../drivers/zookeeper/zookeeper.ts";
import { InvalidArgument } from "../../../errors.ts";
import { inspect } from "../../conformance/operations.ts";
import { scripted } from "./scripted.ts";

/** Where the first call of a URL's driver goes, sorted, for servers are tried in random order. */
async function asked(text: string, token?: string): Promise<string[]> {
  const seen: string[] = [];
  const { connect } = Deno;
  Object.assign(Deno, {
    connect({ hostname, port }: { hostname: string; port: number }) {
      seen.push(`${hostname}:${port}`);
      return Promise.reject(new Error("nobody is there"));
    },
  });
  try {
    const [url = "", parameters] = text.split("?");
    await zookeeperAt({ url, parameters, token }).apply([inspect("a")]).catch(() => {});
  } finally {
    Object.assign(Deno, { connect });
  }
  return seen.sort();
}

Deno.test("ZooKeeper: a URL says which servers are asked, at the usual port unless it has one", async () => {
  const rows: readonly (readonly [url: string, hosts: string[], token?: string])[] = [
    ["zookeeper://h", ["h:2181"]],
    ["KAZOO://h/", ["h:2181"]],
    ["kazoo://[::1]:5/root", ["::1:5"]],
    ["zookeeper://a,b:5", ["a:2181", "b:5"]],
    ["kazoo://a?hosts=b,c:5&hosts=d", ["a:2181", "b:2181", "c:5", "d:2181"]],
    ["kazoo://a?use_ssl=no&verify_certs=True&randomize_hosts=yes", ["a:2181"]],
    ["kazoo://u:p@localhost", ["localhost:2181"]],
    ["kazoo://u@localhost", ["localhost:2181"], "p"],
    ["kazoo://u:p@h?use_ssl=0", ["h:2181"]],
    ["kazoo://u:p@h?use_ssl=1", ["h:2181"]],
  ];
  for (const [url, hosts, token] of rows) assert.deepEqual(await asked(url, token), hosts, url);
  const yes = ["1", "t", "true", "on", "y", "yes", "TRUE"];
  for (const each of yes) {
    assert.deepEqual(await asked(`kazoo://h?verify_certs=${each}`), ["h:2181"]);
  }
  for (const each of ["0", "f", "false", "off", "n", "no", "False"]) {
    assert.deepEqual(await asked(`kazoo://h?use_ssl=${each}`), ["h:2181"]);
    await assert.rejects(asked(`kazoo://h?verify_certs=${each}`), InvalidArgument);
  }
  for (const each of ["untrue", "trues", "2", "not", "10", "if"]) {
    await assert.rejects(asked(`kazoo://h?use_ssl=${each}`), /neither true nor false/);
  }
  // A token beside no user is half a login.
  await assert.rejects(asked("kazoo://h", "p"), /a user and a password/);
});

/** What the first call sends first, and to which address. */
async function first(options: Partial<ZookeeperOptions>): Promise<[SocketAddress, number[]]> {
  const { socket, told } = scripted();
  let asked: SocketAddress | undefined;
  const driver = zookeeper({
    servers: "localhost",
    ...options,
    connect(address) {
      asked = address;
      queueMicrotask(() => setTimeout(() => socket.close(), 0));
      return Promise.resolve(socket);
    },
  });
  await assert.rejects(driver.apply([inspect("a")]), { code: "connection" });
  return [asked!, told.sent];
}

Deno.test("ZooKeeper: a session is opened as the options say", async () => {
  const bytes = (...parts: readonly Part[]) => parts.flatMap((part) => [...request(-4, part)]);
  const [plain, alone] = await first({});
  assert.deepEqual([plain.host, plain.port, plain.tls], ["localhost", 2_181, undefined]);
  assert.deepEqual(alone, [...opening(10_000)]);
  const [secure, both] = await first({
    ...{ servers: ["h.example:5"], tls: true, user: "u", password: "p", sessionTimeout: 1_000 },
  });
  assert.deepEqual([secure.host, secure.port, secure.tls], ["h.example", 5, true]);
  assert.deepEqual(both, [...opening(1_000), ...bytes(login("u", "p"))]);
});

Deno.test("ZooKeeper: a root is a path of up to 256 characters, and no part of it is . or ..", () => {
  const make = (root: string) => zookeeper({ servers: "h", root });
  for (const root of ["/a", "/a/b.c", "/...", "/a/.b", `/${"a".repeat(255)}`]) {
    assert.equal(make(root).name, "zookeeper", root);
  }
  for (const root of ["/.", "/..", "/a/.", "/../a", "a/b", "/a/", "/a b", `/${"a".repeat(256)}`]) {
    assert.throws(() => make(root), InvalidArgument, root);
  }
});
