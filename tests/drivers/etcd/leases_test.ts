/**
 * What a handle sends for a batch and for a wait, and what it makes of answers that a real etcd seldom gives.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";
import type { Op } from "../../../drivers/driver.ts";
import { acquire, breakSeat, inspect, list, release, renew } from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { type Answer, canned, did, no, NO_EPOCH, refusal, type Sent, TERM, YES } from "./canned.ts";

const [GRANT, TXN, WATCH] = ["/lease/grant", "/kv/txn", "/watch"];
const mine = acquire("lock:a", { id: "mine" });
const LOST = refusal(5, "etcdserver: requested lease not found", 404);

/** Grants a lease of etcd's to whoever asks, and answers the rest so. */
const granting = (answer: (sent: Sent, n: number) => Answer) => (sent: Sent, n: number): Answer =>
  sent.path.endsWith("grant") ? TERM : answer(sent, n);

Deno.test("etcd: where nobody has had a lease, what acquires writes where tokens begin, and nothing else does", async () => {
  const rows: readonly (readonly [ops: readonly Op[], acquires: boolean])[] = [
    [[mine], true],
    [[inspect("lock:b"), mine], true],
    [[mine, inspect("lock:b")], true],
    [[renew(mine)], false],
    [[release(mine)], false],
    [[breakSeat(mine)], false],
    [[inspect("lock:a")], false],
    [[list("")], false],
  ];
  for (const [ops, acquires] of rows) {
    const { driver, sent } = canned(
      granting((_, n) => n < 2 ? NO_EPOCH : did(ops.map(() => YES))),
      { now: () => 5.9 },
    );
    const outcomes = await driver.apply(ops);
    const [txn, again] = sent.filter(({ path }) => path.endsWith("txn"));
    const epoch = { key: btoa("baton/epoch"), value: btoa("5") };
    const what = ops.map(({ op }) => op).join();
    assert.deepEqual(txn?.body["failure"], acquires ? [{ request_put: epoch }] : [], what);
    assert.equal(again !== undefined, acquires, what);
    const looks = ops[0]!.op === "inspect" || ops[0]!.op === "list";
    assert.deepEqual(outcomes[0]?.ok, acquires || looks, what);
    if (!acquires) assert.deepEqual(outcomes[0]?.leases, []);
  }
});

Deno.test("etcd: tokens begin at the clock, unless it cannot be right", async () => {
  const year2100 = 4_102_444_800_000;
  const rows = [[1, "1"], [1_700_000_000_000.7, "1700000000000"], [year2100 - 1, "4102444799999"]];
  const wrong = [-1, 0, NaN, Infinity, year2100].map((now) => [now, "0"]);
  for (const [now, epoch] of [...rows, ...wrong] as [number, string][]) {
    const { driver, sent } = canned(granting((_, n) => n < 2 ? NO_EPOCH : did([YES])), {
      now: () => now,
    });
    await driver.apply([mine]);
    assert.ok(JSON.stringify(sent[1]?.body).includes(`"value":"${btoa(epoch)}"`), `${now}`);
  }
});

Deno.test("etcd: what does not come right at the second time is an error, and is not tried for ever", async () => {
  const never = canned(granting(() => NO_EPOCH));
  await assert.rejects(never.driver.apply([mine]), UnknownOutcome);
  assert.deepEqual(never.paths(), [GRANT, TXN, TXN]);
  const gone = canned(granting(() => LOST.clone()));
  await assert.rejects(gone.driver.apply([mine]), ConnectionError);
  assert.deepEqual(gone.paths(), [GRANT, TXN, GRANT, TXN]);
});

Deno.test("etcd: a lease of etcd's without a number for a name is no answer", async () => {
  for (const ID of [undefined, "", "x1", "1x", "-1", {}]) {
    const { driver, paths } = canned(() => ({ ...TERM, ID }));
    await assert.rejects(driver.apply([mine]), UnknownOutcome);
    assert.deepEqual(paths(), [GRANT]);
  }
});

