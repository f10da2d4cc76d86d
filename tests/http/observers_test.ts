/** What an observer or the platform does wrong costs no answer: `on`, and `waitUntil`. */

import assert from "node:assert/strict";
import { cronEndpoint, heartbeatEndpoint, leaderOnly, withLock } from "../../http/mod.ts";
import { type Coordinator, systemRuntime } from "../../mod.ts";
import { settled } from "../core/fake_runtime.ts";
import { Scene } from "../core/scene.ts";
import { problemOf, request, SECRET, trigger } from "./ask.ts";

const scheduled = { secret: SECRET, every: 3_600_000 };
const ok = (): Response => new Response("ok");
const boom = (): never => {
  throw new Error("the collector is down");
};

/** Each way to fail; an unhandled rejection would fail the test. */
const FAILURES: Record<string, () => unknown> = {
  throws: boom,
  rejects: () => Promise.reject(new Error("the collector is down")),
  "throws nothing": () => {
    throw undefined;
  },
  "answers a thenable that throws": () => ({ then: boom }),
};

for (const [how, fails] of Object.entries(FAILURES)) {
  Deno.test(`an observer that ${how} changes no handler's answer`, async () => {
    const scene = new Scene();
    let told = 0;
    const on = (): void => {
      told++;
      return fails() as void;
    };
    const baton = scene.member("a", { on });
    assert.equal((await withLock(baton, "x", {}, ok)(request())).status, 200);
    const leader = leaderOnly(baton, "g", { campaign: true }, ok);
    assert.equal((await leader(request())).status, 200);
    assert.equal((await heartbeatEndpoint(baton, { secret: SECRET })(trigger())).status, 200);
    const failing = cronEndpoint(baton, "j", () => Promise.reject(new RangeError("x")), scheduled);
    const said = await problemOf(await failing(trigger()));
    assert.deepEqual([said.status, said.error], [500, "RangeError"]);
    // In a preview it is told of that as well.
    const env = { VERCEL_ENV: "preview" };
    const preview = cronEndpoint(baton, "k", () => {}, { ...scheduled, env });
    assert.equal((await preview(trigger())).status, 200);
    const losing = withLock(baton, "y", {}, async (_request, { lease }) => {
      await scene.member("b").getLock("y").break();
      await lease.confirm();
      return ok();
    });
    assert.equal((await losing(request())).status, 503);
    scene.fates.push(...Array<"lose-request">(10).fill("lose-request"));
    const lost = withLock(baton, "z", {}, ok)(request());
    await scene.runtime.advance(30_000);
    assert.equal((await lost).status, 503);
    assert(told > 0);
  });

  Deno.test(`a waitUntil that ${how} changes no handler's answer`, async () => {
    const ask = async (baton: Coordinator): Promise<void> => {
      for (const streams of [false, true]) {
        const answer = await withLock(baton, "x", { streams }, ok)(request());
        assert.equal(await answer.text(), "ok");
      }
    };
    const scene = new Scene();
    // The platform's, and that of a runtime of the user's own.
    const { waitUntil } = systemRuntime({ waitUntil: fails });
    for (const each of [waitUntil, fails]) {
      scene.runtime.waitUntil = each as () => void;
      await ask(scene.member("a"));
      // What was perhaps granted is released behind the caller's back, who gets the 503.
      scene.fates.push("lose-reply", "lose-request", "lose-request", "lose-request");
      const lost = withLock(scene.member("a"), "y", {}, ok)(request());
      await scene.runtime.advance(30_000);
      assert.equal((await problemOf(await lost)).code, "unknown-outcome");
      await settled();
      assert(await scene.member("b").getLock("y").acquire({ timeout: 0 }));
      await scene.runtime.advance(10_000);
    }
  });
}

Deno.test("a waitUntil that was taken from its object costs nothing", async () => {
  class Context {
    readonly #works: Promise<void>[] = [];
    /** Refuses to be called without its object, as Workers' does. */
    waitUntil(work: Promise<void>): void {
      this.#works.push(work);
    }
  }
  const { waitUntil } = new Context();
  const scene = new Scene();
  scene.runtime.waitUntil = systemRuntime({ waitUntil }).waitUntil;
  let charged = 0;
  const answer = await withLock(scene.member("a"), "x", {}, () => {
    charged++;
    return ok();
  })(request());
  assert.deepEqual([answer.status, charged], [200, 1]);
  assert(await scene.member("b").getLock("x").acquire({ timeout: 0 }));
});
