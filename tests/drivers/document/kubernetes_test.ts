/**
 * What is Kubernetes' own: an object that was deleted, tokens that change, its limit of size, and its
 * errors in words.
 *
 * @module
 */

import assert from "node:assert/strict";
import { kubernetes, type KubernetesOptions } from "../../../drivers/document/kubernetes.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { granted, refused, released, step } from "../../conformance/expect.ts";
import { acquire, breakSeat, inspect, release, renew } from "../../conformance/operations.ts";
import { type KubernetesServer, startKubernetes } from "../../servers/kubernetes.ts";

async function withKubernetes(
  test: (
    server: KubernetesServer,
    connect: (more?: Partial<KubernetesOptions>) => Driver,
  ) => Promise<void>,
): Promise<void> {
  const server = await startKubernetes();
  const { url, token } = server;
  try {
    await test(server, (more) => kubernetes({ url, token, ...more }));
  } finally {
    await server.stop();
  }
}

Deno.test("whoever writes late does not bring an object back that was deleted meanwhile", () =>
  withKubernetes(async (server, connect) => {
    const driver = connect();
    const mine = acquire("lock:a");
    const before = await granted(driver, mine);
    const freeze = server.faults.freeze(1);
    const renewal = step(driver, renew(mine));
    renewal.catch(() => {});
    await freeze.frozen;
    server.objects.clear();
    const theirs = await granted(connect(), acquire("lock:a"));
    // The clock counts seconds, so within one of them it may be the same.
    assert(theirs.token >= before.token, "tokens go on from the clock");
    server.objects.clear();
    freeze.end();
    // The new object does not say what became of writes of the old one.
    await assert.rejects(renewal, UnknownOutcome);
    assert.equal((await step(driver, inspect("lock:a"))).leases.length, 0);
  }));

Deno.test("a write whose copy lost against it is known to be done", () =>
  withKubernetes(async (server, connect) => {
    const driver = connect();
    const mine = acquire("lock:a");
    await granted(driver, mine);
    server.faults.next("pass", "duplicate");
    await released(driver, breakSeat(mine));
    await refused(driver, release(mine), []);
  }));

Deno.test("tokens of service accounts may change, and are asked for before each request", () =>
  withKubernetes(async (server, connect) => {
    let asked = 0;
    const driver = connect({ token: () => (asked++, Promise.resolve(server.token)) });
    await granted(driver, acquire("lock:a"));
    assert.equal(asked, 2);
  }));

Deno.test("an object with three of the longest values is full, and a fourth is refused before it is sent", () =>
  withKubernetes(async (server, connect) => {
    const driver = connect();
    const value = "é".repeat(32_768);
    for (let n = 0; n < 3; n++) await granted(driver, acquire(`lock:${n}`, { value }));
    const before = server.requests;
    await assert.rejects(driver.apply([acquire("lock:3", { value })]), /250000 is the most/);
    assert.equal(server.requests - before, 1);
  }));

Deno.test("what Kubernetes refuses is said with what to do; what a proxy says is unknown", () =>
  withKubernetes(async (server, connect) => {
    const secret = crypto.randomUUID();
    const op = acquire("lock:a");
    const fails = async (driver: Driver, words: RegExp, code = "unauthorized") => {
      await assert.rejects(driver.apply([op]), (error: ConnectionError) => {
        assert(error instanceof ConnectionError, `${error}`);
        assert.deepEqual([error.code, words.test(error.message)], [code, true], error.message);
        assert(!Deno.inspect(error).includes(secret));
        return true;
      });
    };
    await fails(connect({ token: secret }), /check the token/);
    await fails(kubernetes({ url: server.url }), /get, create and update/);
    server.faults.next("pass", {
      status: 404,
      body: '{"kind":"Status","reason":"NotFound"}',
    });
    await fails(connect(), /namespace/, "connection");
    const date = new Date().toUTCString();
    const lease = { kind: "Lease", metadata: { uid: "u", resourceVersion: "1" } };
    server.faults.next({ status: 200, headers: { date }, body: JSON.stringify(lease) });
    await fails(connect(), /something else/, "connection");
    for (const body of ["{}", "<html>", JSON.stringify({ ...lease, kind: "Pod" })]) {
      server.faults.next({ status: 200, headers: { date }, body });
      await assert.rejects(connect().apply([op]), UnknownOutcome);
    }
    assert.equal(server.objects.size, 0);
  }));

Deno.test("what was not stored as it was sent, for a webhook has changed it, is not granted", () =>
  withKubernetes(async (server, connect) => {
    const metadata = { uid: "u", resourceVersion: "1" };
    for (const annotations of [undefined, {}, { "baton/leases": '{"baton":1}' }]) {
      const body = JSON.stringify({ kind: "Lease", metadata: { ...metadata, annotations } });
      server.faults.next("pass", { status: 200, body });
      await assert.rejects(connect().apply([acquire("lock:a")]), UnknownOutcome);
    }
  }));

Deno.test("what cannot be a URL, a name or a token is refused, and not repeated", () => {
  for (
    const options of [
      { url: "http://k8s.example" },
      { url: "https://s3cr3t@k8s.example" },
      { url: "https://k8s.example", name: "S3cr3t" },
      { url: "https://k8s.example", namespace: "s3cr3t/x" },
      { url: "https://k8s.example", token: "s3cr3t s3cr3t" },
    ]
  ) {
    assert.throws(
      () => kubernetes(options),
      (error: Error) => error instanceof InvalidArgument && !/s3cr3t/i.test(error.message),
    );
  }
});
