/** How long a follower waits, and what ends a candidacy. */

import assert from "node:assert/strict";
import { Coordinator, InvalidArgument } from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { meddling } from "./meddling.ts";
import { Scene } from "./scene.ts";

Deno.test("a follower leads as soon as a dead leader's time is over", async () => {
  const scene = new Scene();
  await scene.member("a").election("g").campaign({ ttl: 2_000 });
  const start = scene.runtime.monoNow;
  let took = NaN;
  const leading = scene.member("b").lead("g", () => took = scene.runtime.monoNow - start);
  await scene.runtime.advance(3_000);
  await leading;
  // Not before, and then at once, but for some jitter.
  assert(took >= 2_000 && took < 2_500, `${took}`);
});

Deno.test("a follower notices within five seconds that a leader has stood down", async () => {
  const scene = new Scene();
  const a = scene.member("a").election("g");
  await a.campaign({ ttl: 600_000 });
  const leading = scene.member("b").lead("g", () => "led");
  await scene.runtime.advance(100);
  await a.standDown();
  await scene.runtime.advance(5_000);
  assert.equal(await leading, "led");
});

Deno.test("work that ends after its leadership was lost has not led, and leads again", async () => {
  const scene = new Scene();
  const terms: number[] = [];
  const leading = scene.member("a").lead("g", async ({ term, signal }) => {
    terms.push(term);
    if (terms.length > 1) return "in time";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return "too late";
  });
  await settled();
  await scene.backend.apply([{ op: "release", resource: "leader:g", seat: "" }]);
  await scene.runtime.advance(10_000);
  assert.equal(await leading, "in time");
  assert(terms.length === 2 && terms[0]! < terms[1]!);
});

Deno.test("what is wrong in the program itself ends a candidacy at once", async () => {
  const scene = new Scene();
  const refused = new InvalidArgument("no such option");
  const wire = meddling(scene.wire, {
    before: () => {
      throw refused;
    },
  });
  const a = new Coordinator(wire, { memberId: "a", ttl: 10_000, runtime: scene.runtime });
  const leading = a.lead("g", () => assert.fail("it led")).then(() => "ended", (error) => error);
  await scene.runtime.advance(60_000);
  assert.equal(await Promise.race([leading, "still waiting"]), refused);
});

Deno.test("to stand down after a loss is told neither as a success nor as an event", async () => {
  const scene = new Scene();
  const election = scene.member("a").election("g");
  await election.campaign();
  await scene.runtime.advance(10_000);
  assert.equal(await election.standDown(), false);
  assert.deepEqual(scene.happened.sort(), ["elected", "leadership-lost", "lost"]);
});

Deno.test("work that passes on the reason it was stopped for has stopped", async () => {
  const scene = new Scene();
  const controller = new AbortController();
  const leading = scene.member("a").lead("g", async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw signal.reason;
  }, { signal: controller.signal });
  await settled();
  controller.abort("a word of our own");
  assert.equal(await leading, undefined);
});

Deno.test("a leader can ask whether its term goes on, and is told when it does not", async () => {
  const scene = new Scene();
  const told: unknown[] = [];
  const leading = scene.member("a").lead("g", async ({ confirm }) => {
    told.push(await confirm());
    if (told.length > 1) return "led";
    await scene.backend.apply([{ op: "release", resource: "leader:g", seat: "" }]);
    await confirm().catch((error) => {
      told.push(error.code);
      throw error;
    });
  });
  await scene.runtime.advance(10_000);
  assert.equal(await leading, "led");
  assert.deepEqual(told, [undefined, "lease-lost", undefined]);
});

Deno.test("a stand-down that fails takes nothing back from what was led", async () => {
  const scene = new Scene();
  const leading = scene.member("a").lead("g", () => {
    scene.fates.push(...Array<"lose-request">(50).fill("lose-request"));
    return "led";
  });
  await scene.runtime.advance(60_000);
  assert.equal(await leading, "led");
  assert(scene.happened.includes("release-failed"), `${scene.happened}`);
});
