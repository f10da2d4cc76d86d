import assert from "node:assert/strict";
import { withUpstash } from "../../tests/servers/with_upstash.ts";
import app from "./main.ts";

Deno.test("of five charges at once one goes through, and four learn when to try again", async () => {
  const tokens: number[] = [];
  const gate = Promise.withResolvers<void>();
  await using payments = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async ({ headers }) => {
      tokens.push(Number(headers.get("fencing-token")));
      await gate.promise;
      return new Response();
    },
  );
  await withUpstash(async ({ server }) => {
    Deno.env.set("UPSTASH_REDIS_REST_URL", server.url);
    Deno.env.set("UPSTASH_REDIS_REST_TOKEN", server.token);
    Deno.env.set("PAYMENTS_URL", `http://127.0.0.1:${payments.addr.port}`);
    const charge = (id: number) => app.request(`/accounts/${id}/charge`, { method: "POST" });

    const refused: Response[] = [];
    const all = Array.from({ length: 5 }, async () => {
      const answer = await charge(42);
      // The one that charges ends when the other four have been turned away.
      if (answer.status === 423 && refused.push(answer) === 4) gate.resolve();
      return answer.status;
    });
    assert.deepEqual((await Promise.all(all)).sort(), [200, 423, 423, 423, 423]);
    for (const answer of refused) {
      const seconds = Number(answer.headers.get("retry-after"));
      assert(seconds >= 1 && seconds <= 10, `Retry-After: ${seconds}`);
      await answer.body?.cancel();
    }

    // Now it is free again, at once, and the next one has a greater token.
    const next = await charge(42);
    assert.equal(next.status, 200);
    assert.deepEqual(await next.json(), { charged: true, token: tokens[1] });
    assert.equal(tokens.length, 2);
    assert(tokens[0]! < tokens[1]!);
  });
});
