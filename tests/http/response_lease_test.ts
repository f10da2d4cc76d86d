/**
 * Whatever becomes of a response, its lock does not outlive it for long: nothing between the grant and
 * the end of the response may leave it renewed.
 */

import assert from "node:assert/strict";
import { Hono } from "hono";
import { timeout } from "hono/timeout";
import * as hono from "../../http/hono.ts";
import { leaderOnly, type LockOptions, withLock } from "../../http/mod.ts";
import { type Coordinator, InvalidArgument, type Lease } from "../../mod.ts";
import { settled } from "../core/fake_runtime.ts";
import { Scene } from "../core/scene.ts";
import { request } from "./ask.ts";

const TTL = 10_000;
const never = (): Promise<never> => new Promise(() => {});

async function free(scene: Scene): Promise<boolean> {
  const lease = await scene.member("z").getLock("x").acquire({ timeout: 0 });
  await lease?.release();
  return lease !== null;
}

/** A body that ends when it is told to. */
function endless(cancel: () => void | Promise<void> = () => {}): Response {
  return new Response(new ReadableStream<Uint8Array>({ cancel }));
}

/** Asks a handler under lock "x"; also gives what leases it got. */
function asking(
  baton: Coordinator,
  options: LockOptions,
  handler: () => Response | Promise<Response>,
  init: RequestInit = {},
): { answer: Promise<Response>; leases: Lease[] } {
  const leases: Lease[] = [];
  const handle = withLock(baton, "x", options, (_request, { lease }) => {
    leases.push(lease);
    return handler();
  });
  return { answer: handle(request("/", init)), leases };
}

for (const streams of [false, true]) {
  const how = streams ? "a stream under the lock" : "a plain answer";

  Deno.test(`${how}: a handler that answers what is no fresh response leaves the lock free at once`, async () => {
    const used = async (): Promise<Response> => {
      const response = new Response("read already");
      await response.text();
      return response;
    };
    const locked = (): Response => {
      const response = new Response("read by another");
      response.body?.getReader();
      return response;
    };
    const odd = [undefined, null, "text", 42, {}, { body: {} }].map((each) => () =>
      each as unknown as Response
    );
    for (const handler of [used, locked, () => Response.error(), ...odd]) {
      const scene = new Scene();
      const { answer, leases } = asking(scene.member("a"), { streams }, handler);
      await answer.catch((error: unknown) => assert(error instanceof TypeError, `${error}`));
      assert.equal(leases[0]?.held, false);
      assert(await free(scene), `${handler}`);
      assert.equal(scene.runtime.timers, 0);
    }
  });

  Deno.test(`${how}: what a handler answers goes through as it is, for the platform to judge`, async () => {
    const scene = new Scene();
    const used = new Response("read already");
    await used.text();
    for (const each of [used, undefined as unknown as Response, new Response(null)]) {
      const { answer } = asking(scene.member("a"), { streams }, () => each);
      assert.equal(await answer, each);
    }
  });
}

Deno.test("an answer that is dropped, neither read nor cancelled, loses the lock within four ttls", async () => {
  for (const heartbeat of [false, true]) {
    const scene = new Scene();
    const baton = scene.member("a");
    await baton.start({ heartbeat });
    const { answer, leases } = asking(baton, { streams: true }, () => endless());
    await answer;
    await scene.runtime.advance(2 * TTL);
    assert(leases[0]?.held);
    assert.equal(await free(scene), false);
    await scene.runtime.advance(TTL);
    // Whoever works for it hears of it before another can have it.
    assert(leases[0]?.signal.aborted);
    assert.equal(await free(scene), false);
    await scene.runtime.advance(TTL);
    assert(await free(scene));
    await baton.stop();
    assert.equal(scene.runtime.timers, 0);
  }
});

Deno.test("an answer that is read in part and then dropped loses the lock as well", async () => {
  const scene = new Scene();
  const body = (): Response =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(1)),
      }),
    );
  const { answer, leases } = asking(scene.member("a"), { streams: true }, body);
  const reader = (await answer).body?.getReader();
  for (let read = 0; read < 5; read++) {
    await scene.runtime.advance(2 * TTL);
    await reader?.read();
    assert(leases[0]?.held, `${read}`);
  }
  await scene.runtime.advance(4 * TTL);
  assert.equal(leases[0]?.held, false);
  assert(await free(scene));
  // It may be read on, without the lock.
  assert.equal((await reader?.read())?.done, false);
  await reader?.cancel();
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("a reader that waits for a slow source keeps the lock, however long", async () => {
  const scene = new Scene();
  const { answer, leases } = asking(scene.member("a"), { streams: true }, () => endless());
  const text = (await answer).text();
  await scene.runtime.advance(20 * TTL);
  assert(leases[0]?.held);
  assert.equal(await free(scene), false);
  void text;
});

