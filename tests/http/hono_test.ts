import assert from "node:assert/strict";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { cronEndpoint, heartbeatEndpoint, leaderOnly, withLock } from "../../http/hono.ts";
import { InvalidArgument, type Lease } from "../../mod.ts";
import { Scene } from "../core/scene.ts";
import { problemOf, request, SECRET, trigger, unleaked } from "./ask.ts";

/** Holds when both types are the same, `any` excepted. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true
  : false;
const proven = <_T extends true>(): void => {};

Deno.test("c.var.lease, c.var.term and c.var.termSignal are typed, and only where they are", () => {
  const baton = new Scene().member("a");
  new Hono().post("/a/:id", withLock(baton, (c) => c.req.param("id")), (c) => {
    proven<Same<typeof c.var.lease, Lease>>();
    const id = c.req.param("id");
    proven<Same<typeof id, string>>();
    return c.text(`${c.var.lease.token}`);
  });
  new Hono().use(withLock(baton, "x")).get("/", (c) => c.json({ token: c.var.lease.token }));
  new Hono<{ Bindings: { KEY: string }; Variables: { user: string } }>()
    .use(leaderOnly(baton, "g"))
    .get("/", withLock(baton, "x"), (c) => {
      proven<Same<typeof c.var.term, number>>();
      proven<Same<typeof c.var.termSignal, AbortSignal>>();
      proven<Same<typeof c.var.lease, Lease>>();
      proven<Same<typeof c.var.user, string>>();
      proven<Same<typeof c.env.KEY, string>>();
      return c.text("ok");
    });
  // @ts-expect-error: nothing of the kind without the middleware
  new Hono().get("/", (c) => c.text(`${c.var.lease.token}`));
  // @ts-expect-error: a lock has no term
  new Hono().get("/", withLock(baton, "x"), (c) => c.text(`${c.var.term}`));
  // @ts-expect-error: 404 is no way to say that something is locked
  withLock(baton, "x", { status: 404 });
});

Deno.test("handlers run under the lock of their path, and others are refused", async () => {
  const scene = new Scene();
  const app = new Hono().post(
    "/accounts/:id",
    withLock(scene.member("a"), (c) => c.req.param("id"), { status: 409 }),
    (c) => c.json({ token: c.var.lease.token, held: c.var.lease.held }, 201),
  );
  const answer = await app.request(request("/accounts/7", { method: "POST" }));
  assert.equal(answer.status, 201);
  assert.equal(JSON.parse(await unleaked(answer)).held, true);
  assert.equal(scene.sent.length, 2);
  await scene.member("fra-1").getLock("7").hold();
  const said = await problemOf(await app.request(request("/accounts/7", { method: "POST" })));
  assert.deepEqual([said.status, said.holder, said.retryAfter], [409, "fra-1", "10"]);
  assert.equal((await app.request(request("/accounts/8", { method: "POST" }))).status, 201);
});

Deno.test("20 requests on one lock go one at a time", async () => {
  const scene = new Scene();
  let inside = 0;
  let most = 0;
  const app = new Hono().get(
    "/",
    withLock(scene.member("a"), "x", { timeout: 120_000 }),
    async (c) => {
      most = Math.max(most, ++inside);
      await new Promise<void>((go) => scene.runtime.after(50, go));
      inside--;
      return c.text("ok");
    },
  );
  const answers = Array.from({ length: 20 }, () => app.request(request()));
  await scene.runtime.advance(130_000);
  assert((await Promise.all(answers)).every(({ status }) => status === 200));
  assert.equal(most, 1);
});

Deno.test("a hostile name is 400, and a lost reply 503, with the headers of those outside", async () => {
  const scene = new Scene();
  const app = new Hono()
    .use(cors())
    .get("/:name", withLock(scene.member("a"), (c) => c.req.param("name")), (c) => c.text("ok"));
  for (const name of ["a%0Ab", "%00", "x".repeat(300)]) {
    const answer = await app.request(request(`/${name}`));
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.equal((await problemOf(answer)).status, 400, name);
  }
  assert.equal(scene.sent.length, 0);
  scene.fates.push(...Array<"lose-request">(10).fill("lose-request"));
  const answer = Promise.resolve(app.request(request("/x")));
  await scene.runtime.advance(30_000);
  assert.equal((await problemOf(await answer)).status, 503);
});

Deno.test("onError has the errors of handlers, but for LeaseLost, which is 503", async () => {
  const scene = new Scene();
  const seen: string[] = [];
  const app = new Hono()
    .use(cors())
    .onError((error, c) => {
      seen.push(error.name);
      return c.text("its own", 500, { "cache-control": "public", "content-length": "7" });
    })
    .get("/own", withLock(scene.member("a"), "x"), () => {
      throw new TypeError("oh");
    })
    .get("/lost", withLock(scene.member("a"), "x"), async (c) => {
      await scene.member("b").getLock("x").break();
      await c.var.lease.confirm();
      return c.text("went on");
    });
  const own = await app.request(request("/own"));
  assert.deepEqual([own.status, await own.text()], [500, "its own"]);
  assert.equal(own.headers.get("content-length"), "7");
  const lost = await app.request(request("/lost"));
  assert.equal(lost.headers.get("access-control-allow-origin"), "*");
  assert.equal(lost.headers.get("content-length"), null);
  assert.equal((await problemOf(lost)).code, "lease-lost");
  assert.deepEqual(seen, ["TypeError", "LeaseLost"]);
  assert(await scene.member("b").getLock("x").acquire({ timeout: 0 }));
});

Deno.test("what comes after may be nothing: 404 goes through, and the lock is free", async () => {
  const scene = new Scene();
  const app = new Hono().use(withLock(scene.member("a"), "x"));
  assert.equal((await app.request(request("/nowhere"))).status, 404);
  assert(await scene.member("b").getLock("x").acquire({ timeout: 0 }));
});

Deno.test("a streamed body is made under the lock if asked for, its cookies kept", async () => {
  const scene = new Scene();
  const source = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const app = new Hono().get("/", withLock(scene.member("a"), "x", { streams: true }), (c) => {
    c.header("set-cookie", "a=1", { append: true });
    c.header("set-cookie", "b=2", { append: true });
    return c.body(new ReadableStream<Uint8Array>({ start: (each) => source.resolve(each) }));
  });
  const answer = await app.request(request());
  assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(await scene.member("b").getLock("x").acquire({ timeout: 0 }), null);
  (await source.promise).close();
  await answer.text();
  assert(await scene.member("b").getLock("x").acquire({ timeout: 0 }));
});

Deno.test("the leader answers with its term, others send to it or answer 503", async () => {
  const scene = new Scene();
  const [leader, other] = [scene.member("fra-1"), scene.member("b")];
  await leader.joinGroupCreate("g", { url: "https://fra-1.example.com" });
  const at = (baton: typeof leader, redirect: boolean) =>
    new Hono().all("*", leaderOnly(baton, "g", { campaign: true, redirect }), (c) => {
      return c.json({ term: c.var.term, aborted: c.var.termSignal.aborted });
    });
  const mine = await (await at(leader, false).request(request())).json();
  assert.deepEqual(mine, { term: (await leader.getLeader("g"))?.term, aborted: false });
  const said = await problemOf(await at(other, false).request(request()));
  assert.deepEqual([said.status, said.leader, said.retryAfter], [503, "fra-1", "10"]);
  for (const method of ["POST", "HEAD"]) {
    const sent = await at(other, true).request(request("/p?q=1", { method }));
    assert.equal(sent.status, 307);
    assert.equal(sent.headers.get("location"), "https://fra-1.example.com/p?q=1");
  }
  assert.throws(() => leaderOnly(other, "a\nb"), InvalidArgument);
});

Deno.test("triggers run a slot once, forged ones claim nothing, and beats beat", async () => {
  const scene = new Scene();
  interface Env {
    readonly Bindings: { readonly region: string; readonly secret: string };
  }
  const ran: number[] = [];
  const coordinator = (c: Context<Env>) => scene.member(c.env.region);
  const secret = (c: Context<Env>): string => c.env.secret;
  const app = new Hono<Env>()
    .all(
      "/cron",
      cronEndpoint(coordinator, "j", ({ token }, c) => {
        ran.push(token);
        assert.equal(c.env.region, "fra-1");
      }, { secret, slot: (c) => scene.runtime.wallNow - c.req.path.length }),
    )
    .all("/beat", heartbeatEndpoint(coordinator, { secret }));
  const env = { region: "fra-1", secret: SECRET };
  const forged = [
    request("/cron", { method: "POST" }),
    trigger("/cron", "Bearer wrong-but-long-enough"),
    trigger("/cron", `Bearer ${SECRET.slice(0, -1)}`),
    trigger("/cron", `Bearer ${SECRET.toUpperCase()}`),
    trigger("/beat", `Bearer ${SECRET}, Bearer ${SECRET}`),
  ];
  for (const each of forged) assert.equal((await app.request(each, {}, env)).status, 401);
  for (const path of ["/cron", "/beat"]) {
    const head = await app.request(request(path, { method: "HEAD" }), {}, env);
    assert.equal(head.status, 405);
  }
  assert.equal(scene.sent.length, 0);
  const slot = scene.runtime.wallNow - 5;
  for (const outcome of ["ran", "skipped", "skipped"]) {
    const answer = await app.request(trigger("/cron"), {}, env);
    const said = JSON.parse(await unleaked(answer));
    assert.deepEqual([said.outcome, said.slot, said.holder], [outcome, slot, "fra-1"]);
  }
  assert.equal(ran.length, 1);
  const beat = await app.request(trigger("/beat"), {}, env);
  assert.deepEqual(JSON.parse(await unleaked(beat)), { next: null, lost: [] });
});
