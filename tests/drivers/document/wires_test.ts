/**
 * What goes to stores over HTTP, field by field, and what each of their answers means: with answers that
 * the test chooses.
 *
 * @module
 */

import assert from "node:assert/strict";
import { kubernetes, type KubernetesOptions } from "../../../drivers/document/kubernetes.ts";
import { kubernetesAt } from "../../../drivers/document/kubernetes_url.ts";
import { s3, type S3Options } from "../../../drivers/document/s3.ts";
import { s3At } from "../../../drivers/document/s3_url.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { type CoordinationError, InvalidArgument } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";

const DATE = "Fri, 15 Jan 2027 08:00:00 GMT";
/** The same in ms since 1970. */
const NOW = 1_800_000_000_000;

interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
}

/** An answer: its status, its body and more headers. */
type Answer = readonly [status: number, body?: unknown, headers?: Record<string, string>];

/** Runs work whose requests are answered in turn, and returns what was sent. */
async function wired(answers: readonly Answer[], work: () => Promise<unknown>): Promise<Sent[]> {
  const real = globalThis.fetch;
  const sent: Sent[] = [];
  globalThis.fetch = (url, init) => {
    assert.equal(init?.redirect, "manual");
    const { method = "", headers, body } = init ?? {};
    sent.push({
      method,
      url: new URL(String(url)),
      headers: new Headers(headers),
      body: `${body}`,
    });
    const [status, answer = "", more] = answers[sent.length - 1] ??
      assert.fail("one more was sent");
    const text = typeof answer === "string" ? answer : JSON.stringify(answer);
    return Promise.resolve(new Response(text, { status, headers: { date: DATE, ...more } }));
  };
  try {
    await work();
  } finally {
    globalThis.fetch = real;
  }
  return sent;
}

/** The error of an operation that is answered so. */
async function errorOf(
  driver: Driver,
  answers: readonly Answer[],
  op = acquire("lock:a"),
): Promise<CoordinationError> {
  let error: CoordinationError | undefined;
  const sent = await wired(answers, async () => {
    error = await batonErrorOf(driver.apply([op]));
  });
  assert.equal(sent.length, answers.length, "each was asked for");
  return error!;
}

const TOKEN = "a.token";
const k8s = (more: Partial<KubernetesOptions> = {}) =>
  kubernetes({ url: "https://k8s.example/", token: TOKEN, ...more });
const status = (reason: unknown) => ({ kind: "Status", reason });
const NONE: Answer = [404, status("NotFound")];
const lease = (text: string) => ({
  kind: "Lease",
  metadata: { uid: "u-1", resourceVersion: "7", annotations: { "baton/leases": text } },
});
/** A document with nothing in it. */
const EMPTY = '{"baton":1,"writes":7,"writers":[],"last":0,"leases":[]}';

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

