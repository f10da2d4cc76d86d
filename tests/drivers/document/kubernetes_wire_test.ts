/**
 * What goes to Kubernetes, field by field, and what each of its answers means: with answers that the test chooses.
 *
 * @module
 */

import assert from "node:assert/strict";
import { kubernetes, type KubernetesOptions } from "../../../drivers/document/kubernetes.ts";
import { kubernetesAt } from "../../../drivers/document/kubernetes_url.ts";
import { InvalidArgument } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { type Answer, asked, EMPTY, errorOf, NOW, unanswered, wired } from "./wired.ts";

const TOKEN = "a.token";
const k8s = (more: Partial<KubernetesOptions> = {}) =>
  kubernetes({ url: "https://k8s.example/", token: TOKEN, ...more });
const status = (reason: unknown) => ({ kind: "Status", reason });
const NONE: Answer = [404, status("NotFound")];
const lease = (text: string) => ({
  kind: "Lease",
  metadata: { uid: "u-1", resourceVersion: "7", annotations: { "baton/leases": text } },
});

Deno.test("Kubernetes: an object is read by its name, made in its namespace, and replaced by its version", async () => {
  const op = acquire("lock:a");
  // What is to be stored is only known when it comes, so the answer to a write says that it differs.
  const changed: Answer = [201, lease("changed")];
  for (const first of [NONE, [200, lease(EMPTY)] as const]) {
    const sent = await wired([first, changed], async () => {
      const error = await batonErrorOf(
        k8s({ name: "jobs", namespace: "shop" }).apply([op]),
      );
      assert.match(error.message, /a webhook or a proxy has changed what was written/);
    });
    const leases = "https://k8s.example/apis/coordination.k8s.io/v1/namespaces/shop/leases";
    assert.deepEqual(
      sent.map(({ method, url: { origin, pathname } }) => [method, origin + pathname]),
      first === NONE
        ? [["GET", `${leases}/jobs`], ["POST", leases]]
        : [["GET", `${leases}/jobs`], ["PUT", `${leases}/jobs`]],
    );
    assert.equal(
      new Set(sent.map(({ url }) => url.search)).size,
      2,
      "no two requests are the same",
    );
    for (const { headers, url } of sent) {
      assert.match(url.search, /^\?nonce=/);
      assert.deepEqual(
        ["accept", "content-type", "authorization"].map((name) => headers.get(name)),
        ["application/json", "application/json", `Bearer ${TOKEN}`],
      );
    }
    const { metadata: { annotations, ...metadata }, ...object } = JSON.parse(sent[1]!.body);
    assert.deepEqual(object, { apiVersion: "coordination.k8s.io/v1", kind: "Lease" });
    assert.deepEqual(metadata, {
      name: "jobs",
      ...first !== NONE && { uid: "u-1", resourceVersion: "7" },
    });
    assert.deepEqual(Object.keys(annotations), ["baton/leases"]);
    const { baton, writes, leases: rows } = JSON.parse(annotations["baton/leases"]);
    assert.deepEqual([baton, writes], [1, first === NONE ? 1 : 8]);
    assert.deepEqual(rows, [["lock:a", [["", op.id, NOW, "", op.ttl, NOW + 999 + op.ttl]]]]);
    assert.equal(sent[0]!.body, "null");
  }
  const [{ headers, url } = assert.fail()] = await wired(
    [[200, lease(EMPTY)]],
    () => kubernetes({ url: "http://127.0.0.1:8001" }).apply([inspect("x")]),
  );
  assert.deepEqual(
    [headers.has("authorization"), url.pathname],
    [false, "/apis/coordination.k8s.io/v1/namespaces/default/leases/baton"],
  );
});

Deno.test("Kubernetes: the first writer wins, and the others read again", async () => {
  const there: Answer = [200, lease(EMPTY)];
  const refused: Answer = [403, status("Forbidden")];
  for (
    const [read, write] of [
      [there, [409, status("Conflict")]],
      [there, [409, status("AlreadyExists")]],
      [there, [404, status("NotFound")]],
      [NONE, [409, status("Conflict")]],
      [NONE, [409, status("AlreadyExists")]],
    ] as readonly [Answer, Answer][]
  ) {
    // It reads again, after a write that may have been done: then a refusal is unknown.
    const error = await errorOf(k8s(), [read, write, refused]);
    assert.equal(error.code, "unknown-outcome", error.message);
    assert.match(error.message, /check the role/);
  }
});

