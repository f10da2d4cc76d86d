/** What stores over HTTP answer when no answer came at all. */

import assert from "node:assert/strict";
import { kubernetes } from "../../../drivers/document/kubernetes.ts";
import { s3 } from "../../../drivers/document/s3.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { acquire } from "../../conformance/operations.ts";

const credentials = { accessKeyId: "id", secretAccessKey: "s3cret" };
const STORES: Record<string, (url: string) => Driver> = {
  s3: (url) => s3({ url: `${url}/bucket/key`, credentials }),
  kubernetes: (url) => kubernetes({ url, token: "s3cret" }),
};

for (const [name, at] of Object.entries(STORES)) {
  Deno.test(`${name}: a port that does not speak TLS is named, and nothing was written`, async () => {
    let requests = 0;
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      requests++;
      return new Response("");
    });
    try {
      await assert.rejects(at(`https://127.0.0.1:${server.addr.port}`).apply([acquire("x")]), {
        code: "connection",
        message: /nothing was written .*check whether the port speaks TLS, and the certificate/,
      });
      assert.equal(requests, 0);
    } finally {
      await server.shutdown();
    }
  });
}