Deno.test("Kubernetes: whoever writes first wins, and the others read again", async () => {
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

Deno.test("a clock that is missing, odd, or as old as a cache's answer is unknown", async () => {
  const found = [200, lease(EMPTY)] as const;
  for (const headers of [{ date: "" }, { date: "soon" }, { date: "1970-01-01T00:00:00Z" }]) {
    const error = await errorOf(k8s(), [[...found, headers]]);
    assert.match(error.message, /the answer has no Date/);
  }
  const error = await errorOf(k8s(), [[...found, { age: "0" }]]);
  assert.match(error.message, /a cache answered/);
  assert.equal(error.code, "unknown-outcome");
});

Deno.test("S3: each part of the credentials is one that a header takes", () => {
  const whole = { ...credentials, sessionToken: "a-session" };
  bucket({ credentials: whole });
  for (const part of Object.keys(whole)) {
    for (const wrong of ["", "a b", "a\n"]) {
      const odd = { ...whole, [part]: wrong };
      assert.throws(() => bucket({ credentials: odd }), InvalidArgument, `${part} ${wrong}`);
    }
  }
});

Deno.test("S3: an object that somebody else has made meanwhile is read again, and not tried any more", async () => {
  const error = await errorOf(bucket(), [NO_KEY, LOST, LOST, [403, xml("AccessDenied")]]);
  assert.equal(error.code, "unknown-outcome", error.message);
});

Deno.test("an error without an answer says whether there was a connection, and whether TLS began", async () => {
  const { fetch } = globalThis;
  const of = (code: string) =>
    new TypeError("s3cr3t", { cause: Object.assign(new Error(), { code }) });
  try {
    for (
      const [error, code, retryable, words] of [
        [of("ECONNREFUSED"), "connection", true, /\(no connection, ECONNREFUSED\); check the URL/],
        [of("ECONNRESET"), "unknown-outcome", true, /\(a broken connection, ECONNRESET\)/],
        [new TypeError("fetch failed"), "unknown-outcome", true, /\(a broken connection\)/],
        [
          new TypeError("x", { cause: new Error("self-signed certificate") }),
          "connection",
          false,
          /nothing was written .*; check whether the port speaks TLS/,
        ],
      ] as const
    ) {
      globalThis.fetch = () => Promise.reject(error);
      for (const driver of [k8s(), bucket()]) {
        const told = await batonErrorOf(driver.apply([acquire("lock:a")]));
        assert.deepEqual([told.code, told.retryable], [code, retryable], told.message);
        assert.match(told.message, words);
        assert.doesNotMatch(told.message, /s3cr3t/);
      }
    }
  } finally {
    globalThis.fetch = fetch;
  }
});

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

/** Where the first request of a URL goes, and with which credential. */
async function asked(driver: Driver): Promise<readonly [string, string | null]> {
  const [{ url, headers } = assert.fail()] = await wired([[500]], async () => {
    await batonErrorOf(driver.apply([inspect("x")]));
  });
  return [url.origin + url.pathname, headers.get("authorization")];
}

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

const credentials = { accessKeyId: "AKID", secretAccessKey: "s3cr3t" };
const bucket = (more: Partial<S3Options> = {}) =>
  s3({ url: "https://s3.example/bucket/key", credentials, ...more });
const xml = (code: string) => `<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`;
const ETAG = { etag: '"7"' };
const NO_KEY: Answer = [404, xml("NoSuchKey")];
const LOST: Answer = [412, xml("PreconditionFailed")];

Deno.test("S3: an object is read, made under two conditions, and replaced by its version", async () => {
  const op = acquire("lock:a");
  const made = await wired(
    [NO_KEY, LOST, [200, "", ETAG], LOST],
    () => bucket().apply([op]),
  );
  assert.deepEqual(
    made.map(({ method, headers, body }) => [
      ...[method, headers.get("if-match"), headers.get("if-none-match")],
      ...[headers.get("content-type"), body === '{"baton":0}'],
    ]),
    [
      ["GET", null, null, null, false],
      ["PUT", '"00000000000000000000000000000000"', null, "application/json", true],
      ["PUT", null, "*", "application/json", false],
      ["PUT", null, "*", "application/json", true],
    ],
  );
  assert.equal(JSON.parse(made[2]!.body).leases[0][1][0][1], op.id);
  const replaced = await wired(
    [[200, EMPTY, ETAG], [200, "", { etag: '"8"' }]],
    () => bucket().apply([op]),
  );
  assert.deepEqual(replaced[1]!.headers.get("if-match"), '"7"');
  assert.deepEqual(replaced[1]!.headers.get("if-none-match"), null);
  const all = [...made, ...replaced];
  for (const { url, headers } of all) {
    assert.equal(url.origin + url.pathname, "https://s3.example/bucket/key");
    assert.match(url.search, /^\?x-id=[\w-]+$/);
    assert.match(headers.get("authorization") ?? "", /^AWS4-HMAC-SHA256 Credential=AKID\//);
    assert.equal(headers.has("x-amz-security-token"), false);
  }
  assert.equal(new Set(made.map(({ url }) => url.search)).size, made.length);
});

Deno.test("S3: the region is the one given, or the host's, and a session's token goes along", async () => {
  for (
    const [url, region, signed] of [
      ["https://s3.eu-central-1.amazonaws.com/b/k", undefined, "eu-central-1"],
      ["https://s3.eu-central-1.amazonaws.com/b/k", "us-west-2", "us-west-2"],
      ["https://a.r2.cloudflarestorage.com/b/k", undefined, "auto"],
      ["https://s3.example/b/k", undefined, "us-east-1"],
    ] as const
  ) {
    const driver = bucket({ url, region, credentials: { ...credentials, sessionToken: "st" } });
    const [{ headers } = assert.fail()] = await wired(
      [[200, EMPTY, ETAG]],
      () => driver.apply([inspect("x")]),
    );
    assert.match(
      headers.get("authorization") ?? "",
      new RegExp(`/\\d{8}/${signed}/s3/aws4_request`),
    );
    assert.equal(headers.get("x-amz-security-token"), "st");
  }
});

Deno.test("S3: what lost is tried again, what S3 refuses is definite, and all else is unknown", async () => {
  const there: Answer = [200, EMPTY, ETAG];
  const denied: Answer = [403, xml("AccessDenied")];
  for (
    const [status, code] of [
      [412, "PreconditionFailed"],
      [404, "NoSuchKey"],
      [409, "ConditionalRequestConflict"],
      [409, "OperationAborted"],
    ] as const
  ) {
    const error = await errorOf(bucket(), [there, [status, xml(code)], denied]);
    assert.equal(error.code, "unknown-outcome", `${code}: ${error.message}`);
    assert.match(error.message, /A part of the batch was written|AccessDenied/);
  }
  const rows: [Answer[], string, boolean, RegExp][] = [
    ...[
      ...["AccessDenied", "AllAccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"],
      ...["InvalidToken", "ExpiredToken", "ExpiredAccessKeyId", "AuthorizationHeaderMalformed"],
      "RequestTimeTooSkewed",
    ].map((code) =>
      [[[403, xml(code)]], "unauthorized", false, /check the credentials/] as typeof rows[0]
    ),
    ...["NotImplemented", "InvalidArgument", "InvalidRequest", "MethodNotAllowed"].map((code) =>
      [[[400, xml(code)]], "connection", false, /no conditional writes/] as typeof rows[0]
    ),
    ...["SlowDown", "TooManyRequests"].map((code) =>
      [[[503, xml(code)]], "connection", true, /written too often/] as typeof rows[0]
    ),
    [[[404, xml("NoSuchBucket")]], "connection", false, /the bucket has to exist/],
    ...["XNoSuchBucket", "NotImplementedX", "XNotImplemented", "SlowDownX", "XSlowDown"].map((
      code,
    ) =>
      [
        [[400, xml(code)]],
        "unknown-outcome",
        true,
        new RegExp(`status 400: ${code}`),
      ] as typeof rows[0]
    ),
    [[[403, xml("XInvalidToken")]], "unknown-outcome", true, /XInvalidToken/],
    [[[400, `<Error><Code>SlowDown</Code></Error>`]], "connection", true, /too often/],
    [[[400, ` <Error><A>x</A><Code>SlowDown</Code></Error>`]], "connection", true, /too often/],
    [[[400, `<html>${xml("SlowDown")}`]], "unknown-outcome", true, /\(status 400\)/],
    [[[400, `<Error><Code>Slow Down</Code></Error>`]], "unknown-outcome", true, /\(status 400\)/],
    // Not a refusal, whatever it says.
    [[[200, xml("AccessDenied")]], "unknown-outcome", true, /status 200: AccessDenied/],
    [[[399, xml("AccessDenied")]], "unknown-outcome", true, /a redirect/],
    [[[400, xml("NoSuchKey")]], "unknown-outcome", true, /status 400: NoSuchKey/],
    [[[404, "not here"]], "unknown-outcome", true, /\(status 404\)/],
    [[[200, EMPTY]], "unknown-outcome", true, /\(status 200\)/],
    [[[206, EMPTY, ETAG]], "unknown-outcome", true, /\(status 206\)/],
    [[there, [200, ""]], "unknown-outcome", true, /\(status 200\)/],
    [[there, [201, "", ETAG]], "unknown-outcome", true, /\(status 201\)/],
    [[there, [412, "<html>"]], "unknown-outcome", true, /\(status 412\)/],
    [[there, [412, xml("PreconditionFailedX")]], "unknown-outcome", true, /status 412: Pre/],
    [[there, [409, xml("PreconditionFailed")]], "unknown-outcome", true, /status 409/],
  ];
  for (const [answers, code, retryable, words] of rows) {
    const error = await errorOf(bucket(), answers);
    assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
    assert.match(error.message, words);
  }
});

Deno.test("S3: a URL says the bucket, the key and the region, or the store that has it", async () => {
  const account = "AKID:s%2Fcr3t";
  for (
    const [url, parameters, where, region] of [
      [
        `s3://${account}@b/k`,
        "region=eu-west-1",
        "https://s3.eu-west-1.amazonaws.com/b/k",
        "eu-west-1",
      ],
      [
        `S3://${account}@b/a/k`,
        "endpoint=https://s.example/",
        "https://s.example/b/a/k",
        "us-east-1",
      ],
      [`s3://${account}@b/k`, "endpoint=https://s.example&region=x", "https://s.example/b/k", "x"],
    ] as const
  ) {
    const [place, who] = await asked(s3At({ url, parameters }));
    assert.equal(place, where);
    assert.match(who ?? "", new RegExp(`Credential=AKID/\\d{8}/${region}/s3/`));
  }
  for (
    const [url, parameters, token] of [
      ["s3://AKID:s3cr3t@b/k", "", undefined],
      ["s3://:s3cr3t@b/k", "region=x", undefined],
      ["s3://AKID@b/k", "region=x", undefined],
      ["s3://AKID:s3cr3t@b/", "region=x", undefined],
      ["s3://AKID:s3cr3t@b/k#x", "region=x", undefined],
      ["s3:AKID", "region=x", "s3cr3t"],
      ["s3://AKID:s3cr3t@b/k", "region=x y", undefined],
      ["s3://AKID:s3cr3t@b/k", `endpoint=https://${"x".repeat(512)}`, undefined],
    ] as const
  ) {
    assert.throws(() => s3At({ url, parameters, token }), (error: Error) => {
      assert.ok(error instanceof InvalidArgument, `${url}: ${error}`);
      assert.doesNotMatch(error.message, /s3cr3t/);
      return true;
    }, url);
  }
  await asked(s3At({ url: "s3://AKID@b/k", parameters: "region=x", token: "s3cr3t" }));
});
