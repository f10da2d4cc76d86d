import assert from "node:assert/strict";
import { withLock } from "../../http/mod.ts";
import { InvalidArgument, type Lease } from "../../mod.ts";
import { settled } from "../core/fake_runtime.ts";
import { Scene } from "../core/scene.ts";
import { problemOf, request, unleaked } from "./ask.ts";

const ok = (): Response => new Response("ok");

Deno.test("a handler runs under the lock, and has given it back when the response is there", async () => {
  const scene = new Scene();
  const leases: Lease[] = [];
  const handler = withLock(scene.member("a"), "x", {}, (_request, { lease }) => {
    leases.push(lease);
    return new Response(`${lease.token}`, { status: 201 });
  });
  const first = await handler(request());
  assert.equal(first.status, 201);
  assert.equal(scene.sent.length, 2);
  assert.equal(await unleaked(first), `${leases[0]?.token}`);
  assert.equal(leases[0]?.held, false);
  assert.equal(scene.runtime.timers, 0);
  assert(await scene.member("b").getLock("x").acquire({ timeout: 0 }));
});

Deno.test("who is refused learns the holder and when to come again, after one request", async () => {
  const scene = new Scene();
  await scene.member("fra-1").getLock("x").hold();
  await scene.runtime.advance(2_500);
  for (const status of [423, 409] as const) {
    scene.sent.length = 0;
    const handler = withLock(scene.member("b"), "x", { status }, () => assert.fail("ran"));
    const said = await problemOf(await handler(request()));
    assert.equal(said.status, status);
    assert.equal(said.code, "lock-not-acquired");
    assert.equal(said.holder, "fra-1");
    assert.equal(said.retryAfter, "8");
    assert.equal(scene.sent.length, 1);
  }
});

Deno.test("a holder without end has no time left to tell", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold({ ttl: Infinity });
  const handler = withLock(scene.member("b"), "x", {}, () => assert.fail("ran"));
  const said = await problemOf(await handler(request()));
  assert.equal(said.retryAfter, null);
  assert.equal(said.holder, "a");
});

Deno.test("a writer waits for the last of the readers, and readers share", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold({ shared: true, ttl: 5_000 });
  await scene.member("b").getLock("x").hold({ shared: true, ttl: 60_000 });
  const writer = withLock(scene.member("c"), "x", {}, () => assert.fail("ran"));
  const said = await problemOf(await writer(request()));
  assert.equal(said.retryAfter, "60");
  assert.equal(said.holder, "b");
  const reader = withLock(scene.member("c"), "x", { shared: true }, ok);
  assert.equal((await reader(request())).status, 200);
});

Deno.test("of 20 requests at once one runs; with time to wait, all do, one after the other", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  let inside = 0;
  let most = 0;
  const work = async (): Promise<Response> => {
    most = Math.max(most, ++inside);
    await new Promise<void>((go) => scene.runtime.after(100, go));
    inside--;
    return ok();
  };
  const ask = async (timeout: number, members: boolean): Promise<number[]> => {
    const answers = Array.from({ length: 20 }, (_, i) => {
      const own = members ? scene.member(`m${i}`) : baton;
      return withLock(own, "x", { timeout }, work)(request());
    });
    await scene.runtime.advance(timeout + 10_000);
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  for (const members of [false, true]) {
    const impatient = await ask(0, members);
    assert.equal(impatient.filter((status) => status === 200).length, 1);
    assert.equal(impatient.filter((status) => status === 423).length, 19);
    assert.deepEqual(new Set(await ask(120_000, members)), new Set([200]));
  }
  assert.equal(most, 1);
});

