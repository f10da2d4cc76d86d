/** One candidate's works never overlap, whether or not they listen. */

import assert from "node:assert/strict";
import { Scene } from "./scene.ts";

/** What takes leadership from somebody who works. */
const LOSSES: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  "another broke it": (scene) =>
    scene.backend.apply([{ op: "release", resource: "leader:g", seat: "" }]),
  "no renewal came through": async (scene) => {
    scene.fates.push(...Array<"lose-request">(200).fill("lose-request"));
    await scene.runtime.advance(10_000);
    scene.fates.length = 0;
  },
  "it slept": (scene) => Promise.resolve(scene.runtime.stop(60_000)),
};

/** Works that do not listen: each ends when it is let go. */
class DeafWork {
  /** How many went on at once, at most. */
  most = 0;
  /** How many have begun. */
  begun = 0;
  #running = 0;
  #end = (): void => {};

  /** The work. */
  readonly work = async (): Promise<void> => {
    this.begun++;
    this.most = Math.max(this.most, ++this.#running);
    await new Promise<void>((end) => this.#end = end);
    this.#running--;
  };

  /** Ends the latest. */
  end(): void {
    this.#end();
  }
}

for (const [what, lose] of Object.entries(LOSSES)) {
  Deno.test(`work that does not listen is waited for before a second term: ${what}`, async () => {
    const scene = new Scene();
    const works = new DeafWork();
    const stop = new AbortController();
    const leading = scene.member("a").lead("g", works.work, { signal: stop.signal });
    await scene.runtime.advance(1_000);
    await lose(scene);
    await scene.runtime.advance(120_000);
    assert.equal(works.begun, 1, "the first work had not ended");
    works.end();
    await scene.runtime.advance(60_000);
    assert.equal(works.begun, 2, "a second term came after it");
    assert.equal(works.most, 1);
    stop.abort();
    works.end();
    await scene.runtime.advance(60_000);
    await leading;
  });
}

Deno.test("work that is told to stop and does not listen is waited for, and nobody leads before", async () => {
  const scene = new Scene();
  const works = new DeafWork();
  const stop = new AbortController();
  let [ended, followed] = [false, false];
  const leading = scene.member("a").lead("g", works.work, { signal: stop.signal })
    .finally(() => ended = true);
  const next = scene.member("b").lead("g", () => void (followed = true));
  await scene.runtime.advance(1_000);
  stop.abort();
  await scene.runtime.advance(120_000);
  assert.deepEqual([ended, followed], [false, false]);
  works.end();
  await scene.runtime.advance(20_000);
  await Promise.all([leading, next]);
  assert.deepEqual([ended, followed, works.begun], [true, true, 1]);
});
