/**
 * What goes to S3, field by field, and what each of its answers means: with answers that the test chooses.
 *
 * @module
 */

import assert from "node:assert/strict";
import { s3, type S3Options } from "../../../drivers/document/s3.ts";
import { s3At } from "../../../drivers/document/s3_url.ts";
import { InvalidArgument } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { type Answer, asked, EMPTY, errorOf, unanswered, wired } from "./wired.ts";

const credentials = { accessKeyId: "AKID", secretAccessKey: "s3cr3t" };
const bucket = (more: Partial<S3Options> = {}) =>
  s3({ url: "https://s3.example/bucket/key", credentials, ...more });
const xml = (code: string) => `<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`;
const ETAG = { etag: '"7"' };
const NO_KEY: Answer = [404, xml("NoSuchKey")];
const LOST: Answer = [412, xml("PreconditionFailed")];

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

Deno.test("S3: an error without an answer says whether there was a connection, and whether TLS began", () =>
  unanswered(bucket()));

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
