/**
 * Two copies of the package in one process: handlers of one, a coordinator of the other. A nested
 * dependency or a bundle beside the package is enough. Each handler says so once and clearly, instead
 * of hanging, answering as if the backend were away, or leaving a lock behind.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as esbuild from "../tools/bundler.ts";
import { Hono } from "hono";
import * as onHono from "../../http/hono.ts";
import { cronEndpoint, heartbeatEndpoint, leaderOnly, withLock } from "../../http/mod.ts";
import { CoordinationError, type Coordinator } from "../../mod.ts";
import { Scene } from "../core/scene.ts";
import { request, SECRET, trigger } from "./ask.ts";

/** Coordinators of a copy of their own. */
async function anotherCopy(): Promise<typeof Coordinator> {
  const { outputFiles: [output] } = await esbuild.build({
    entryPoints: [fileURLToPath(new URL("../../mod.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "neutral",
    packages: "external",
    write: false,
  });
  assert(output);
  const url = URL.createObjectURL(new Blob([output.text], { type: "text/javascript" }));
  try {
    return (await import(url)).Coordinator;
  } finally {
    URL.revokeObjectURL(url);
  }
}

const Other = await anotherCopy();
const fail = (): never => assert.fail("ran");
const ok = (): Response => new Response("ok");
const scheduled = { secret: SECRET, every: 3_600_000 };

type Make = (baton: Coordinator) => (request: Request) => Promise<Response>;
const HANDLERS: Record<string, Make> = {
  withLock: (baton) => withLock(baton, "x", { timeout: 1_000 }, fail),
  "withLock, streams": (baton) => withLock(() => baton, "x", { streams: true }, fail),
  leaderOnly: (baton) => leaderOnly(baton, "g", {}, fail),
  "leaderOnly, campaign": (baton) => leaderOnly(() => baton, "g", { campaign: true }, fail),
  cronEndpoint: (baton) => cronEndpoint(baton, "j", fail, scheduled),
  "cronEndpoint, retry": (baton) =>
    cronEndpoint(() => baton, "j", fail, { ...scheduled, mode: "retry" }),
  heartbeatEndpoint: (baton) => heartbeatEndpoint(baton, { secret: SECRET }),
};

for (const [name, make] of Object.entries(HANDLERS)) {
  Deno.test(`${name} of one copy refuses a coordinator of another, and nothing is asked or held`, async () => {
    const scene = new Scene();
    const { runtime } = scene;
    const foreign = new Other(scene.wire, { memberId: "a", runtime });
    await assert.rejects(make(foreign)(trigger()), (error: Error) => {
      assert(error instanceof CoordinationError);
      assert.equal(error.code, "misuse");
      assert.match(error.message, /of another copy of @baton\/baton, so nothing was done/);
      return true;
    });
    assert.equal(scene.sent.length, 0);
    assert.equal(runtime.timers, 0);
  });
}

Deno.test("Hono's handlers hand that error to onError", async () => {
  const scene = new Scene();
  const foreign = new Other(scene.wire, { memberId: "a", runtime: scene.runtime });
  const seen: unknown[] = [];
  const app = new Hono()
    .onError((error, c) => {
      seen.push((error as CoordinationError).code);
      return c.text("its own", 500);
    })
    .get("/lock", onHono.withLock(foreign, "x"), ok)
    .get("/leader", onHono.leaderOnly(foreign, "g"), ok)
    .post("/cron", onHono.cronEndpoint(foreign, "j", fail, scheduled))
    .post("/beat", onHono.heartbeatEndpoint(foreign, { secret: SECRET }));
  for (const asked of [request("/lock"), request("/leader"), trigger("/cron"), trigger("/beat")]) {
    assert.equal((await app.request(asked)).status, 500);
  }
  assert.deepEqual(seen, Array(4).fill("misuse"));
  assert.equal(scene.sent.length, 0);
});

Deno.test("what a coordinator of another copy throws within a handler is known by its code", async () => {
  const scene = new Scene();
  const foreign = new Other(scene.wire, { memberId: "b", runtime: scene.runtime });
  const lease = await foreign.getLock("other").hold();
  await scene.member("c").getLock("other").break();
  const handler = withLock(scene.member("a"), "x", {}, async () => {
    await lease.confirm();
    return ok();
  });
  assert.equal((await handler(request())).status, 503);
});

Deno.test("a source that fails for want of the backend is 503, whichever copy's error that is", async () => {
  const scene = new Scene();
  scene.fates.push(...Array<"lose-request">(20).fill("lose-request"));
  const source = async () => {
    const foreign = new Other(scene.wire, { memberId: "a", runtime: scene.runtime, timeout: 100 });
    await foreign.start();
    return foreign;
  };
  const answer = withLock(source, "x", {}, fail)(request());
  await scene.runtime.advance(30_000);
  assert.equal((await answer).status, 503);
});
