/**
 * Tokens and keys that a function gives: what it cannot give now, it may give later.
 *
 * @module
 */

import assert from "node:assert/strict";
import { kubernetes, type KubernetesOptions } from "../../../drivers/document/kubernetes.ts";
import { s3, type S3Options } from "../../../drivers/document/s3.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { codeOf, ConnectionError, type CoordinationError } from "../../../errors.ts";
import { batonErrorOf, shown } from "../../tools/shown.ts";
import { acquire } from "../../conformance/operations.ts";
import { Scene } from "../../core/scene.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

/** What stands in the text of each failure. */
const SECRET = "s3cr3t-4711";

/** A driver whose token or credentials this function gives. */
type By = (give: () => unknown) => Driver;

const BY: Readonly<Record<string, By>> = {
  kubernetes: (give) =>
    kubernetes({ url: "https://k.invalid", token: give as KubernetesOptions["token"] }),
  s3: (give) => s3({ url: "https://s.invalid/b/k", credentials: give as S3Options["credentials"] }),
};

/** What a function may do instead of giving a token or keys, and what is said of it. */
const FAILURES: Readonly<Record<string, readonly [give: () => unknown, said: RegExp]>> = {
  "returns nothing": [() => undefined, /returned none that can be used/],
  "returns an empty text": [() => "", /returned none that can be used/],
  "returns a line too many": [() => `${SECRET}\n`, /returned none that can be used/],
  "returns keys that are empty": [
    () => ({ accessKeyId: "", secretAccessKey: SECRET }),
    /returned none that can be used/,
  ],
  "throws": [
    () => {
      throw new Error(`the account ${SECRET} is not known`);
    },
    /failed$/,
  ],
  "finds no file": [
    () => Promise.reject(Object.assign(new Error(`/run/${SECRET}`), { code: "ENOENT" })),
    /failed with ENOENT$/,
  ],
  "fails with what is no code": [
    () => Promise.reject(Object.assign(new Error("x"), { code: `ENOENT ${SECRET}` })),
    /failed$/,
  ],
  "fails with what ends like a code": [
    () => Promise.reject(Object.assign(new Error("x"), { code: `${SECRET} ENOENT` })),
    /failed$/,
  ],
};

/** Runs a test in which nothing may be sent. */
function withoutFetch(test: () => Promise<void>): Promise<void> {
  return whileFetchIs(() => assert.fail("something was sent"), test);
}

for (const [name, by] of Object.entries(BY)) {
  for (const [what, [give, said]] of Object.entries(FAILURES)) {
    Deno.test(`${name}: a function for secrets that ${what} is an outage, which says nothing of them`, () =>
      withoutFetch(async () => {
        const error = await batonErrorOf(by(give).apply([acquire("lock:a")]));
        assert.ok(error instanceof ConnectionError, `${error}`);
        assert.deepEqual([error.code, error.retryable], ["unauthorized", true]);
        assert.match(error.message, new RegExp(`^${name} has no .*, so nothing was sent`));
        assert.match(error.message, said);
        assert.ok(!shown(error).includes(SECRET), shown(error));
      }));
  }

  Deno.test(`${name}: who leads waits until a function for secrets can give them again`, () =>
    withoutFetch(async () => {
      const scene = new Scene();
      const baton = scene.over(by(() => ""), "a");
      let ended = false;
      const led = baton.lead("g", () => assert.fail("it led")).finally(() => ended = true);
      await scene.runtime.advance(60_000);
      assert.equal(ended, false);
      assert.ok(scene.happened.filter((type) => type === "campaign-failed").length > 5);
      await baton.stop();
      assert.equal(await led, undefined);
      assert.equal(scene.runtime.timers, 0);
    }));

  Deno.test(`${name}: a mistake in a function for secrets is one, and no outage`, () =>
    withoutFetch(async () => {
      const account: { token?: { text: string } } = {};
      const error: CoordinationError = await batonErrorOf(
        by(() => account.token!.text).apply([acquire("lock:a")]),
      );
      assert.equal(error.code, "misuse");
      assert.match(
        error.message,
        /^Cannot use this function for the (token|credentials): Cannot read/,
      );
    }));

  Deno.test(`${name}: a function for secrets that never answers does not outlive an abort`, () =>
    withoutFetch(async () => {
      const stop = new AbortController();
      const call = by(() => new Promise(() => {})).apply([acquire("lock:a")], {
        signal: stop.signal,
      });
      const reason = new Error("enough");
      stop.abort(reason);
      await assert.rejects(call, (error) => error === reason && codeOf(error) === undefined);
    }));
}
