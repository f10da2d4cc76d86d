import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { codeOf } from "../../../errors.ts";
import { etcd, type EtcdOptions } from "../../../drivers/etcd/etcd.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { getCoordinator } from "../../../url.ts";
import { acquire } from "../../conformance/operations.ts";
import { startBabbler, startBadServer } from "../../security/bad_server.ts";
import {
  refusesOptions,
  refusesUrls,
  type WrongOptions,
  type WrongUrls,
} from "../refused_input.ts";
import { withEtcd } from "./with_etcd.ts";

const OPTIONS: WrongOptions<EtcdOptions> = [
  [{ url: "" }, /http:\/\/HOST:PORT/],
  [{ url: "localhost:2379" }, /http:\/\/HOST:PORT/],
  [{ url: "etcd://localhost:2379" }, /http:\/\/HOST:PORT/],
  [{ url: "http://localhost:2379/v3" }, /HOST:PORT alone/],
  [{ url: "http://root:s3cret@localhost:2379" }, /HOST:PORT alone/],
  [{ url: "http://localhost:2379?x=s3cret" }, /HOST:PORT alone/],
  [{ url: [] }, /at least one/],
  [{ url: ["http://localhost:2379", "nothing"] }, /http:\/\/HOST:PORT/],
  [{ url: "http://localhost", user: "root" }, /a user and a password/],
  [{ url: "http://localhost", password: "s3cret" }, /a user and a password/],
  [{ url: "http://localhost", user: "", password: "s3cret" }, /a user and a password/],
  [{ url: "http://etcd.example:2379", user: "root", password: "s3cret" }, /needs https:/],
  [{ url: "http://localhost", keyPrefix: "a\0b" }, /keyPrefix/],
  [{ url: "http://localhost", keyPrefix: "a".repeat(257) }, /keyPrefix/],
  [{ url: "ftp://localhost:2379" }, /HOST:PORT alone/],
  [{ url: "http://localhost", apiVersion: "v2" as "v3" }, /v3beta/],
];

Deno.test("etcd: options that cannot be right are refused, and no error shows a secret", () => {
  refusesOptions(OPTIONS, etcd, /s3cret/);
});

const URLS: WrongUrls = [
  ["etcd:", /etcd:\/\/host:port/],
  ["etcd:localhost:2379", /etcd:\/\/host:port/],
  ["etcd://", /etcd:\/\/host:port/],
  ["etcd://a:2379,,b:2379", /etcd:\/\/host:port/],
  ["etcd://localhost:2379/s3cret", /etcd:\/\/host:port/],
  ["etcd://localhost:2379#s3cret", /etcd:\/\/host:port/],
  ["etcd://root@localhost:2379", /a user and a password/],
  ["etcd://localhost:2379", /a user and a password/, "s3cret"],
  ["etcd://root:s3cret%@localhost:2379", /percent-encoding/],
  ["etcd://root:s3cret@etcd.example:2379", /etcd\+https:/],
  ["etcd3://localhost:2379", /must begin with one of/],
  ["etcd+http://localhost:2379", /must begin with one of/],
  ["etcd://localhost?api_version=v2", /apiVersion/],
  ["etcd3+https://localhost?ca_cert=/etc/s3cret.pem", /certificate/],
  ["etcd3+https://localhost?cert_key=/etc/s3cret.pem", /certificate/],
  ["etcd://localhost?sslmode=s3cret", /option 1/],
  ["etcd://localhost?ttl=1999", /2000/],
];

Deno.test("etcd: URLs that cannot be right are refused, and no error shows a secret", async () => {
  await refusesUrls(URLS, /s3cret/);
});

Deno.test("etcd: Tooz's URLs and ours lead to the same leases", async () => {
  await withEtcd(async ({ server }) => {
    const { port } = server;
    const urls = [
      `etcd://127.0.0.1:${port}`,
      `ETCD://localhost:${port}/`,
      `etcd3+http://127.0.0.1:${port}?timeout=10&lock_timeout=20&membership_timeout=30`,
      `etcd3+http://127.0.0.1:${port}?api_version=v3`,
      `etcd://127.0.0.1:${port}?api_version=v3beta`,
      `etcd://127.0.0.1:1,127.0.0.1:${port}`,
    ];
    await using first = await getCoordinator(urls[0]!, "first");
    await using lease = await first.getLock("x").hold();
    for (const [n, url] of urls.entries()) {
      await using baton = await getCoordinator(url, `${n}`);
      const [holder] = await baton.getLock("x").holders();
      assert.equal(holder?.token, lease.token, url);
    }
  });
});

async function says(driver: Driver, code: string | undefined, words: RegExp): Promise<void> {
  await assert.rejects(driver.apply([acquire("lock:a")]), (error: Error) => {
    assert.equal(codeOf(error), code, `${error}`);
    assert.match(error.message, words);
    return true;
  });
}

Deno.test("etcd: behind a wrong port or scheme one clear error says what to change, and nothing is written", async () => {
  await withEtcd(async ({ server, connect, ask }) => {
    const { url } = server;
    await says(etcd({ url: url.replace("http:", "https:") }), "connection", /scheme/);
    await says(connect({ url: await peerOf(ask) }), "connection", /client port/);
    const gone = "definitely not etcd";
    const babbler = await startBabbler(gone);
    await says(etcd({ url: `http://${babbler.host}` }), "unknown-outcome", /unknown/);
    await babbler.stop();
    const { kvs } = await ask("/kv/range", { key: "AA==", range_end: "AA==" });
    assert.equal(kvs, undefined, "nothing was written");
  });
});

Deno.test("etcd: a port that hangs up when TLS begins may be one without, and the error says so", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.resetAndDestroy());
  });
  await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
  const { port } = server.address() as AddressInfo;
  await says(etcd({ url: `https://127.0.0.1:${port}` }), "connection", /scheme/);
  await new Promise((go) => server.close(go));
});

async function peerOf(ask: (path: string) => Promise<Record<string, unknown>>): Promise<string> {
  const { members } = await ask("/cluster/member/list") as { members: { peerURLs: string[] }[] };
  return members[0]!.peerURLs[0]!;
}

Deno.test("etcd: a port that wants TLS, and is asked without, says so", async () => {
  const server = await startBadServer();
  // As Go's servers answer.
  const words = "Client sent an HTTP request to an HTTPS server.\n";
  server.behave((_received, response) => void response.writeHead(400).end(words));
  await says(etcd({ url: `http://${server.host}` }), "connection", /etcd\+https:/);
  await server.stop();
});