Deno.test("the lock is renewed while a long handler runs, and other locks are free", async () => {
  const scene = new Scene();
  const end = Promise.withResolvers<Response>();
  const name = (request: Request): string => new URL(request.url).pathname;
  const handler = withLock(scene.member("a"), name, {}, () => end.promise);
  const running = handler(request("/1"));
  await scene.runtime.advance(60_000);
  const same = withLock(scene.member("b"), name, {}, ok);
  assert.equal((await same(request("/1"))).status, 423);
  assert.equal((await same(request("/2"))).status, 200);
  end.resolve(ok());
  assert.equal((await running).status, 200);
  assert.equal((await same(request("/1"))).status, 200);
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("a handler's answer stands when the lease was lost; LeaseLost thrown is 503", async () => {
  const scene = new Scene();
  const ran: string[] = [];
  const losing = (after: (lease: Lease) => Response | Promise<Response>) =>
    withLock(scene.member("a"), "x", {}, async (_request, { lease }) => {
      await scene.member("b").getLock("x").break();
      await lease.renew();
      assert(lease.signal.aborted);
      ran.push("lost");
      return await after(lease);
    })(request());
  assert.equal((await losing(ok)).status, 200);
  const thrown = await problemOf(
    await losing(async (lease) => {
      await lease.confirm();
      return ok();
    }),
  );
  assert.equal(thrown.status, 503);
  assert.equal(thrown.code, "lease-lost");
  assert.equal(thrown.retryAfter, "1");
  assert.equal(ran.length, 2);
});

Deno.test("a handler's own error is the caller's, and the lock is free", async () => {
  const scene = new Scene();
  const useless = withLock(scene.member("a"), "x", { ttl: 0, timeout: 1_000 }, ok);
  await assert.rejects(useless(request()), InvalidArgument);
  // No wait is given up where there is none.
  const gone = request("/", { signal: AbortSignal.abort() });
  const single = withLock(scene.member("a"), "x", { ttl: 0 }, ok);
  await assert.rejects(single(gone), InvalidArgument);
  const handler = withLock(scene.member("a"), "x", {}, () => {
    throw new TypeError("its own");
  });
  await assert.rejects(handler(request()), /its own/);
  assert(await scene.member("b").getLock("x").acquire({ timeout: 0 }));
});

Deno.test("without an answer of the backend it is 503, never 200 and never 423", async () => {
  for (const fate of ["lose-request", "lose-reply", "hang", "hang-reply"] as const) {
    const scene = new Scene();
    scene.fates.push(...Array<typeof fate>(10).fill(fate));
    const handler = withLock(scene.member("a"), "x", {}, () => assert.fail("ran"));
    const answer = handler(request());
    await scene.runtime.advance(60_000);
    const said = await problemOf(await answer);
    assert.equal(said.status, 503, fate);
    assert.equal(said.retryAfter, "5");
    assert(!said.detail.includes("reply"), said.detail);
  }
});

Deno.test("an unreachable backend at confirm() is 503 too", async () => {
  const scene = new Scene();
  const handler = withLock(scene.member("a"), "x", {}, async (_request, { lease }) => {
    scene.fates.push(...Array<"lose-request">(10).fill("lose-request"));
    await lease.confirm();
    return assert.fail("went on");
  });
  const answer = handler(request());
  await scene.runtime.advance(30_000);
  assert.equal((await problemOf(await answer)).status, 503);
});

Deno.test("a release that hangs keeps the response a second at most, and goes on behind it", async () => {
  const scene = new Scene();
  const handler = withLock(scene.member("a"), "x", {}, () => {
    scene.fates.push("hang");
    return ok();
  });
  const answer = handler(request());
  let answered = false;
  void answer.then(() => answered = true);
  await scene.runtime.advance(999);
  assert.equal(answered, false);
  await scene.runtime.advance(2);
  assert.equal((await answer).status, 200);
  await scene.runtime.advance(9_000);
  assert.equal(scene.runtime.background.length, 1);
  await Promise.all(scene.runtime.background);
  assert(await scene.member("b").getLock("x").acquire({ timeout: 0 }));
});

Deno.test("a name that no lock can have is 400 for a request, and refused when it is fixed", async () => {
  const scene = new Scene();
  const names = [
    "",
    "x".repeat(257),
    "é".repeat(129),
    "a\nb",
    "a\0b",
    "\u0085",
    "\ud800",
    undefined,
  ];
  for (const name of names) {
    const handler = withLock(scene.member("a"), () => name, {}, () => assert.fail("ran"));
    const said = await problemOf(await handler(request()));
    assert.equal(said.status, 400, JSON.stringify(name));
    assert.equal(said.code, "invalid-argument");
    if (name) assert(!said.detail.includes(name));
    if (name !== undefined) {
      assert.throws(() => withLock(scene.member("a"), name, {}, ok), InvalidArgument);
    }
  }
  assert.throws(() => withLock(scene.member("a"), "x", { timeout: -1 }, ok), InvalidArgument);
  assert.equal(scene.sent.length, 0);
});

Deno.test("a client that leaves ends its wait", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold();
  const gone = new AbortController();
  const handler = withLock(scene.member("b"), "x", { timeout: 60_000 }, () => assert.fail("ran"));
  const answer = handler(request("/", { signal: gone.signal }));
  await scene.runtime.advance(500);
  gone.abort();
  assert.equal((await problemOf(await answer)).status, 503);
  const before = scene.sent.length;
  await scene.runtime.advance(60_000);
  assert.equal(scene.sent.length, before);
});

Deno.test("a coordinator can be made for each request, of whatever the platform calls with", async () => {
  const scene = new Scene();
  interface Env {
    readonly region: string;
  }
  const handler = withLock(
    (_request: Request, env: Env) => Promise.resolve(scene.member(env.region)),
    (_request, { region }) => region,
    {},
    (_request, _held, env) => new Response(env.region),
  );
  assert.equal(await (await handler(request(), { region: "fra" })).text(), "fra");
  assert.equal(scene.sent[0]?.[0]?.resource, "lock:fra");
});

Deno.test("a streamed body goes on without the lock, unless it is to be made under it", async () => {
  const scene = new Scene();
  const free = async (): Promise<boolean> => {
    const lease = await scene.member("z").getLock("x").acquire({ timeout: 0 });
    await lease?.release();
    return lease !== null;
  };
  const sources: ReadableStreamDefaultController<Uint8Array>[] = [];
  let cancelled = false;
  const streaming = (): Response =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => void sources.push(controller),
        cancel: () => void (cancelled = true),
      }),
      { status: 206, headers: { "x-own": "1" } },
    );
  const ask = (streams: boolean, init?: RequestInit): Promise<Response> =>
    withLock(scene.member("a"), "x", { streams }, streaming)(request("/", init));

  await ask(false);
  assert(await free());

  const whole = await ask(true);
  assert.equal(whole.status, 206);
  assert.equal(whole.headers.get("x-own"), "1");
  await scene.runtime.advance(30_000);
  assert.equal(await free(), false);
  sources.at(-1)?.enqueue(new TextEncoder().encode("all"));
  sources.at(-1)?.close();
  assert.equal(await whole.text(), "all");
  assert(await free());

  const left = await ask(true);
  await left.body?.cancel();
  assert(cancelled && await free());

  const failing = await ask(true);
  sources.at(-1)?.error(new Error("broken"));
  await assert.rejects(failing.text(), /broken/);
  assert(await free());

  cancelled = false;
  const head = await ask(true, { method: "HEAD" });
  assert.equal(head.body, null);
  assert(cancelled && await free());

  await ask(true, {}).then((response) => response.body?.cancel());
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("HEAD is refused with headers alone", async () => {
  const scene = new Scene();
  await scene.member("a").getLock("x").hold();
  const handler = withLock(scene.member("b"), "x", {}, () => assert.fail("ran"));
  const head = await handler(request("/", { method: "HEAD" }));
  assert.equal(head.status, 423);
  assert.equal(head.headers.get("retry-after"), "10");
  assert.equal(head.body, null);
});

Deno.test("a coordinator that stops answers 503 to who waits for its lock", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  await baton.start();
  scene.fates.push({ delay: 1_000 });
  const answer = withLock(baton, "x", {}, () => assert.fail("ran"))(request());
  await settled();
  await baton.stop();
  await scene.runtime.advance(2_000);
  assert.equal((await problemOf(await answer)).status, 503);
});
