import assert from "node:assert/strict";
import process from "node:process";
import { planetscaleQuery } from "@baton/baton/drivers/planetscale";
import { migrate } from "@baton/baton/schema/mysql";
import { withPlanetscale } from "../../tests/servers/with_planetscale.ts";
import { GET } from "./app/api/cron/route.ts";

const CRON_SECRET = "b8f0a2d4c6e81735";

/** What Vercel sends, if it is Vercel. */
function trigger(secret: string): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, "user-agent": "vercel-cron/1.0" };
  return GET(new Request("https://shop.vercel.app/api/cron", { headers }));
}

Deno.test("a forged call is 401 and claims nothing; of two right ones, one runs", async () => {
  const sent: string[] = [];
  await using target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    sent.push(request.headers.get("idempotency-key") ?? "");
    return new Response();
  });
  await withPlanetscale("mariadb", async ({ server }) => {
    await migrate(planetscaleQuery({ url: server.databaseUrl }));
    Object.assign(process.env, {
      DATABASE_URL: server.databaseUrl,
      TARGET_URL: `http://127.0.0.1:${target.addr.port}`,
      CRON_SECRET,
    });
    const before = server.requests;
    const forged = await trigger(CRON_SECRET.replace("b", "c"));
    assert.equal(forged.status, 401);
    await forged.body?.cancel();
    assert.equal(server.requests, before);

    const answers = await Promise.all([
      trigger(CRON_SECRET),
      trigger(CRON_SECRET),
    ]);
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    assert.deepEqual(bodies.map(({ outcome }) => outcome).sort(), [
      "ran",
      "skipped",
    ]);
    assert.equal(bodies[0].holder, bodies[1].holder);
    assert.deepEqual(sent, [`${bodies[0].slot}`]);
  });
});
