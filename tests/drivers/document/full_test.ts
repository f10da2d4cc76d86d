/**
 * How large a document may become in each store, and that nothing is written where there is no room.
 *
 * @module
 */

import assert from "node:assert/strict";
import { denoKv } from "../../../drivers/document/deno_kv.ts";
import { kubernetes } from "../../../drivers/document/kubernetes.ts";
import { r2 } from "../../../drivers/document/r2.ts";
import { s3 } from "../../../drivers/document/s3.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

/** Each store with a document of so many bytes in it; nothing may be written there. */
const FULL: Readonly<Record<string, readonly [most: number, open: (text: string) => Driver]>> = {
  r2: [8 * 2 ** 20, (text) =>
    r2({
      get: () => Promise.resolve({ etag: "7", text: () => Promise.resolve(text) }),
      put: (key) =>
        key.includes(".clock/")
          ? Promise.resolve({ uploaded: new Date() })
          : assert.fail("it was written"),
    })],
  "deno-kv": [9 * 64_000, (text) => {
    const bytes = new TextEncoder().encode(text);
    return denoKv({
      getMany: (keys) => {
        assert.equal(keys.length, 1 + 9);
        const part = (n: number) => bytes.slice(n * 64_000, (n + 1) * 64_000);
        return Promise.resolve(keys.map((_, n) => ({
          value: n === 0 ? Math.ceil(bytes.length / 64_000) : part(n - 1),
          versionstamp: "7",
        })));
      },
      atomic: () => assert.fail("it was written"),
    });
  }],
  s3: [8 * 2 ** 20, (text) =>
    answeredBy(
      s3({
        url: "https://s3.example/b/k",
        credentials: { accessKeyId: "id", secretAccessKey: "secret" },
      }),
      new Response(text, { headers: { etag: '"7"', date: new Date().toUTCString() } }),
    )],
  kubernetes: [251_000, (text) => {
    const annotations = { "baton/leases": text };
    const metadata = { uid: "u", resourceVersion: "7", annotations };
    return answeredBy(
      kubernetes({ url: "https://k8s.example" }),
      Response.json({ kind: "Lease", metadata }, { headers: { date: new Date().toUTCString() } }),
    );
  }],
};

/** A driver over HTTP that is answered so, once. */
function answeredBy(driver: Driver, response: Response): Driver {
  return {
    ...driver,
    apply: (...args) => {
      let asked = 0;
      const once = () => asked++ === 0 ? Promise.resolve(response) : assert.fail("written");
      return whileFetchIs(once, () => driver.apply(...args));
    },
  };
}

for (const [name, [most, open]] of Object.entries(FULL)) {
  Deno.test(`${name}: a document of ${most} bytes has room for what is there, and for nothing more`, async () => {
    const now = Date.now();
    const row = ["", "id", 7, "x".repeat(most - 1_500), null, null];
    const text = JSON.stringify({
      ...{ baton: 1, writes: 7, writers: ["a"], last: now, leases: [["lock:a", [row]]] },
    });
    assert.equal((await open(text).apply([inspect("lock:a")]))[0]?.leases.length, 1);
    await assert.rejects(open(text).apply([acquire("lock:b", { value: "y".repeat(2_000) })]), {
      code: "connection",
      message: new RegExp(`and ${most - 1_000} is the most that fits, so nothing was written`),
    });
  });
}