Deno.test("etcd: a batch of which a part may have been written is unknown, and one of which none was is not", async () => {
  const full = refusal(8, "etcdserver: mvcc: database space exceeded");
  const looks = Array.from({ length: 100 }, (_, n) => inspect(`lock:${n}`));
  // What comes second needs a transaction of its own.
  const rows: readonly (readonly [ops: readonly Op[], known: boolean])[] = [
    [[...looks, mine], true],
    [[...looks.slice(1), mine, breakSeat(mine)], false],
    [[mine, breakSeat(mine)], false],
  ];
  for (const [ops, known] of rows) {
    let txns = 0;
    const { driver } = canned(
      granting(() =>
        txns++ === 0 ? did(ops.slice(0, known ? 100 : -1).map(() => YES)) : full.clone()
      ),
    );
    const error = await batonErrorOf(driver.apply(ops));
    assert.equal(txns, 2);
    assert.equal(error instanceof ConnectionError, known, `${ops.length}: ${error}`);
  }
});

Deno.test("etcd: a cursor that is none is refused before anything is sent", async () => {
  const { driver, sent } = canned(granting(() => did([YES])));
  await assert.rejects(driver.apply([mine, list("a", 1, "nonsense")]), {
    code: "invalid-argument",
  });
  assert.equal(sent.length, 0);
});

const LATE = {
  response_txn: { responses: [{ response_range: { count: "1" } }] },
};

Deno.test("etcd: of some renewals those are made again that were not known, and each has its own outcome", async () => {
  const ops = [acquire("lock:b"), acquire("lock:c"), mine].map((each) => renew(each));
  const gone = { response_txn: { responses: [{ response_range: {} }] } };
  let txns = 0;
  const { driver, sent } = canned(granting(() => {
    if (++txns === 1) return did([gone, LATE, LATE], { revision: "50" });
    return did([YES, gone]);
  }));
  assert.deepEqual((await driver.apply(ops)).map(({ ok }) => ok), [false, true, false]);
  const [first, again, ...more] = sent.slice(1).map(({ body }) => JSON.stringify(body));
  assert.deepEqual(more, []);
  // The revision of the lease of etcd's, and then that of the answer.
  assert.equal(first?.split('"mod_revision":"4"').length, 1 + 3);
  assert.equal(again?.split('"mod_revision":"51"').length, 1 + 2);
  assert.ok(!again?.includes(btoa("baton/leases/lock:b\0")), "what has ended is not tried again");
});

Deno.test("etcd: a renewal whose second transaction is refused is unknown, because of what was beside it", async () => {
  let txns = 0;
  const full = refusal(8, "etcdserver: mvcc: database space exceeded");
  const { driver } = canned(granting(() => txns++ === 0 ? did([YES, LATE]) : full));
  const call = driver.apply([acquire("lock:b"), renew(mine)]);
  await assert.rejects(call, UnknownOutcome);
});

const HELD = { key: "baton/leases/lock:a\0\0other", value: "1000 v", create_revision: "5" };
const PLACE = { key: "baton/queue/lock:a\0\0mine", value: "none", create_revision: "7" };
const patient = (more = {}) => acquire("lock:a", { id: "mine", patience: 600_000, ...more });

/** The answer of a watch that never says anything, but ends with its request. */
function silent({ init: { signal } }: Sent): Response {
  return new Response(
    new ReadableStream({
      start: (out) => signal?.addEventListener("abort", () => out.error(signal.reason)),
    }),
  );
}

/** A wait for what is held, which is aborted once it watches; how it leaves is answered so. */
async function aborted(left: () => Answer) {
  const stop = new AbortController();
  const { signal } = stop;
  const { addEventListener, removeEventListener } = signal;
  const listeners = new Set<unknown>();
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  let counted = 0;
  const { driver, paths, sent } = canned(granting((each) => {
    if (each.path.endsWith("watch")) {
      queueMicrotask(() => stop.abort());
      return silent(each);
    }
    return signal.aborted ? left() : did([no([HELD], [PLACE])]);
  }));
  const beforeRequest = () => void counted++;
  const error = await batonErrorOf(driver.apply([patient()], { signal, beforeRequest }));
  assert.equal(listeners.size, 0);
  assert.equal(counted, sent.length);
  return { error, paths: paths(), last: sent.at(-1)! };
}

