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
      const ask = async (): Promise<number> => {
        const answer = handler(what.includes("Endpoint") ? trigger() : request());
        await scene.runtime.advance(60_000);
        return (await answer).status;
      };
      for (let trouble = 0; trouble < 2; trouble++) {
        scene.fates.push(...Array<Fate>(40).fill(fate));
        // Several at once, for they may share what fails.
        const answers = [handler(what.includes("Endpoint") ? trigger() : request()), ask()];
        assert.equal(await answers[1], 503);
        await answers[0];
        scene.fates.length = 0;
        await scene.runtime.advance(20_000);
      }
      assert.equal(await ask(), 200);
      assert.equal(await ask(), 200);
    });
  }
}
