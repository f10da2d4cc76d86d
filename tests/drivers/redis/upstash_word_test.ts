/**
 * A token that looks like any word.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError } from "../../../errors.ts";
import { upstash } from "../../../drivers/redis/upstash.ts";
import { shown } from "../../tools/shown.ts";

Deno.test("a token that is a plain word is not repeated either, whatever a server says", async () => {
  const token = "swordfish";
  const real = globalThis.fetch;
  globalThis.fetch = () =>
    Promise.resolve(
      new Response(JSON.stringify({ error: `NOAUTH nobody is let in by ${token} here` }), {
        status: 401,
      }),
    );
  try {
    const driver = upstash({ url: "https://x.upstash.io", token });
    const call = driver.apply([{ op: "inspect", resource: "r" }]);
    const error = await call.then(() => assert.fail("it succeeded"), (error: unknown) => error);
    assert(error instanceof ConnectionError && error.code === "unauthorized");
    assert.match(error.message, /nobody is let in/);
    assert(!shown(error).includes(token), shown(error));
  } finally {
    globalThis.fetch = real;
  }
});
