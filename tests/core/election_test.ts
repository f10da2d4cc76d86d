import assert from "node:assert/strict";
import { StaleToken } from "../../fencing/mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("campaigning again while leading costs nothing and reports nothing", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const first = await a.election("g").campaign();
  const before = scene.sent.length;
  assert.equal(await a.election("g").campaign(), first);
  assert.equal(scene.sent.length, before);
  assert.deepEqual(scene.happened, ["elected"]);
});

Deno.test("a leader that does not renew loses, is told so, and can win again in a later term", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const first = await a.election("g").campaign();
  await scene.runtime.advance(10_000);
  assert.equal(first?.signal.aborted, true);
  assert.deepEqual(scene.happened, ["elected", "leadership-lost", "lost"]);
  assert.equal(await b.getLeader("g"), null);
  const again = await a.election("g").campaign();
  assert(first && again && again.token > first.token);
});

Deno.test("lead renews while its work runs, then stands down and answers", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const work = Promise.withResolvers<string>();
  const leading = a.lead("g", () => work.promise);
  await scene.runtime.advance(45_000);
  assert.equal(await b.election("g").campaign(), null);
  work.resolve("done");
  assert.equal(await leading, "done");
  assert(await b.election("g").campaign());
  assert.deepEqual(scene.happened, ["elected", "stood-down", "elected"]);
});

Deno.test("two that lead take turns, never both at once, in growing terms", async () => {
  const scene = new Scene();
  const active = new Set<string>();
  const terms: number[] = [];
  const stop = new AbortController();
  const members = ["a", "b"].map((id) =>
    scene.member(id).lead(
      "g",
      async ({ term, signal }) => {
        assert.equal(active.size, 0);
        active.add(id);
        terms.push(term);
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve());
          scene.runtime.after(3_000, resolve);
        });
        active.delete(id);
        throw new Error("turn is over");
      },
      { signal: stop.signal },
    )
  );
  const ended = Promise.allSettled(members);
  await scene.runtime.advance(30_000);
  stop.abort();
  await scene.runtime.advance(10_000);
  await ended;
  assert.equal(terms.length, 2);
  assert.deepEqual(terms, [...terms].sort((x, y) => x - y));
});

Deno.test("lead campaigns again after a loss, once its work has stopped", async () => {
  const scene = new Scene();
  const terms: number[] = [];
  const stop = new AbortController();
  const leading = scene.member("a").lead("g", async ({ term, signal }) => {
    terms.push(term);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    signal.throwIfAborted();
  }, { signal: stop.signal });
  await scene.runtime.advance(1_000);
  await scene.backend.apply([{ op: "release", resource: "leader:g", seat: "" }]);
  await scene.runtime.advance(10_000);
  assert.equal(terms.length, 2);
  assert((terms[1] ?? 0) > (terms[0] ?? 0));
  assert(scene.happened.includes("leadership-lost"));
  stop.abort(new Error("shutdown"));
  await scene.runtime.advance(100);
  assert.equal(await leading, undefined);
  assert.equal(
    (await scene.backend.apply([{ op: "inspect", resource: "leader:g" }]))[0]?.leases.length,
    0,
  );
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("lead waits out an outage, and reports it", async () => {
  const scene = new Scene();
  scene.fates.push(...Array<"lose-request">(12).fill("lose-request"));
  const leading = scene.member("a").lead("g", ({ term }) => term);
  await scene.runtime.advance(20_000);
  assert(await leading);
  assert(scene.happened.includes("campaign-failed"));
});

Deno.test("a follower that is told to stop answers undefined, and sends nothing more", async () => {
  const scene = new Scene();
  await scene.member("a").election("g").campaign({ ttl: 60_000 });
  const stop = new AbortController();
  const following = scene.member("b").lead("g", () => assert.fail("led"), { signal: stop.signal });
  await scene.runtime.advance(12_000);
  stop.abort();
  assert.equal(await following, undefined);
  await settled();
  const before = scene.sent.length;
  await scene.runtime.advance(60_000);
  assert.equal(scene.sent.length, before);
});

Deno.test("the signal of lead tells a stopped process the truth at its first look", async () => {
  const scene = new Scene();
  const leader = Promise.withResolvers<AbortSignal>();
  const end = Promise.withResolvers<void>();
  const outer = new AbortController();
  const leading = scene.member("a").lead("g", async ({ signal }) => {
    leader.resolve(signal);
    await end.promise;
    outer.abort();
  }, { signal: outer.signal });
  const signal = await leader.promise;
  assert.equal(signal.aborted, false);
  scene.runtime.stop(10_000);
  assert.equal(signal.aborted, true);
  end.resolve();
  await leading;
});

Deno.test("work that passes on, in whatever wrapping, that it was told to stop, has stopped", async () => {
  for (
    const wrapped of [
      (reason: unknown) => reason,
      (_reason: unknown) => new DOMException("The operation was aborted", "AbortError"),
      (reason: unknown) =>
        new Error("the query was cancelled", { cause: new Error("x", { cause: reason }) }),
    ]
  ) {
    const scene = new Scene();
    const stop = new AbortController();
    const leading = scene.member("a").lead("g", ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(wrapped(signal.reason)));
      }), { signal: stop.signal });
    await settled();
    stop.abort(new Error("shutting down"));
    assert.equal(await leading, undefined);
    assert.equal(await scene.member("b").getLeader("g"), null);
  }
});

Deno.test("other errors of work that was told to stop are its caller's", async () => {
  const scene = new Scene();
  const stop = new AbortController();
  const leading = scene.member("a").lead("g", ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new TypeError("a bug")));
    }), { signal: stop.signal });
  const told = assert.rejects(leading, TypeError);
  await settled();
  stop.abort();
  await told;
});

Deno.test("a leader that its resource calls stale leads anew, in a later term", async () => {
  const scene = new Scene();
  const terms: number[] = [];
  const leading = scene.member("a").lead("g", ({ term }) => {
    terms.push(term);
    if (terms.length === 1) throw new StaleToken({ resource: "account:42", token: term });
    return term;
  });
  await scene.runtime.advance(99);
  assert.equal(terms.length, 1, "it campaigns again without a pause");
  await scene.runtime.advance(1);
  const last = await leading;
  assert.deepEqual(scene.happened, [
    "elected",
    "term-failed",
    "stood-down",
    "elected",
    "stood-down",
  ]);
  assert.equal(terms.length, 2);
  assert(last !== undefined && last === terms[1] && last > (terms[0] ?? 0));
});
