import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../mod.ts";
import { Scene } from "./scene.ts";

Deno.test("a budget of requests ends with a clear error before the platform does, and sends no more", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold();
  const b = scene.member("b", { subrequests: 50 });
  const before = scene.sent.length;
  for (let look = 0; look < 50; look++) {
    assert.equal(await b.getLock("x").acquire({ timeout: 0 }), null);
  }
  for (const more of [() => b.getLock("x").acquire({ timeout: 0 }), () => b.getLeader("g")]) {
    await assert.rejects(more(), (error: Error) => {
      assert(error instanceof ConnectionError && !error.retryable);
      assert.match(error.message, /budget of 50 requests is used up, so this one was not sent/);
      return true;
    });
  }
  assert.equal(scene.sent.length - before, 50);
});

Deno.test("repetitions count, and what was left without an answer stays unknown", async () => {
  const scene = new Scene();
  const member = scene.member("a", { subrequests: 3 });
  const driver = member.getLock("x");
  scene.fates.push("lose-reply", "lose-reply", "lose-reply", "lose-reply");
  const trying = assert.rejects(driver.acquire({ timeout: 0 }), UnknownOutcome);
  await scene.runtime.advance(60_000);
  await trying;
  assert.equal(scene.sent.length, 3);
});

Deno.test("a budget that is no number of requests is refused", () => {
  for (const subrequests of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => new Scene().member("a", { subrequests }), InvalidArgument);
  }
});