Deno.test("Kubernetes: a status is a refusal if Kubernetes says its reason, and otherwise unknown", async () => {
  const there: Answer = [200, lease(EMPTY)];
  for (
    const [answers, code, retryable, words] of [
      [[[401, status("Unauthorized")]], "unauthorized", false, /check the token/],
      [[[403, status("Forbidden")]], "unauthorized", false, /get, create and update/],
      [[NONE, NONE], "connection", false, /the namespace, which has to exist/],
      [[[422, status("Invalid")]], "connection", false, /cannot hold that/],
      [[[429, status("TooManyRequests")]], "connection", true, /too much to do/],
      [[[500, status("InternalError")]], "unknown-outcome", true, /status 500: InternalError/],
      [[there, [409, status("Expired")]], "unknown-outcome", true, /status 409/],
      [[there, [409, status("ConflictX")]], "unknown-outcome", true, /status 409: ConflictX/],
      [[NONE, [409, status("ConflictX")]], "unknown-outcome", true, /status 409: ConflictX/],
      [[there, [410, status("Conflict")]], "unknown-outcome", true, /status 410/],
      [[[403, { kind: "Other", reason: "Forbidden" }]], "unknown-outcome", true, /\(status 403\)/],
      [[[403, status("Not one word")]], "unknown-outcome", true, /\(status 403\)/],
      [[[403, status(7)]], "unknown-outcome", true, /\(status 403\)/],
      [[[403, "<html>"]], "unknown-outcome", true, /\(status 403\)/],
      [[[404, "<html>"]], "unknown-outcome", true, /\(status 404\)/],
      [[[201, lease(EMPTY)]], "unknown-outcome", true, /\(status 201\)/],
      [[[200, { ...lease(EMPTY), kind: "Pod" }]], "unknown-outcome", true, /not a Lease object/],
      [[[200, { kind: "Lease" }]], "unknown-outcome", true, /not a Lease object/],
      [[[200, { kind: "Lease", metadata: { uid: "u" } }]], "unknown-outcome", true, /not a Lease/],
      [
        [[200, { kind: "Lease", metadata: { resourceVersion: "1" } }]],
        "unknown-outcome",
        true,
        /not/,
      ],
      [
        [[200, { kind: "Lease", metadata: { uid: "u", resourceVersion: "1" } }]],
        "connection",
        false,
        /something else/,
      ],
      [[there, [202, lease(EMPTY)]], "unknown-outcome", true, /\(status 202\)/],
    ] as readonly [Answer[], string, boolean, RegExp][]
  ) {
    const error = await errorOf(k8s(), answers);
    assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
    assert.match(error.message, words);
  }
});

Deno.test("Kubernetes: a clock that is missing, odd, or as old as a cache's answer is unknown", async () => {
  const found = [200, lease(EMPTY)] as const;
  for (const headers of [{ date: "" }, { date: "soon" }, { date: "1970-01-01T00:00:00Z" }]) {
    const error = await errorOf(k8s(), [[...found, headers]]);
    assert.match(error.message, /the answer has no Date/);
  }
  const error = await errorOf(k8s(), [[...found, { age: "0" }]]);
  assert.match(error.message, /a cache answered/);
  assert.equal(error.code, "unknown-outcome");
});

Deno.test("Kubernetes: an error without an answer says whether there was a connection, and whether TLS began", () =>
  unanswered(k8s()));

Deno.test("Kubernetes: names are those that it allows", () => {
  for (const name of ["a", "0", "a-b.c", "x".repeat(253)]) {
    k8s({ name });
    k8s({ namespace: name });
  }
  for (const name of ["", "-a", "a-", ".a", "a.", "A", "a_b", "x".repeat(254), "a\n"]) {
    assert.throws(() => k8s({ name }), InvalidArgument, name);
    assert.throws(() => k8s({ namespace: name }), InvalidArgument, name);
  }
});

Deno.test("Kubernetes: a URL says where, who, in which namespace and under which name", async () => {
  const at = (host: string, namespace: string, name: string) =>
    `${host}/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
  const [web, here] = ["https://k8s.example", "http://127.0.0.1:8001"];
  for (
    const [url, token, where, who] of [
      // With a token beside it, the one in the URL is not used.
      ["kubernetes://:other@k8s.example/shop/jobs", "t", at(web, "shop", "jobs"), "Bearer t"],
      ["kubernetes://:t@k8s.example/shop/jobs", undefined, at(web, "shop", "jobs"), "Bearer t"],
      ["kubernetes://t@k8s.example/shop", undefined, at(web, "shop", "baton"), "Bearer t"],
      ["kubernetes://u:t%2F@k8s.example/", undefined, at(web, "default", "baton"), "Bearer t/"],
      ["KUBERNETES://K8S.example:443", "t", at(web, "default", "baton"), "Bearer t"],
      [
        "kubernetes://kubernetes+http:t@k8s.example",
        undefined,
        at(web, "default", "baton"),
        "Bearer t",
      ],
      ["kubernetes+http://127.0.0.1:8001//jobs", undefined, at(here, "default", "jobs"), null],
      ["Kubernetes+HTTP://127.0.0.1:8001", undefined, at(here, "default", "baton"), null],
    ] as const
  ) {
    assert.deepEqual(await asked(kubernetesAt({ url, token })), [where, who], url);
  }
  for (
    const url of ["kubernetes://h/a/b/c", "kubernetes://h/a/b/", "kubernetes://h#a", "kubernetes:"]
  ) {
    assert.throws(() => kubernetesAt({ url }), InvalidArgument, url);
  }
});
