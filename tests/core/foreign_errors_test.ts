/** Drivers that throw what is not Baton's, or errors of another copy of the package. */

import assert from "node:assert/strict";
import { codeOf, Coordinator, isOutage, isUnknown, UnknownOutcome } from "../../mod.ts";
import type { Driver } from "../../drivers/driver.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** The error classes of another copy of this package. */
async function anotherCopy(): Promise<typeof import("../../errors.ts")> {
  const source = new URL("../../errors.ts", import.meta.url);
  return await import(`${source.href}?another-copy`);
}

/** A coordinator over a driver that does the work and then throws, so often. */
function failing(scene: Scene, times: number, error: () => unknown): Coordinator {
  let left = times;
  const driver: Driver = {
    ...scene.wire,
    async apply(ops, options) {
      const outcomes = await scene.wire.apply(ops, options);
      if (left-- > 0) throw error();
      return outcomes;
    },
  };
  const { runtime } = scene;
  return new Coordinator(driver, { memberId: "a", ttl: 10_000, runtime });
}

Deno.test("a driver does its work and then throws TypeError: the lock is acquired by replay, with one holder", async () => {
  const scene = new Scene();
  const a = failing(scene, 2, () => new TypeError("fetch failed"));
  const acquiring = a.getLock("x").acquire({ timeout: 0 });
  await scene.runtime.advance(1_000);
  assert.equal((await acquiring)?.held, true);
  assert.equal((await a.getLock("x").holders()).length, 1);
});

Deno.test("a driver does its work and then throws TypeError: a cron slot runs once, and is known to have run", async () => {
  const scene = new Scene();
  const a = failing(scene, 1, () => new TypeError("fetch failed"));
  let runs = 0;
  const running = a.cron("j").run({ slot: scene.runtime.wallNow }, () => ++runs);
  await scene.runtime.advance(1_000);
  assert.equal((await running).outcome, "ran");
  const again = await a.cron("j").run({ slot: scene.runtime.wallNow - 1_000 }, () => ++runs);
  assert.deepEqual([again.outcome, runs], ["skipped", 1]);
});

for (const thrown of [undefined, null, "text", { code: "unauthorized" }, new DOMException("x")]) {
  Deno.test(`whatever is thrown that is not Baton's is an unknown outcome: ${String(thrown)}`, async () => {
    const scene = new Scene();
    const acquiring = failing(scene, 99, () => thrown).getLock("x").acquire({ timeout: 0 });
    const failed = assert.rejects(acquiring, (error) => isUnknown(error) && isOutage(error));
    await scene.runtime.advance(20_000);
    await failed;
    await Promise.all(scene.runtime.background);
    assert.equal(scene.sent.flat().filter(({ op }) => op === "acquire").length, 4);
    assert.equal((await scene.member("b").getLock("x").holders()).length, 0, "nobody gave it back");
  });
}

Deno.test("a driver bundled with its own copy of the package is retried and cleaned up after like ours", async () => {
  const other = await anotherCopy();
  assert.notEqual(other.UnknownOutcome, UnknownOutcome);
  const sends: number[] = [];
  for (
    const error of [
      () => new UnknownOutcome("no reply"),
      () => new other.UnknownOutcome("no reply"),
    ]
  ) {
    const scene = new Scene();
    const acquiring = failing(scene, 4, error).getLock("x").acquire({ timeout: 0 });
    const failed = assert.rejects(acquiring, { code: "unknown-outcome" });
    await scene.runtime.advance(20_000);
    await failed;
    await Promise.all(scene.runtime.background);
    assert.deepEqual(await scene.member("b").getLock("x").holders(), []);
    sends.push(scene.sent.length);
  }
  assert.equal(sends[0], sends[1]);
});

Deno.test("lead() waits through an outage that a driver of another copy reports", async () => {
  const other = await anotherCopy();
  const scene = new Scene();
  const a = failing(scene, 8, () => new other.ConnectionError("refused", { code: "unauthorized" }));
  const leading = a.lead("g", ({ term }) => term);
  await scene.runtime.advance(60_000);
  assert.equal(typeof await leading, "number");
});

Deno.test("an error of another copy is told by its code, and one that only looks like ours is not", async () => {
  const other = await anotherCopy();
  assert.equal(codeOf(new other.LeaseLost("gone")), "lease-lost");
  assert.equal(codeOf({ code: "lease-lost", message: "gone" }), undefined);
  await settled();
});
