/**
 * A call that is aborted on its way is unknown, whatever the reason looks like, on each way to a backend
 * that a test can put itself on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { kubernetes } from "../../drivers/document/kubernetes.ts";
import { r2 } from "../../drivers/document/r2.ts";
import { s3 } from "../../drivers/document/s3.ts";
import type { Driver } from "../../drivers/driver.ts";
import { durableObject } from "../../drivers/durable_object/durable_object.ts";
import { d1, type D1Statement } from "../../drivers/sqlite/d1.ts";
import { libsql } from "../../drivers/sqlite/libsql.ts";
import { turso } from "../../drivers/sqlite/turso.ts";
import { ConnectionError } from "../../errors.ts";
import { acquire } from "../conformance/operations.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

const never = (): Promise<never> => new Promise(() => {});

/** What is asked and never answers; an abort ends it where the way takes a signal. */
async function hangs(_url: unknown, init?: { signal?: AbortSignal | null }): Promise<never> {
  const { signal } = init ?? {};
  // It may come before the request, which is signed at leisure.
  signal?.throwIfAborted();
  return await new Promise((_, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
  );
}

const statement: D1Statement = { bind: () => statement };
const credentials = { accessKeyId: "id", secretAccessKey: "secret" };

const WAYS: Readonly<Record<string, Driver>> = {
  "durable-object": durableObject({ idFromName: (name) => name, get: () => ({ fetch: hangs }) }),
  d1: d1({ prepare: () => statement, batch: never }),
  libsql: libsql(never),
  turso: turso({ url: "https://db.example" }),
  s3: s3({ url: "https://s3.example/b/k", credentials }),
  r2: r2({ get: never, put: never }),
  kubernetes: kubernetes({ url: "https://k8s.example", token: "t" }),
};

const REASONS = [
  undefined,
  new Error("enough"),
  Object.assign(new Error("another server's"), { code: "ECONNREFUSED" }),
  new ConnectionError("Another backend was not reached"),
];

for (const [name, driver] of Object.entries(WAYS)) {
  Deno.test(`${name}: an abort on the way is unknown, whatever its reason looks like`, async () => {
    await whileFetchIs(hangs as typeof fetch, async () => {
      for (const reason of REASONS) {
        const stop = new AbortController();
        let sent = 0;
        const call = driver.apply([acquire("lock:a")], {
          signal: stop.signal,
          beforeRequest: () => void sent++,
        });
        call.catch(() => {});
        while (sent === 0) await new Promise((resolve) => setTimeout(resolve));
        // It is on its way.
        await new Promise((resolve) => setTimeout(resolve));
        stop.abort(reason);
        await assert.rejects(call, { code: "unknown-outcome", retryable: true });
      }
    });
  });
}

Deno.test("libsql: a function that sends receives the call's signal", async () => {
  const { signal } = new AbortController();
  const given: unknown[] = [];
  const driver = libsql((_, ...rest) => (given.push(...rest), Promise.reject(new Error("no"))));
  await assert.rejects(driver.apply([acquire("lock:a")], { signal }));
  assert.deepEqual(given.map((each) => each === signal), [true]);
});
