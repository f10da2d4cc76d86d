import assert from "node:assert/strict";
import { Coordinator } from "@baton/baton";
import { etcd } from "@baton/baton/drivers/etcd";
import { withEtcd } from "../../tests/drivers/etcd/with_etcd.ts";
import { until } from "../../tests/servers/process.ts";
import { serve, status } from "./main.ts";

Deno.test("one of three leads, and when it stops or etcd restarts the work goes on in a later term", async () => {
  await withEtcd(async ({ server }) => {
    const begun: string[] = [];
    const terms: number[] = [];
    const stops = new Map<string, AbortController>();
    const runs = ["a", "b", "c"].map((memberId) => {
      const stop = new AbortController();
      stops.set(memberId, stop);
      const baton = new Coordinator(etcd({ url: server.url }), { memberId, ttl: 30_000 });
      return serve(baton, `zone ${memberId}`, async (term, signal) => {
        begun.push(memberId);
        terms.push(term);
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      }, stop.signal);
    });
    const looking = new Coordinator(etcd({ url: server.url }), { memberId: "looking" });
    await until(
      "all have joined",
      async () => (await status(looking).catch(() => [])).length === 3,
    );
    for (const count of [1, 2, 3]) {
      await until("somebody leads", () => begun.length === count);
      const leader = begun.at(-1)!;
      assert.ok((await status(looking)).includes(`${leader} {"zone":"zone ${leader}"} leads`));
      if (count === 2) await server.restart();
      stops.get(leader)!.abort();
    }
    await Promise.all(runs);
    assert.deepEqual([...begun].sort(), ["a", "b", "c"]);
    assert.deepEqual(terms, terms.toSorted((one, two) => one - two));
    assert.deepEqual(await status(looking), []);
  });
});