Deno.test("etcd: an aborted wait is withdrawn, says that it is not granted, and leaves the queue on its own", async () => {
  for (
    const left of [
      () => did([no([HELD], [])]),
      () => NO_EPOCH,
      () => refusal(8, "etcdserver: mvcc: database space exceeded"),
    ]
  ) {
    const { error, paths, last } = await aborted(left);
    assert.ok(error instanceof UnknownOutcome);
    assert.match(error.message, /this lease is not granted/);
    assert.deepEqual(paths, [GRANT, TXN, WATCH, TXN]);
    assert.deepEqual(last.body["failure"], [], "it writes no epoch");
    assert.equal(last.init.signal, undefined, "it is not aborted with the call");
  }
});

Deno.test("etcd: a place in the queue outlasts the patience and ends, whatever the ttl is", async () => {
  const rows = [
    [{ ttl: 600_000, patience: 8_000 }, ["675"]],
    [{ ttl: 8_000, patience: 8_000 }, ["9"]],
    [{ ttl: 8_000, patience: 16_000 }, ["9", "18"]],
    [{ ttl: Infinity, patience: 8_000 }, ["9"]],
  ] as const;
  for (const [times, terms] of rows) {
    const { driver, sent } = canned(granting(() => did([YES])));
    await driver.apply([patient(times)]);
    const asked = sent.filter(({ path }) => path.endsWith("grant")).map(({ body }) => body["TTL"]);
    assert.deepEqual(asked, terms);
    const body = JSON.stringify(sent.at(-1)?.body);
    // The lease, and the place.
    assert.equal(body.split('"lease":"17"').length - 1, times.ttl === Infinity ? 1 : 2);
  }
});

Deno.test("etcd: one that has lost its place in the queue goes to its end again", async () => {
  let tries = 0;
  const { driver, sent } = canned(
    granting(() => did([tries++ === 0 ? no([], []) : YES])),
  );
  const [outcome] = await driver.apply([patient()]);
  const [first, again, ...more] = sent.filter(({ path }) => path.endsWith("txn"));
  assert.deepEqual([outcome?.ok, more], [true, []]);
  assert.deepEqual(again?.body["success"], first?.body["success"]);
});

Deno.test("etcd: a wait after one in vain lines up first, for every seat that was waited for, and once", async () => {
  // Never true, so that nothing is granted at once.
  const isLine = ({ body }: Sent) =>
    JSON.stringify(body).includes(
      `"result":"EQUAL","create_revision":"0","key":"${btoa("baton/epoch")}"`,
    );
  const seats = ["lock:a", "lock:b"];
  const held = (resource: string) =>
    did([
      no([{ ...HELD, key: `baton/leases/${resource}\0\0other` }], [
        { ...PLACE, key: `baton/queue/${resource}\0\0mine` },
      ]),
    ]);
  let busy = true;
  const { driver, sent } = canned(granting((each) => {
    if (each.path.endsWith("watch")) return silent(each);
    const body = JSON.stringify(each.body);
    const resource = seats.find((each) => body.includes(btoa(`baton/queue/${each}\0\0mine`)))!;
    return busy ? held(resource) : did([YES]);
  }));
  for (const resource of seats) {
    const [outcome] = await driver.apply([{ ...patient({ patience: 1 }), resource }]);
    assert.equal(outcome?.ok, false);
    assert.ok(!sent.some(isLine));
    sent.length = 0;
  }
  busy = false;
  for (const resource of seats) {
    sent.length = 0;
    await driver.apply([{ ...patient(), resource }]);
    assert.deepEqual(sent.map(isLine), [true], resource);
    sent.length = 0;
    await driver.apply([{ ...patient(), resource }]);
    assert.deepEqual(sent.map(isLine), [false], resource);
  }
});
