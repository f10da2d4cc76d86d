/** Handlers, and what a late holder's write meets. */
import assert from "node:assert/strict";
import { isStale, StaleToken } from "../../fencing/mod.ts";
import * as hono from "../../http/hono.ts";
import { cronEndpoint, withLock } from "../../http/mod.ts";
import { Coordinator } from "../../mod.ts";
import type { SmokeCase } from "./smoke.ts";

const ADDRESS = "https://app.example.com/";
const SECRET = "a-secret-of-the-short-script";

/** Cases about handlers. */
export const httpSmoke: readonly SmokeCase[] = [
  {
    name: "a handler under a lock serves one request, and tells another when to come again",
    async run(driver) {
      const name = crypto.randomUUID();
      const refused: Response[] = [];
      // One for each request, as on Workers.
      const handler = withLock(
        () => new Coordinator(driver(), { ttl: 60_000 }),
        name,
        {},
        async (request, { lease }) => {
          assert.equal(lease.signal.aborted, false);
          if (request.method === "GET") {
            refused.push(await handler(new Request(ADDRESS, { method: "POST" })));
          }
          return Response.json({ token: lease.token });
        },
      );
      const first = await handler(new Request(ADDRESS));
      assert.equal(first.status, 200);
      const [other] = refused;
      assert.equal(other?.status, 423);
      const seconds = Number(other.headers.get("retry-after"));
      assert.ok(seconds >= 1 && seconds <= 60, `${seconds}`);
      const next = await handler(new Request(ADDRESS, { method: "POST" }));
      const [{ token: one }, { token: two }] = await Promise.all([first.json(), next.json()]);
      assert.ok(two > one, "it was not free again");
    },
  },
  {
    name: "a cron endpoint runs a slot for whoever knows the secret, once",
    async run(driver) {
      const slot = Date.now();
      let runs = 0;
      const endpoint = cronEndpoint(new Coordinator(driver()), crypto.randomUUID(), () => ++runs, {
        secret: SECRET,
        slot: () => slot,
      });
      const ask = async (secret: string) => {
        const headers = { authorization: `Bearer ${secret}` };
        return await endpoint(new Request(ADDRESS, { headers }));
      };
      assert.equal((await ask(`${SECRET}!`)).status, 401);
      const answers = [await ask(SECRET), await ask(SECRET)];
      const said = await Promise.all(answers.map((answer) => answer.json()));
      assert.deepEqual(said.map(({ outcome }) => outcome), ["ran", "skipped"]);
      assert.equal(runs, 1);
    },
  },
  {
    name: "Hono's middleware is there without Hono, and so is the help with fencing",
    run(driver) {
      const baton = new Coordinator(driver());
      assert.equal(typeof hono.withLock(baton, "x"), "function");
      assert.equal(typeof hono.leaderOnly(baton, "x"), "function");
      assert.equal(isStale(new StaleToken({ resource: "x", token: 1 })), true);
      assert.equal(isStale(new Error("x")), false);
      return Promise.resolve();
    },
  },
];
