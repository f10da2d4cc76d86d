/** In `once` a slot that has begun is used up, however its run ends. */

import assert from "node:assert/strict";
import type { Coordinator, Run, SlotOptions } from "../../mod.ts";
import { Scene } from "./scene.ts";

type Ending = (
  scene: Scene,
  a: Coordinator,
  run: (
    work: (run: Run) => unknown,
    options?: Partial<SlotOptions>,
  ) => Promise<unknown>,
) => Promise<unknown>;

/** Never ends by itself, but passes on why its signal aborted. */
const listening = ({ signal }: Run): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** Never heeds its signal. */
const deaf = (scene: Scene) => (): Promise<string> =>
  new Promise((done) => scene.runtime.after(30_000, () => done("at last")));

const ENDINGS: Readonly<Record<string, Ending>> = {
  "it was done": (_scene, _a, run) => run(() => "done"),
  "it threw": (_scene, _a, run) => run(() => Promise.reject(new Error("boom"))),
  "it threw nothing": (_scene, _a, run) => run(() => Promise.reject(undefined)),
  "its caller's signal aborted, and it stopped": async (scene, _a, run) => {
    const stop = new AbortController();
    const running = run(listening, { signal: stop.signal });
    await scene.runtime.advance(100);
    stop.abort(new Error("enough"));
    await running;
  },
  "its caller's signal aborted, and it went on": async (scene, _a, run) => {
    const stop = new AbortController();
    const running = run(deaf(scene), { signal: stop.signal });
    await scene.runtime.advance(100);
    stop.abort(new Error("enough"));
    await scene.runtime.advance(30_000);
    await running;
  },
  "its maxRuntime was over": async (scene, _a, run) => {
    const running = run(listening, { maxRuntime: 1_000 });
    await scene.runtime.advance(1_000);
    await running;
  },
  "its ttl was over, which told it to stop": async (scene, _a, run) => {
    const running = run(listening, { ttl: 1_000 });
    await scene.runtime.advance(1_000);
    await running;
  },
  "its coordinator was stopped meanwhile": async (scene, a, run) => {
    await a.start();
    const running = run(deaf(scene));
    await scene.runtime.advance(100);
    await a.stop();
    await scene.runtime.advance(30_000);
    await running;
  },
  "what kept others away was lost": async (scene, _a, run) => {
    const running = run(listening, { skipIfRunning: true });
    await scene.runtime.advance(100);
    await scene.backend.apply([{ op: "release", resource: "cron:j", seat: "running" }]);
    await scene.runtime.advance(10_000);
    await running;
  },
};

for (const [what, end] of Object.entries(ENDINGS)) {
  for (const record of [false, true]) {
    Deno.test(`a slot in once is not free again when ${what}${record ? ", recorded" : ""}`, async () => {
      const scene = new Scene();
      const a = scene.member("a");
      const slot = scene.runtime.wallNow;
      let runs = 0;
      await end(
        scene,
        a,
        (work, options) =>
          a.cron("j").run({ slot, record, ...options }, (run) => {
            runs++;
            return work(run);
          }).catch(() => {}),
      );
      await scene.runtime.advance(60_000);
      await Promise.all(scene.runtime.background);
      for (const each of [a, scene.member("b")]) {
        const again = await each.cron("j").run({ slot }, () => assert.fail("it ran again"));
        assert(again.outcome === "skipped" && again.reason === "taken");
      }
      assert.equal(runs, 1);
    });
  }
}
