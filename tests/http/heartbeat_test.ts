import assert from "node:assert/strict";
import { heartbeatEndpoint } from "../../http/mod.ts";
import { CoreCoordinator } from "../../coordination/core.ts";
import { InvalidArgument } from "../../mod.ts";
import { Scene } from "../core/scene.ts";
import { problemOf, request, SECRET, sentBy, trigger, unleaked } from "./ask.ts";

interface Beat {
  readonly next: number | null;
  readonly lost: { readonly resource: string; readonly token: number }[];
}

async function beatOf(response: Response): Promise<Beat> {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("cache-control"), "no-store");
  return JSON.parse(await unleaked(response));
}

Deno.test("a beat renews everything in one request, and says when the next is due", async () => {
  const scene = new Scene();
  const baton = scene.member("a", { ttl: 10_010 });
  const endpoint = heartbeatEndpoint(baton, { secret: SECRET });
  assert.deepEqual(await beatOf(await endpoint(trigger())), { next: null, lost: [] });
  await baton.getLock("x").hold();
  await baton.election("g").campaign();
  await baton.joinGroupCreate("g");
  scene.sent.length = 0;
  for (let i = 0; i < 10; i++) {
    await scene.runtime.advance(5_000);
    const { next, lost } = await beatOf(await endpoint(trigger()));
    // A third of what may be believed of its ttl is 3,303.3 ms.
    assert.equal(next, 3_304);
    assert.deepEqual(lost, []);
  }
  assert.equal(scene.sent.length, 10);
  assert.equal((await scene.member("b").getLock("x").holders())[0]?.memberId, "a");
});

Deno.test("a beat tells what it has found lost, each once", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const endpoint = heartbeatEndpoint(baton, { secret: SECRET });
  const lock = await baton.getLock("x").hold();
  const term = await baton.election("g").campaign();
  const { incarnation } = await baton.joinGroupCreate("g");
  for (const resource of ["lock:x", "leader:g", "group:g"]) {
    const seat = resource === "group:g" ? "a" : "";
    await scene.backend.apply([{ op: "release", resource, seat }]);
  }
  const { lost } = await beatOf(await endpoint(trigger()));
  assert.deepEqual(
    lost.sort((a, b) => a.resource.localeCompare(b.resource)),
    [
      { resource: "group:g", token: incarnation },
      { resource: "leader:g", token: term?.token },
      { resource: "lock:x", token: lock.token },
    ],
  );
  assert.deepEqual((await beatOf(await endpoint(trigger()))).lost, []);
});

Deno.test("leases of one resource that are lost together are told one by one", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const endpoint = heartbeatEndpoint(baton, { secret: SECRET });
  const [permits, lock] = [baton.getSemaphore("s", 3), baton.getLock("x")];
  const leases = [
    ...[await permits.hold(), await permits.hold(), await permits.hold()],
    ...[await lock.hold({ shared: true }), await lock.hold({ shared: true })],
  ];
  await scene.member("b").getSemaphore("s", 3).break();
  await scene.member("b").getLock("x").break();
  const { lost } = await beatOf(await endpoint(trigger()));
  assert.deepEqual(
    lost.map(({ resource, token }) => `${resource} ${token}`).sort(),
    leases.map(({ resource, token }) => `${resource} ${token}`).sort(),
  );
});

Deno.test("a leadership and a membership that ended before the beat are told by it", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const term = await baton.election("g").campaign();
  const { incarnation } = await baton.joinGroupCreate("g");
  await scene.runtime.advance(20_000);
  const { lost } = await beatOf(await heartbeatEndpoint(baton, { secret: SECRET })(trigger()));
  assert.deepEqual(
    lost.sort((a, b) => a.resource.localeCompare(b.resource)),
    [
      { resource: "group:g", token: incarnation },
      { resource: "leader:g", token: term?.token },
    ],
  );
});

Deno.test("it works without groups", async () => {
  const scene = new Scene();
  const baton = new CoreCoordinator(scene.wire, {
    memberId: "core",
    ttl: 10_000,
    runtime: scene.runtime,
  });
  const endpoint = heartbeatEndpoint(() => baton, { secret: () => SECRET });
  const lease = await baton.getLock("x").hold();
  await scene.runtime.advance(5_000);
  const { next } = await beatOf(await endpoint(trigger()));
  assert(next !== null && lease.held);
  await scene.backend.apply([{ op: "release", resource: "lock:x", seat: "" }]);
  assert.deepEqual((await beatOf(await endpoint(trigger()))).lost, [
    { resource: "lock:x", token: lease.token },
  ]);
});

Deno.test("strangers beat nothing, and a backend without an answer is 503", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  await baton.getLock("x").hold();
  scene.sent.length = 0;
  const endpoint = heartbeatEndpoint(baton, { secret: [SECRET, "another-long-secret"] });
  assert.equal((await problemOf(await endpoint(request()))).status, 401);
  assert.equal((await problemOf(await endpoint(trigger("/", `Bearer ${SECRET}x`)))).status, 401);
  assert.equal((await problemOf(await endpoint(request("/", { method: "PUT" })))).status, 405);
  assert.equal((await endpoint(request("/", { method: "HEAD" }))).status, 405);
  assert.equal(scene.sent.length, 0);
  assert.throws(() => heartbeatEndpoint(baton, { secret: "short" }), InvalidArgument);
  scene.fates.push(...Array<"lose-request">(10).fill("lose-request"));
  const answer = endpoint(trigger());
  await sentBy(scene, 1);
  await scene.runtime.advance(9_000);
  const said = await problemOf(await answer);
  assert.deepEqual([said.status, said.retryAfter], [503, "5"]);
});
