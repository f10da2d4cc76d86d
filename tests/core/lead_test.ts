/** How long a follower waits, and what ends a candidacy. */

import assert from "node:assert/strict";
import { StaleToken } from "../../fencing/mod.ts";
import { ConnectionError, Coordinator, InvalidArgument, type Leadership } from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { meddling } from "./meddling.ts";
import { Scene } from "./scene.ts";

Deno.test("a follower leads as soon as a dead leader's time is over, but for some jitter", async () => {
  for (const [random, after] of [[0, 1], [0.5, 26], [0.98, 50]] as const) {
    const scene = new Scene();
    scene.runtime.random = () => random;
    await scene.member("a").election("g").campaign({ ttl: 2_000 });
    const start = scene.runtime.monoNow;
    const leading = scene.member("b").lead("g", () => scene.runtime.monoNow - start);
    await scene.runtime.advance(3_000);
    assert.equal(await leading, 2_000 + after);
  }
});

/** From each instant to the next. */
function steps(instants: readonly number[]): number[] {
  return instants.slice(1).map((at, n) => at - instants[n]!);
}

Deno.test("a candidate without an answer pauses twice as long each time, up to five seconds, less up to a tenth; an answer ends that", async () => {
  for (const [random, share] of [[0, 1], [0.5, 0.95]] as const) {
    const scene = new Scene();
    scene.runtime.random = () => random;
    await scene.member("b").election("g").campaign({ ttl: 600_000 });
    const asked: number[] = [];
    const wire = meddling(scene.wire, {
      before: () => {
        if (asked.push(scene.runtime.monoNow) === 7) return;
        throw new ConnectionError("no such user", { code: "unauthorized", retryable: false });
      },
    });
    const stop = new AbortController();
    const leading = scene.over(wire, "a").lead("g", () => {}, { signal: stop.signal });
    await scene.runtime.advance(24_100);
    stop.abort();
    await leading;
    const pauses = [500, 1_000, 2_000, 4_000, 5_000, 5_000].map((ms) => ms * share);
    // Another leads, for longer than it waits for that.
    assert.deepEqual(steps(asked), [...pauses, 5_001 + 50 * random, 500 * share, 1_000 * share]);
  }
});

Deno.test("a leader whose terms end by an error pauses twice as long after each, until one was long", async () => {
  const scene = new Scene();
  const begun: number[] = [];
  const leading = scene.member("a").lead("g", async ({ term }) => {
    begun.push(scene.runtime.monoNow);
    if (begun.length === 6) return "done";
    if (begun.length === 4) await new Promise<void>((go) => scene.runtime.after(5_001, go));
    throw new StaleToken({ resource: "r", token: term });
  });
  await scene.runtime.advance(10_000);
  assert.equal(await leading, "done");
  assert.deepEqual(steps(begun), [100, 200, 400, 5_001 + 100, 200]);
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

/** How the first work of a leader can end, and what is reported then, of it and of a second term. */
const ENDS: readonly (readonly [
  how: string,
  events: string,
  work: (scene: Scene, leading: Leadership, stop: AbortController) => unknown,
])[] = [
  ["it answers", "elected stood-down", () => "done"],
  ["it fails", "elected stood-down", () => Promise.reject(new TypeError("a bug"))],
  ["it was told to stop, and fails by that", "elected stood-down", async (_, { signal }, stop) => {
    stop.abort();
    await settled();
    signal.throwIfAborted();
  }],
  [
    "its resource has seen a later leader",
    "elected term-failed stood-down elected stood-down",
    (_, { term }) => Promise.reject(new StaleToken({ resource: "r", token: term })),
  ],
  [
    "its leadership is lost, and it fails by that",
    "elected leadership-lost lost elected stood-down",
    async (scene, { confirm }) => {
      await scene.backend.apply([{ op: "release", resource: "leader:g", seat: "" }]);
      await confirm();
    },
  ],
  [
    "its leadership is lost, and it answers all the same",
    "elected leadership-lost lost elected stood-down",
    async (scene, { confirm }) => {
      await scene.backend.apply([{ op: "release", resource: "leader:g", seat: "" }]);
      await confirm().catch(() => {});
    },
  ],
];

for (const [how, events, work] of ENDS) {
  Deno.test(`a leader's work ends, and no more is reported than has happened: ${how}`, async () => {
    const scene = new Scene();
    const stop = new AbortController();
    let terms = 0;
    const leading = scene.member("a").lead("g", (leadership) => {
      return ++terms > 1 ? "later" : work(scene, leadership, stop);
    }, { signal: stop.signal });
    const ended = leading.catch(() => {});
    await scene.runtime.advance(10_000);
    await ended;
    assert.equal(scene.happened.join(" "), events);
  });
}
