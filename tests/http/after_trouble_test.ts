/** Trouble of one request is not the next one's. */

import assert from "node:assert/strict";
import { cronEndpoint, heartbeatEndpoint, leaderOnly, withLock } from "../../http/mod.ts";
import type { Coordinator } from "../../mod.ts";
import { type Fate, Scene } from "../core/scene.ts";
import { request, SECRET, trigger } from "./ask.ts";

type Handler = (request: Request) => Promise<Response>;

const ok = (): Response => new Response("ok");

const HANDLERS: Readonly<Record<string, (a: Coordinator) => Handler>> = {
  withLock: (a) => withLock(a, "x", {}, ok),
  "leaderOnly with a campaign": (a) => leaderOnly(a, "g", { campaign: true }, ok),
  "leaderOnly with a campaign and a redirect": (a) =>
    leaderOnly(a, "g", { campaign: { ttl: 5_000 }, redirect: true }, ok),
  cronEndpoint: (a) => cronEndpoint(a, "j", () => {}, { secret: SECRET, every: 60_000 }),
  heartbeatEndpoint: (a) => heartbeatEndpoint(a, { secret: SECRET }),
};

for (const [what, make] of Object.entries(HANDLERS)) {
  for (const fate of ["lose-request", "lose-reply", "hang"] as const) {
    Deno.test(`${what}: requests that met "${fate}" cost later ones nothing`, async () => {
      const scene = new Scene();
      const a = scene.member("a");
      // Something to renew.
      await a.getLock("held").hold({ ttl: 600_000 });
      const handler = make(a);
      /** The answers to so many requests at once, for they may share what fails. */
      const ask = async (count: number): Promise<number[]> => {
        let done = false;
        const answers = Promise.all(
          Array.from(
            { length: count },
            () => handler(what.includes("Endpoint") ? trigger() : request()),
          ),
        )
          .finally(() => done = true);
        // Secrets are hashed in real time, and all else waits for a clock of ours.
        while (!done) await scene.runtime.advance(100);
        return (await answers).map(({ status }) => status);
      };
      for (let trouble = 0; trouble < 2; trouble++) {
        scene.fates.push(...Array<Fate>(40).fill(fate));
        assert.deepEqual(await ask(2), [503, 503]);
        scene.fates.length = 0;
        await scene.runtime.advance(20_000);
      }
      assert.deepEqual(await ask(1), [200]);
      assert.deepEqual(await ask(1), [200]);
    });
  }
}
