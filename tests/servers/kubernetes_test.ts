/** Whether the front end of Kubernetes answers as an API server was seen to. */
import assert from "node:assert/strict";
import { type KubernetesServer, startKubernetes } from "./kubernetes.ts";

interface Asked {
  readonly status: number;
  readonly reason?: string;
  readonly metadata?: { readonly uid: string; readonly resourceVersion: string };
}

async function withKubernetes(
  test: (
    ask: (method: string, name: string, metadata?: object, token?: string) => Promise<Asked>,
    server: KubernetesServer,
  ) => Promise<void>,
): Promise<void> {
  const server = await startKubernetes();
  try {
    await test(async (method, name, metadata, token = `Bearer ${server.token}`) => {
      const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
      const response = await fetch(`${server.url}${path}${name && `/${name}`}?nonce=1`, {
        method,
        headers: token ? { authorization: token } : {},
        ...metadata && { body: JSON.stringify({ kind: "Lease", metadata }) },
      });
      const { reason, metadata: found } = await response.json();
      return { status: response.status, reason, metadata: found };
    }, server);
  } finally {
    await server.stop();
  }
}

Deno.test("a Lease object is created once, and updated by whoever names its version", () =>
  withKubernetes(async (ask) => {
    const is = ({ status, reason }: Asked, wanted: number, why?: string): void =>
      assert.deepEqual([status, reason], [wanted, why]);
    is(await ask("GET", "x"), 404, "NotFound");
    is(await ask("POST", "", { name: "x" }), 201);
    is(await ask("POST", "", { name: "x" }), 409, "AlreadyExists");
    const { metadata } = await ask("GET", "x");
    assert(metadata);
    const { uid, resourceVersion } = metadata;
    is(await ask("PUT", "x", { name: "x" }), 422, "Invalid");
    is(await ask("PUT", "x", { name: "x", uid, resourceVersion }), 200);
    is(await ask("PUT", "x", { name: "x", uid, resourceVersion }), 409, "Conflict");
    await ask("DELETE", "x");
    is(await ask("PUT", "x", { name: "x", uid, resourceVersion }), 409, "Conflict");
    // What sending the uid is for.
    is(await ask("PUT", "x", { name: "x", resourceVersion }), 201);
  }));

Deno.test("of twenty that create or update an object at once exactly one does", () =>
  withKubernetes(async (ask) => {
    const created = await Promise.all(
      Array.from({ length: 20 }, () => ask("POST", "", { name: "x" })),
    );
    assert.equal(created.filter(({ status }) => status === 201).length, 1);
    for (let round = 0; round < 10; round++) {
      const { metadata } = await ask("GET", "x");
      const updated = await Promise.all(
        Array.from({ length: 20 }, () => ask("PUT", "x", { name: "x", ...metadata })),
      );
      assert.equal(updated.filter(({ status }) => status === 200).length, 1);
    }
  }));

Deno.test("no token, a wrong one, another namespace and too much are refused", () =>
  withKubernetes(async (ask) => {
    assert.equal((await ask("GET", "x", undefined, "")).status, 403);
    assert.equal((await ask("GET", "x", undefined, "Bearer no")).status, 401);
    const annotations = { "baton/leases": "x".repeat(256 * 1024) };
    assert.equal((await ask("POST", "", { name: "x", annotations })).status, 422);
    annotations["baton/leases"] = "x".repeat(262_000);
    assert.equal((await ask("POST", "", { name: "x", annotations })).status, 201);
  }));
