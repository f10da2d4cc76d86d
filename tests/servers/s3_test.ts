/** Whether the S3 front end does what is documented of signatures, conditions and dates. */
import assert from "node:assert/strict";
import { AwsClient } from "aws4fetch";
import { startS3 } from "./s3.ts";

/** The front end, and a client that is not ours. */
async function withS3(
  test: (
    on: {
      put(body: string, headers: Record<string, string>): Promise<{ status: number; text: string }>;
      get(key?: string): Promise<Response>;
      etag(): Promise<string>;
    },
  ) => Promise<void>,
  options: Parameters<typeof startS3>[0] = {},
): Promise<void> {
  const server = await startS3(options);
  const client = new AwsClient({
    ...server.keys,
    ...{ service: "s3", region: server.region, retries: 0 },
  });
  const at = (key: string): string => `${server.url}/${key}`;
  try {
    await test({
      async put(body, headers) {
        const response = await client.fetch(at("k"), { method: "PUT", body, headers });
        return { status: response.status, text: await response.text() };
      },
      get: (key = "k") => client.fetch(at(key)),
      async etag() {
        const response = await client.fetch(at("k"));
        await response.body?.cancel();
        return response.headers.get("etag") ?? "";
      },
    });
  } finally {
    await server.stop();
  }
}

Deno.test("an object is created once, and replaced by whoever names its version", () =>
  withS3(async ({ put, get, etag }) => {
    const missing = await put("x", { "if-match": '"0"' });
    assert.equal(missing.status, 404);
    assert.match(missing.text, /<Code>NoSuchKey<\/Code>/);
    assert.equal((await put("one", { "if-none-match": "*" })).status, 200);
    const again = await put("two", { "if-none-match": "*" });
    assert.equal(again.status, 412);
    assert.match(again.text, /<Code>PreconditionFailed<\/Code>/);
    const first = await etag();
    assert.equal((await put("three", { "if-match": first })).status, 200);
    assert.equal((await put("four", { "if-match": first })).status, 412);
    assert.equal(await (await get()).text(), "three");
    assert.equal((await put("five", {})).status, 200, "without a condition anybody may");
    // Amazon takes an ETag only for If-Match.
    assert.equal((await put("six", { "if-none-match": first })).status, 501);
  }));

Deno.test("of twenty that create or replace an object at once exactly one does", () =>
  withS3(async ({ put, etag }) => {
    const statuses = new Map<number, number>();
    for (let round = 0; round < 20; round++) {
      const condition: Record<string, string> = round === 0
        ? { "if-none-match": "*" }
        : { "if-match": await etag() };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => put(`${round} ${n}`, condition)),
      );
      const winners = answers.filter(({ status }) => status === 200);
      assert.equal(winners.length, 1, `round ${round}`);
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    assert.deepEqual([...statuses.keys()].sort(), [200, 409, 412]);
  }));

Deno.test("a server that ignores a condition lets all of them write", () =>
  withS3(async ({ put }) => {
    for (let n = 0; n < 3; n++) {
      assert.equal((await put("x", { "if-none-match": "*" })).status, 200);
    }
  }, { ignores: ["if-none-match"] }));

Deno.test("dates are whole seconds of the clock that it was given", () =>
  withS3(async ({ get }) => {
    const answer = await get();
    assert.equal(answer.status, 404);
    assert.match(await answer.text(), /<Code>NoSuchKey<\/Code>/);
    assert.equal(Date.parse(answer.headers.get("date") ?? ""), 1_800_000_000_000);
  }, { now: () => 1_800_000_000_999 }));

Deno.test("a wrong signature, key, region or bucket is refused, each by its own code", async () => {
  const server = await startS3();
  try {
    const right = { ...server.keys, service: "s3", region: server.region, retries: 0 };
    const refused = async (
      options: Partial<typeof right>,
      url: string,
      status: number,
      code: string,
      headers: Record<string, string> = {},
    ) => {
      const answer = await new AwsClient({ ...right, ...options }).fetch(url, { headers });
      assert.equal(answer.status, status);
      assert.match(await answer.text(), new RegExp(`<Code>${code}</Code>`));
    };
    const url = `${server.url}/k?x-id=1`;
    await refused({ secretAccessKey: "no" }, url, 403, "SignatureDoesNotMatch");
    await refused({ accessKeyId: "no" }, url, 403, "InvalidAccessKeyId");
    await refused({ region: "no" }, url, 400, "AuthorizationHeaderMalformed");
    await refused({}, url.replace("/leases/", "/other/"), 404, "NoSuchBucket");
    const answer = await fetch(url);
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /AccessDenied/);
  } finally {
    await server.stop();
  }
});
