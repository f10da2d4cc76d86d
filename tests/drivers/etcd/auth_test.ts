import assert from "node:assert/strict";
import { codeOf } from "../../../errors.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { acquire, inspect, release } from "../../conformance/operations.ts";
import { startBadServer } from "../../security/bad_server.ts";
import { type EtcdFixture, withEtcd } from "./with_etcd.ts";

const ROOT = { user: "root", password: "root-p4ssword" };
const BATON = { user: "baton", password: "baton-p4ssword" };

/** Turns authentication on. The user `baton` may read and write under `baton/` alone. */
async function withAuth(test: (fixture: EtcdFixture) => Promise<void>): Promise<void> {
  await withEtcd(async (fixture) => {
    const { ask } = fixture;
    for (const { user, password } of [ROOT, BATON]) {
      await ask("/auth/user/add", { name: user, password });
    }
    await ask("/auth/role/add", { name: "baton" });
    const perm = { permType: "READWRITE", key: btoa("baton/"), range_end: btoa("baton0") };
    await ask("/auth/role/grant", { name: "baton", perm });
    await ask("/auth/user/grant", { user: "baton", role: "baton" });
    await ask("/auth/user/grant", { user: "root", role: "root" });
    await ask("/auth/enable");
    await test(fixture);
  });
}

async function refusal(driver: Driver, advice: RegExp): Promise<void> {
  for (const op of [acquire("lock:a"), inspect("lock:a"), acquire("lock:b", { ttl: Infinity })]) {
    await assert.rejects(driver.apply([op]), (error: Error) => {
      assert.equal(codeOf(error), "unauthorized", `${error}`);
      assert.match(error.message, advice);
      assert.doesNotMatch(error.message, /p4ssword/);
      return true;
    });
  }
}

Deno.test("etcd: a user may do what its role allows, after one request for a token", async () => {
  await withAuth(async ({ connect, paths }) => {
    const driver = connect(BATON);
    const mine = acquire("lock:a");
    const [grant] = await driver.apply([mine]);
    assert.equal(grant?.ok, true);
    assert.deepEqual(paths().slice(0, 2), ["/auth/authenticate", "/lease/grant"]);
    const wait = connect(BATON).apply([acquire("lock:a", { patience: 600_000 })]);
    await driver.apply([release(mine)]);
    assert.equal((await wait)[0]?.ok, true);
    assert.equal(paths().filter((path) => path === "/auth/authenticate").length, 1);
  });
});

Deno.test("etcd: no user, a wrong password and a wrong prefix are refused with what to change", async () => {
  await withAuth(async ({ connect, ask }) => {
    await refusal(connect(), /check the user, the password and the rights/);
    await refusal(
      connect({ ...BATON, password: "wrong-p4ssword" }),
      /check the user, the password/,
    );
    await refusal(
      connect({ user: "nobody", password: "a-p4ssword" }),
      /check the user, the password/,
    );
    await refusal(connect({ ...BATON, keyPrefix: "other/" }), /the rights/);
    const { token } = await ask("/auth/authenticate", { name: ROOT.user, password: ROOT.password });
    const all = { key: "AA==", range_end: "AA==", count_only: true };
    const { count } = await ask("/kv/range", all, String(token));
    assert.equal(count, undefined, "nothing was written");
  });
});

Deno.test("etcd: a token that etcd has forgotten is replaced, and the request sent again", async () => {
  await withAuth(async ({ server, connect, paths }) => {
    const driver = connect(BATON);
    const mine = acquire("lock:a");
    const [first] = await driver.apply([mine]);
    // Its tokens live in its memory.
    await server.restart();
    paths();
    const [again] = await driver.apply([mine]);
    assert.equal(again?.leases[0]?.token, first?.leases[0]?.token);
    assert.deepEqual(paths(), ["/kv/txn", "/auth/authenticate", "/kv/txn"]);
  });
});

Deno.test("etcd: a token that is never right is asked for once more, and no more often", async () => {
  const server = await startBadServer();
  const body = (message: string, code: number) => JSON.stringify({ error: message, message, code });
  server.behave(({ url }, response) => {
    if (url.includes("authenticate")) response.end(JSON.stringify({ token: "a-t0ken" }));
    else response.writeHead(401).end(body("etcdserver: invalid auth token", 16));
  });
  try {
    const { etcd } = await import("../../../drivers/etcd/etcd.ts");
    const driver = etcd({ url: `http://${server.host}`, ...BATON });
    let requests = 0;
    const beforeRequest = () => void requests++;
    await assert.rejects(
      driver.apply([inspect("lock:a")], { beforeRequest }),
      (error) => codeOf(error) === "unauthorized",
    );
    assert.equal(requests, 4);
    assert.equal(server.received.length, 4);
  } finally {
    await server.stop();
  }
});
