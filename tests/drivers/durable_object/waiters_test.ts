/**
 * Many who wait at one object, on the clock of this process.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { encodeOps } from "../../../drivers/kit/codec.ts";
import { withdrawn } from "../../../drivers/kit/failure.ts";
import { durableObject } from "../../../drivers/durable_object/durable_object.ts";
import { acquire } from "../acquire.ts";
import { inProcess } from "./in_process.ts";

const WAITERS = 64;
const PATIENT = { patience: 60_000 };

async function one({ apply }: Driver, op: Op): Promise<Outcome> {
  return (await apply([op]))[0]!;
}

function release(id: string): Op {
  return { op: "release", resource: "lock:x", seat: "", id };
}

Deno.test(`${WAITERS} that wait for one lock are served in the order in which they came`, async () => {
  const { namespace } = inProcess();
  const clients = Array.from({ length: WAITERS }, () => durableObject(namespace));
  const [first] = clients as [Driver];
  await one(first, acquire("holder"));
  const served: number[] = [];
  const tokens: number[] = [];
  const all = clients.map(async (client, n) => {
    const { ok, leases: [lease] } = await one(client, acquire(`${n}`, PATIENT));
    assert.ok(ok && lease);
    served.push(n);
    tokens.push(lease.token);
    assert.equal((await one(client, release(`${n}`))).ok, true);
  });
  await one(first, release("holder"));
  await Promise.all(all);
  assert.deepEqual(served, clients.map((_, n) => n));
  assert.deepEqual(tokens, [...new Set(tokens)].sort((a, b) => a - b));
});

Deno.test("a grant costs as many statements, however many wait behind it", async () => {
  const counts: number[] = [];
  for (const waiters of [1, WAITERS]) {
    let statements = 0;
    const { namespace, database } = inProcess({ statement: () => void statements++ });
    // One grant in 32 sweeps, by its token, and this one does not.
    database.exec(`update baton_state set last = ${2 ** 50}`);
    const driver = durableObject(namespace);
    await one(driver, acquire("holder"));
    const waiting = Array.from(
      { length: waiters },
      (_, n) => one(driver, acquire(`${n}`, PATIENT)),
    );
    // All have come when a later request is answered.
    await one(driver, { op: "inspect", resource: "lock:x" });
    statements = 0;
    await one(driver, release("holder"));
    await waiting[0];
    counts.push(statements);
    for (const n of waiting.keys()) await one(driver, release(`${n}`));
    await Promise.all(waiting);
  }
  const [few = 0, many = 0] = counts;
  // It looks whether the next can have it, too.
  assert.ok(few > 0 && many <= few + 1, `${counts}`);
});

Deno.test("those who wait for a guard are granted by the grant that it wants, waited for or not", async () => {
  const guard = { when: "held", resource: "lock:x", seat: "" } as const;
  for (const patience of [0, 60_000]) {
    const driver = durableObject(inProcess().namespace);
    await one(driver, acquire("holder"));
    const guarded = { ...acquire("guarded", { ...PATIENT, guard }), resource: "lock:y" };
    await one(driver, release("holder"));
    const waits = one(driver, guarded);
    await one(driver, { op: "inspect", resource: "lock:y" });
    assert.equal((await one(driver, acquire("next", { patience }))).ok, true);
    assert.equal((await waits).ok, true);
  }
});

Deno.test("what comes after a wait goes by the clock of then, not of the call", async () => {
  const driver = durableObject(inProcess().namespace);
  const y = { resource: "lock:y" };
  await one(driver, acquire("holder"));
  await one(driver, acquire("short", { ...y, ttl: 20 }));
  const waits = driver.apply([acquire("next", PATIENT), acquire("then", y)]);
  while ((await one(driver, { op: "inspect", ...y })).leases.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await one(driver, release("holder"));
  assert.deepEqual((await waits).map(({ ok }) => ok), [true, true]);
});

Deno.test("who leaves before its operations have come does nothing, whatever comes of them later", async () => {
  const { namespace, database } = inProcess();
  const stub = namespace.get("baton");
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const init = { method: "POST", body: body.readable, duplex: "half" };
  const call = stub.fetch("https://baton/apply/1?n", init as unknown as { method: string });
  await stub.fetch("https://baton/leave/1?n", { method: "POST" });
  await writer.write(new TextEncoder().encode(encodeOps([acquire("late")])));
  await writer.close();
  const answer = await call;
  const { refused } = JSON.parse(await answer.text());
  assert.deepEqual([answer.status, refused], [409, withdrawn().message]);
  assert.deepEqual(database.prepare("select * from baton_leases").all(), []);
});
