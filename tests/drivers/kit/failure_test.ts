/** What a failed request proves: whether it was sent at all. */

import assert from "node:assert/strict";
import { codeOf } from "../../../errors.ts";
import { failure } from "../../../drivers/kit/failure.ts";

const judge = () => ({
  ...{ said: "no answer", refused: false, unauthorized: false, mayPass: false },
  advice: "check the URL",
});

const codeAfter = (error: unknown) => codeOf(failure("driver", error, judge));

Deno.test("a port that the runtime blocks: nothing was sent, so it is a ConnectionError", async () => {
  for (const port of [1, 25, 6000]) {
    const error = await fetch(`http://127.0.0.1:${port}/`, { method: "POST" }).then(
      () => assert.fail("it was sent"),
      (error) => error,
    );
    assert.equal(codeAfter(error), "connection", String(error));
  }
});

Deno.test("what Node and Deno say of what they did not send is told from what may have arrived", () => {
  const caused = (cause: unknown) => new TypeError("fetch failed", { cause });
  const coded = (code: string) => Object.assign(new Error("x"), { code });
  for (
    const error of [
      caused(new Error("bad port")),
      caused(coded("ECONNREFUSED")),
      new Error("failed to lookup address information: Name or service not known"),
      caused(new AggregateError([], "", { cause: coded("ENOTFOUND") })),
      coded("ERR_INVALID_URL"),
      Object.assign(new Error("neon"), { sourceError: caused(coded("EAI_AGAIN")) }),
    ]
  ) {
    assert.equal(codeAfter(error), "connection", String(error.cause));
  }
  for (
    const error of [
      caused(coded("ECONNRESET")),
      caused(coded("UND_ERR_SOCKET")),
      caused(new Error("a bad port of call")),
      new TypeError("fetch failed"),
    ]
  ) {
    assert.equal(codeAfter(error), "unknown-outcome", String(error.cause));
  }
});

Deno.test("causes that go in circles end as an unknown outcome, and not as a RangeError", () => {
  const one = new Error("one");
  one.cause = new Error("two", { cause: one });
  assert.equal(codeAfter(one), "unknown-outcome");
});
