/**
 * What all tokens begin at, which the first request under a prefix writes: what a driver does that does not
 * see it, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { consul } from "../../../drivers/consul/consul.ts";
import type { Op, Outcome } from "../../../drivers/driver.ts";
import { keysUnder } from "../../../drivers/consul/keys.ts";
import { UnknownOutcome } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

const KEYS = keysUnder("baton");
const EPOCH = { Key: "baton/epoch", CreateIndex: 5, ModifyIndex: 5 };

/** The verbs of all requests of one look, at an agent that shows the epoch from so many looks on. */
async function looked(shownFrom: number, value = "1700000000000"): Promise<
  { verbs: string[]; ended: readonly Outcome[] | Error }
> {
  const verbs: string[] = [];
  let looks = 0;
  return await whileFetchIs((_, init) => {
    const [{ KV: { Verb } }] = JSON.parse(String(init?.body));
    verbs.push(Verb);
    const shown = Verb !== "get-tree" || ++looks >= shownFrom;
    const Results = shown ? [{ KV: { ...EPOCH, Value: btoa(value) } }] : [];
    const headers = { date: new Date(1_700_000_000_000).toUTCString() };
    return Promise.resolve(Response.json({ Results, Errors: null }, { headers }));
  }, async () => {
    const driver = consul({ url: "http://127.0.0.1:8500" });
    const ended = await driver.apply([inspect("lock:a")]).catch((error: Error) => error);
    return { verbs, ended };
  });
}

Deno.test("Consul: a driver that does not see what it has written looks twice more, and then says whose fault it is", async () => {
  const nobody = [{ ok: true, leases: [] }];
  assert.deepEqual(await looked(1), { verbs: ["get-tree"], ended: nobody });
  const twice = ["get-tree", "cas", "get-tree"];
  assert.deepEqual(await looked(2), { verbs: twice, ended: nobody });
  // Another driver's write may come between.
  const thrice = [...twice, "cas", "get-tree"];
  assert.deepEqual(await looked(3), { verbs: thrice, ended: nobody });
  for (const never of [4, Infinity]) {
    const { verbs, ended } = await looked(never);
    assert.deepEqual(verbs, thrice);
    assert.deepEqual(Object(ended).code, "unauthorized");
    assert.match(`${ended}`, /does not show what was written.*rights of the ACL token/);
  }
});

Deno.test("Consul: an epoch that JavaScript cannot hold exactly, or that is none, makes no token", async () => {
  for (const value of ["9007199254740993", "0", "-1", "1.5", "x", ""]) {
    const { verbs, ended } = await looked(1, value);
    assert.ok(ended instanceof UnknownOutcome, `${value}: ${ended}`);
    assert.deepEqual(verbs, ["get-tree"]);
  }
});

Deno.test("Consul: a grant whose token cannot be read, or held exactly, is unknown, and so is a look at it", async () => {
  const most = Number.MAX_SAFE_INTEGER;
  const stored = (epoch: number | string, more: object) => [
    { KV: { ...EPOCH, Value: btoa(`${epoch}`) } },
    { KV: { CreateIndex: 7, ModifyIndex: 7, ...more } },
  ];
  const driver = consul({ url: "http://127.0.0.1:8500" });
  const answered = async (op: Op, Results: object[], status = 200) => {
    const headers = { date: new Date(1_700_000_000_000).toUTCString() };
    const fake = (url: unknown) =>
      Promise.resolve(
        String(url).includes("session/create")
          ? Response.json({ ID: "a-session" })
          : Response.json({ Results, Errors: null }, { status, headers }),
      );
    const outcomes = await whileFetchIs(fake, () => driver.apply([op]));
    return outcomes[0]?.leases[0]?.token;
  };
  const [look, mine] = [inspect("lock:a"), acquire("lock:a")];
  const Key = KEYS.seat("lock:a", "");
  const lease = { Key, Value: btoa(`["id",60000,0]\nv`), Session: "a-session" };
  assert.equal(await answered(look, stored(most - 7, lease)), most);
  assert.equal(await answered(mine, stored(most - 7, { Key })), most);
  for (const [epoch, more] of [[most - 6, {}], ["x", {}], [1, { Value: "!" }]] as const) {
    const call = answered(look, stored(epoch, { ...lease, ...more }));
    await assert.rejects(call, UnknownOutcome, `a look: ${epoch}`);
  }
  for (const epoch of [most - 6, "x"]) {
    const call = answered(acquire("lock:a"), stored(epoch, { Key }));
    await assert.rejects(call, UnknownOutcome, `a grant: ${epoch}`);
  }
});
