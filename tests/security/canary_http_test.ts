/**
 * What clients and schedulers are answered holds no secret of the backend's, of a lease's or of the
 * endpoint's own, whatever goes wrong behind it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Hono } from "hono";
import * as plain from "../../http/mod.ts";
import * as hono from "../../http/hono.ts";
import { Coordinator, type CoordinatorEvent } from "../../mod.ts";
import { startBadServer } from "./bad_server.ts";
import { BREAKS, ECHOES } from "./fault_rows.ts";
import { leaksIn, SECRETS } from "./secrets.ts";
import { assertNoSecret, outcomeOf, printed, sentOut } from "./sinks.ts";
import { coordinatorAt, SUSPECTS } from "./suspects.ts";

const ROWS = [
  ...ECHOES.filter(({ name }) => /^(200|400|503) .* of the body$/.test(name)),
  ...BREAKS,
];

/** A trigger that knows the secret, or one that comes near it. */
function request(path: string, secret: string = SECRETS.cron): Request {
  const headers = { authorization: `Bearer ${secret}` };
  return new Request(`https://app.example.com${path}`, { method: "POST", headers });
}

type Handle = (request: Request) => Response | Promise<Response>;

/** Every handler, with and without Hono, by its path. */
function handlersOf(baton: Coordinator): Record<string, Handle> {
  const secret = SECRETS.cron;
  const every = 60_000;
  const app = new Hono()
    .post("/hono/lock", hono.withLock(baton, "x"), (c) => c.text("ran"))
    .post("/hono/lead", hono.leaderOnly(baton, "g", { campaign: true }), (c) => c.text("ran"))
    .post("/hono/cron", hono.cronEndpoint(baton, "j", () => {}, { secret, every }))
    .post("/hono/beat", hono.heartbeatEndpoint(baton, { secret }));
  const ran = () => new Response("ran");
  const handle: Handle = (request) => app.fetch(request);
  return {
    "/lock": plain.withLock(baton, "x", {}, ran),
    "/shared": plain.withLock(baton, "x", { timeout: 10 }, ran),
    "/lead": plain.leaderOnly(baton, "g", { campaign: true, redirect: true }, ran),
    "/look": plain.leaderOnly(baton, "g", { redirect: true }, ran),
    "/cron": plain.cronEndpoint(baton, "j", () => {}, { secret, every, mode: "retry" }),
    "/beat": plain.heartbeatEndpoint(baton, { secret }),
    "/hono/lock": handle,
    "/hono/lead": handle,
    "/hono/cron": handle,
    "/hono/beat": handle,
  };
}

for (const suspect of SUSPECTS.filter(({ url }) => url)) {
  Deno.test(`${suspect.name}: no response of a handler shows a secret, whatever the backend answers`, async () => {
    const server = await startBadServer();
    const statuses = new Set<number>();
    try {
      const caught = await printed(async () => {
        for (const [turn, row] of ROWS.entries()) {
          server.behave(row.behave);
          const made = await coordinatorAt(suspect, server.host, { timeout: 2_000 });
          assert(made);
          const handlers = Object.entries(handlersOf(made.baton));
          for (const each of [turn, turn + 1, turn + 5]) {
            const [path, handle] = handlers[each % handlers.length]!;
            const answer = await outcomeOf(() => handle(request(path)));
            if (!(answer instanceof Response)) {
              assertNoSecret(answer, `${path} after ${row.name}`);
              continue;
            }
            statuses.add(answer.status);
            const [leak] = leaksIn(await sentOut(answer));
            if (leak) assert.fail(`${leak.secret} in ${path} after ${row.name}: ${leak.around}`);
          }
          await made.settled();
        }
      });
      assert.deepEqual(leaksIn(caught), []);
    } finally {
      await server.stop();
    }
    assert(statuses.has(503), `${[...statuses]}`);
  });
}

Deno.test("a stranger learns nothing of the endpoint's secret, and a failing job nothing to anybody", async () => {
  const events: CoordinatorEvent[] = [];
  const { memory } = await import("../../drivers/memory.ts");
  const baton = new Coordinator(memory(), { on: (event) => void events.push(event) });
  const secret = SECRETS.cron;
  const thrown = new Error(`cannot log in with ${SECRETS.password} as ${SECRETS.user}`);
  const handler = plain.cronEndpoint(baton, "j", () => Promise.reject(thrown), {
    secret,
    every: 60_000,
    record: true,
  });
  const near = [secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), `x${secret}`, "", "%00"];
  for (const each of near) {
    const answer = await handler(request("/", each));
    assert.equal(answer.status, 401, each);
    assert.deepEqual(leaksIn(await sentOut(answer)), []);
  }
  const failed = await handler(request("/"));
  assert.equal(failed.status, 500);
  assert.deepEqual(leaksIn(await sentOut(failed)), []);
  // What the job threw is its own; the one that gets it is the operator's hook.
  assert(events.some((event) => event.type === "callback-failed" && event.error === thrown));
  assertNoSecret(handler, "the handler");
  for (const bad of ["short", `${secret}\n`, `${secret} x`, [], [secret, ""]]) {
    const error = await outcomeOf(() => plain.heartbeatEndpoint(baton, { secret: bad }));
    assert(error instanceof Error);
    assertNoSecret(error, "a secret that cannot be used");
  }
});
