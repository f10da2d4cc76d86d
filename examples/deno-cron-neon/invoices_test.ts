import assert from "node:assert/strict";
import { neonQuery } from "@baton/baton/drivers/neon";
import { migrate } from "@baton/baton/schema/postgres";
import { withNeon } from "../../tests/servers/with_neon.ts";
import { hourly } from "./invoices.ts";

const HOUR = 3_600_000;
/** The last full hour, so that no test runs across one. */
const last = Math.floor(Date.now() / HOUR) * HOUR;

Deno.test("two triggers of an hour at once are one run, and another hour is another", async () => {
  const sent: string[] = [];
  await using target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    sent.push(request.headers.get("idempotency-key") ?? "");
    return new Response();
  });
  await withNeon(async ({ server }) => {
    const env = {
      DATABASE_URL: server.connectionString,
      TARGET_URL: `http://127.0.0.1:${target.addr.port}`,
    };
    await assert.rejects(hourly(env, last), /migrate|schema/, "the error says what to do");
    await migrate(neonQuery(server.connectionString));

    // A trigger may come some ms early, or minutes late.
    const both = await Promise.all([
      hourly(env, last - 20),
      hourly(env, last + 90_000),
    ]);
    assert.deepEqual(both.map(({ outcome }) => outcome).sort(), [
      "ran",
      "skipped",
    ]);
    assert.equal(both[0].holder, both[1].holder);
    assert.deepEqual(sent, [`${last}`]);
    assert.equal((await hourly(env, last - HOUR)).outcome, "ran");
    assert.deepEqual(sent, [`${last}`, `${last - HOUR}`]);
  });
});