Deno.test("a lock without end that is dropped is given back, for it would never run out", async () => {
  const scene = new Scene();
  const options = { streams: true, ttl: Infinity };
  await asking(scene.member("a"), options, () => endless()).answer;
  await scene.runtime.advance(59_000);
  assert.equal(await free(scene), false);
  await scene.runtime.advance(2_000);
  assert(await free(scene));
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("a client that has left ends the renewals, before the answer or after it", async () => {
  for (const when of ["before", "after"]) {
    const scene = new Scene();
    const gone = new AbortController();
    const made = Promise.withResolvers<Response>();
    const { answer, leases } = asking(
      scene.member("a"),
      { streams: true },
      () => made.promise,
      { signal: gone.signal },
    );
    await settled();
    if (when === "before") gone.abort();
    made.resolve(endless());
    await answer;
    gone.abort();
    assert(leases[0]?.signal.aborted, when);
    // Not given back: what is done for it may take a while to hear of it.
    assert.equal(await free(scene), false);
    await scene.runtime.advance(TTL);
    assert(await free(scene));
    assert.equal(scene.runtime.timers, 0);
  }
});

Deno.test("a source whose cancel() never ends gives the lock back all the same", async () => {
  for (const method of ["GET", "HEAD"]) {
    const scene = new Scene();
    const handler = () => endless(never);
    const { answer } = asking(scene.member("a"), { streams: true }, handler, { method });
    await (await answer).body?.cancel();
    assert(await free(scene), method);
    assert.equal(scene.runtime.timers, 0);
  }
});

Deno.test("a source whose cancel() throws gives the lock back, and ends no process", async () => {
  for (const method of ["GET", "HEAD"]) {
    const scene = new Scene();
    const handler = () => endless(() => Promise.reject(new Error("cannot cancel")));
    const { answer } = asking(scene.member("a"), { streams: true }, handler, { method });
    await (await answer).body?.cancel();
    await settled();
    assert(await free(scene), method);
  }
});

Deno.test("what answers HEAD keeps its status and headers, and no lock waits for its body", async () => {
  const scene = new Scene();
  const handler = () =>
    new Response(endless().body, { status: 201, headers: { "content-length": "9" } });
  const { answer } = asking(scene.member("a"), { streams: true }, handler, { method: "HEAD" });
  const { status, headers, body } = await answer;
  assert.deepEqual([status, headers.get("content-length"), body], [201, "9", null]);
  assert(await free(scene));
});

Deno.test("maxRuntime ends the renewals for a handler that never answers, and for a body that never ends", async () => {
  for (const handler of [never, () => endless()]) {
    const scene = new Scene();
    const baton = scene.member("a");
    await baton.start({ heartbeat: true });
    const { answer, leases } = asking(baton, { streams: true, maxRuntime: 30_000 }, handler);
    void answer.then((response) => response.text()).catch(() => {});
    await scene.runtime.advance(29_000);
    assert(leases[0]?.held);
    await scene.runtime.advance(2_000);
    assert(leases[0]?.signal.aborted);
    assert.equal(await free(scene), false);
    await scene.runtime.advance(TTL);
    assert(await free(scene));
  }
});

Deno.test("an answer in time leaves nothing of maxRuntime behind", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  await asking(baton, { maxRuntime: 30_000 }, () => new Response("ok")).answer;
  await baton.election("g").campaign();
  await leaderOnly(baton, "g", { maxRuntime: 30_000 }, () => new Response("ok"))(request());
  await baton.election("g").standDown();
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("maxRuntime ends the renewals of leadership for a handler that never answers", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const handler = leaderOnly(baton, "g", { campaign: true, maxRuntime: 30_000 }, never);
  void handler(request());
  await scene.runtime.advance(29_000);
  assert.equal((await scene.member("b").getLeader("g"))?.memberId, "a");
  await scene.runtime.advance(2_000 + TTL);
  assert(await scene.member("b").election("g").campaign());
});

Deno.test("whatever a leader's handler answers, leadership is renewed no longer than it runs", async () => {
  for (const answer of [undefined, new Response("read already"), null]) {
    await answer?.text();
    const scene = new Scene();
    const handler = leaderOnly(
      scene.member("a"),
      "g",
      { campaign: true },
      () => answer as Response,
    );
    assert.equal(await handler(request()), answer);
    await scene.runtime.advance(TTL);
    assert(await scene.member("b").election("g").campaign());
  }
});

Deno.test("a time for work that looks like seconds is refused with the hint", () => {
  const baton = new Scene().member("a");
  for (const maxRuntime of [10, 30, 300, 999]) {
    for (
      const make of [
        () => withLock(baton, "x", { maxRuntime }, () => new Response()),
        () => leaderOnly(baton, "g", { maxRuntime }, () => new Response()),
        () => hono.withLock(baton, "x", { maxRuntime }),
      ]
    ) {
      assert.throws(make, (error: Error) => {
        assert(error instanceof InvalidArgument);
        assert.match(
          error.message,
          new RegExp(`maxRuntime ${maxRuntime}: .*milliseconds, not sec`),
        );
        return true;
      });
    }
  }
});

Deno.test("behind Hono's own timeout the late handler gives the lock back, and nothing is unhandled", async () => {
  for (const streams of [false, true]) {
    const scene = new Scene();
    const made = Promise.withResolvers<void>();
    const app = new Hono()
      .use(timeout(5))
      .get("/", hono.withLock(scene.member("a"), "x", { streams }), async (c) => {
        await made.promise;
        return c.text("late");
      });
    const server = Deno.serve({ port: 0, onListen: () => {} }, app.fetch);
    try {
      const answer = await fetch(`http://localhost:${server.addr.port}/`);
      assert.equal(answer.status, 504);
      await answer.text();
      assert.equal(await free(scene), false);
      made.resolve();
      while (!(await free(scene))) await settled();
    } finally {
      await server.shutdown();
    }
  }
});

Deno.test("behind Hono's own timeout, a handler that never ends keeps the lock for maxRuntime", async () => {
  const scene = new Scene();
  const options = { streams: true, maxRuntime: 20_000 };
  const app = new Hono()
    .use(timeout(5))
    .get("/", hono.withLock(scene.member("a"), "x", options), never);
  assert.equal((await app.request(request())).status, 504);
  await scene.runtime.advance(19_000);
  assert.equal(await free(scene), false);
  await scene.runtime.advance(2_000 + TTL);
  assert(await free(scene));
  assert.equal(scene.runtime.timers, 0);
});
