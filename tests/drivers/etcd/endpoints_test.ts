import assert from "node:assert/strict";
import { etcd } from "../../../drivers/etcd/etcd.ts";
import { ConnectionError, UnknownOutcome } from "../../../mod.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { freePort } from "../../servers/ports.ts";
import { until } from "../../servers/process.ts";
import { startEtcdFront } from "../../servers/etcd_front.ts";
import { withEtcd } from "./with_etcd.ts";

Deno.test("etcd: members are tried in order until one is reached, and that one is kept", async () => {
  await withEtcd(async ({ front, paths }) => {
    const nobody = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    let requests = 0;
    const beforeRequest = () => void requests++;
    const driver = etcd({ url: [...nobody, front.url] });
    const [outcome] = await driver.apply([inspect("lock:a")], { beforeRequest });
    assert.equal(outcome?.ok, true);
    assert.equal(requests, 3);
    await driver.apply([inspect("lock:a")], { beforeRequest });
    assert.equal(requests, 4, "it goes on where it was answered");
    assert.deepEqual(paths(), ["/kv/txn", "/kv/txn"]);
    const alone = etcd({ url: nobody });
    await assert.rejects(alone.apply([acquire("lock:a")]), (error: Error) => {
      assert.ok(error instanceof ConnectionError && error.retryable, `${error}`);
      return true;
    });
  });
});

Deno.test("etcd: after a member that does not answer, or answers nonsense, the next one is asked", async () => {
  await withEtcd(async ({ front, server }) => {
    const broken = await startEtcdFront(server);
    const driver = etcd({ url: [broken.url, front.url] });
    try {
      for (const fault of ["black-hole", "truncate", { status: 503, body: "no" }] as const) {
        const stop = new AbortController();
        const { seen } = broken.faults;
        const before = seen.length;
        broken.faults.always(() => fault);
        const op = acquire(`lock:${JSON.stringify(fault)}`);
        const call = driver.apply([op], { signal: stop.signal });
        const fails = assert.rejects(call, (error) => error instanceof UnknownOutcome);
        await until("it was asked", () => seen.length > before);
        if (fault === "black-hole") stop.abort();
        await fails;
        const [outcome] = await driver.apply([op]);
        assert.equal(outcome?.ok, true);
        assert.equal(seen.length, before + 1, "the other one was asked");
        // Back to the first.
        front.faults.next({ status: 503, body: "no" });
        await assert.rejects(driver.apply([inspect("lock:a")]));
      }
    } finally {
      await broken.stop();
    }
  });
});
