/**
 * What a call makes of the answers in a session, and what it reads in one flight, where every answer is
 * chosen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ATTEMPTS, Call } from "../../../drivers/zookeeper/call.ts";
import type { Ensemble } from "../../../drivers/zookeeper/ensemble.ts";
import { Refused } from "../../../drivers/zookeeper/errors.ts";
import { Leases } from "../../../drivers/zookeeper/leases.ts";
import type { Listener } from "../../../drivers/zookeeper/news.ts";
import { Nodes } from "../../../drivers/zookeeper/nodes.ts";
import type { Reply, Session } from "../../../drivers/zookeeper/session.ts";
import { reads } from "../../../drivers/zookeeper/view.ts";
import {
  type Answer,
  check,
  list,
  type Part,
  read,
  remove,
  request,
  type Result,
  type Stat,
  transaction,
  unwatch,
  watchBelow,
  watchFor,
  write,
} from "../../../drivers/zookeeper/wire.ts";
import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../../errors.ts";
import { acquire } from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";

/** An answer that has these results, or this one where it is not of several. */
function reply(results: readonly Result[], { zxid = 9, error = 0 } = {}): Reply {
  const answer = { results: () => results, result: () => results[0] };
  return { answer: answer as unknown as Answer, zxid, error };
}

/** Sessions that answer so, and what happens to them. */
function answering(answer: (parts: readonly Part[], n: number) => Reply[] | Error) {
  const flights: (readonly Part[])[] = [];
  const left: boolean[] = [];
  const listeners: Listener[] = [];
  const session = {
    send(parts: readonly Part[]): Promise<Reply[]> {
      flights.push(parts);
      const made = answer(parts, flights.length - 1);
      return made instanceof Error ? Promise.reject(made) : Promise.resolve(made);
    },
    listen: (one: Listener) => void listeners.push(one),
    forget: (one: Listener) => listeners.splice(listeners.indexOf(one), 1).length > 0,
    keep: () => 5,
  };
  const ensemble = {
    enter: () => Promise.resolve(session as unknown as Session),
    leave: (_: Session, well: boolean) => Promise.resolve(void left.push(well)),
  } as unknown as Ensemble;
  return { ensemble, flights, left, listeners };
}

const BYTES = (parts: readonly Part[]) => parts.map((part) => [...request(0, part)].join());
const PARTS = [check("/a"), remove("/b")];

Deno.test("ZooKeeper: a write is done, overtaken or refused, by the first code that says so", async () => {
  const rows: readonly (readonly [codes: readonly number[], what: string | undefined])[] = [
    [[], undefined],
    [[-110, -2], "overtaken"],
    [[0, -111, -2], "overtaken"],
    [[0, 0, -103], "overtaken"],
    [[0, -101, -2], "overtaken"],
    [[0, -102, -2], "unauthorized"],
    [[-125, -2], "connection"],
    [[-5, -2], "unknown-outcome"],
  ];
  for (const [codes, what] of rows) {
    const results = codes.map((error) => ({ error }));
    const { ensemble, flights } = answering(() => [reply(results)]);
    const call = new Call(ensemble, {});
    const made = await call.write(PARTS).catch((error: CoordinationError) => error.code);
    const expected = what === "overtaken" ? undefined : what ?? results;
    assert.deepEqual(made, expected, `${codes}`);
    assert.deepEqual(BYTES(flights[0]!), BYTES([transaction(PARTS)]));
  }
});

Deno.test("ZooKeeper: the session was well if it was answered, even with a refusal", async () => {
  const rows: readonly (readonly [answer: Reply[] | Error, well: boolean, code?: string])[] = [
    [[reply([])], true],
    [[reply([{ error: -102 }])], true, "unauthorized"],
    [new Refused(-102), true, "unauthorized"],
    [new Refused(-101), true],
    [new Error("closed"), false, "unknown-outcome"],
  ];
  for (const [answer, well, code] of rows) {
    const { ensemble, left } = answering(() => answer);
    const call = new Call(ensemble, {});
    const made = await call.write(PARTS).catch((error: CoordinationError) => error.code);
    await call.end();
    assert.deepEqual(left, [well]);
    if (code) assert.equal(made, code);
    await call.end();
    assert.equal(left.length, 1);
  }
});

Deno.test("ZooKeeper: once something was written, what fails or is forbidden later is unknown", async () => {
  const reason = new ConnectionError("enough");
  for (const writes of [true, false]) {
    let requests = 0;
    const { ensemble } = answering((_, n) => n === 0 ? [reply([])] : new Refused(-102));
    const call = new Call(ensemble, {
      beforeRequest: () => {
        if (++requests > 2) throw reason;
      },
    });
    if (writes) await call.write(PARTS);
    else await call.ask(PARTS);
    const refused = await batonErrorOf(call.ask(PARTS));
    const forbidden = await batonErrorOf(call.ask(PARTS));
    const overtaken = call.overtaken() as CoordinationError;
    for (const error of [refused, forbidden, overtaken]) {
      assert.equal(error instanceof ConnectionError, !writes, `${error}`);
      assert.equal(error instanceof UnknownOutcome, writes, `${error}`);
    }
    assert.equal(forbidden === reason, !writes);
    assert.equal(overtaken.retryable, true);
  }
});

Deno.test("ZooKeeper: an abort of what only looks throws its reason, and of a write proves nothing", async () => {
  const reason = new ConnectionError("another backend was not reached");
  const aborted = async (run: (call: Call) => Promise<unknown>): Promise<unknown> => {
    const stop = new AbortController();
    const { ensemble } = answering((_, n) => {
      if (n === 1) stop.abort(reason);
      return n === 0 ? [reply([])] : new Error("closed");
    });
    return await run(new Call(ensemble, { signal: stop.signal })).then(() => "done", (e) => e);
  };
  const looks = async (call: Call) => (await call.ask(PARTS), await call.ask(PARTS));
  assert.equal(await aborted(looks), reason);
  const writes = async (call: Call) => (await call.ask(PARTS), await call.write(PARTS));
  assert.ok(await aborted(writes) instanceof UnknownOutcome);
  const behind = async (call: Call) => (await call.write(PARTS), await call.ask(PARTS));
  assert.ok(await aborted(behind) instanceof UnknownOutcome);
  const stop = new AbortController();
  stop.abort(reason);
  const { ensemble, flights } = answering(() => [reply([])]);
  const call = new Call(ensemble, { signal: stop.signal });
  await assert.rejects(call.write(PARTS), (error) => error === reason);
  assert.equal(flights.length, 0);
});

Deno.test("ZooKeeper: a call listens to what it watched last, and says where it does so no longer", async () => {
  const { ensemble, flights, listeners } = answering((parts) =>
    parts.map(({ watches }) => reply([], { error: watches === "/none" ? -101 : 0 }))
  );
  let requests = 0;
  const call = new Call(ensemble, { beforeRequest: () => void requests++ });
  assert.deepEqual([call.watched, await call.news(600_000)], [undefined, undefined]);
  await call.ask([read("/x"), watchBelow("/a")]);
  assert.deepEqual([call.watched, listeners.map(({ path }) => path)], ["/a", ["/a"]]);
  await call.ask([watchFor("/b")]);
  assert.deepEqual([call.watched, listeners.map(({ path }) => path)], ["/b", ["/b"]]);
  assert.deepEqual(BYTES(flights[1]!), BYTES([unwatch("/a")]));
  assert.equal(requests, 3);
  // It comes nevertheless, and what is below it does not.
  await call.ask([watchFor("/none")]);
  assert.equal(call.watched, "/none");
  await call.ask([watchBelow("/none")]);
  assert.deepEqual([call.watched, listeners], [undefined, []]);
  await call.ask([watchBelow("/a")]);
  listeners[0]!.hear("changed");
  assert.equal(await call.news(600_000), "changed");
  await call.end();
  assert.deepEqual([call.watched, listeners], [undefined, []]);
});

Deno.test("ZooKeeper: a session that no longer tells is left, and news have an end", async () => {
  const { ensemble, left, listeners } = answering((parts) => parts.map(() => reply([])));
  const call = new Call(ensemble, {});
  await call.ask([watchBelow("/a")]);
  assert.equal(await call.news(20), undefined);
  // It sees to the session meanwhile, and goes on listening.
  setTimeout(() => listeners[0]!.hear("lost"), 20);
  assert.equal(await call.news(600_000), "lost");
  assert.deepEqual(left, [false]);
  await call.ask([watchBelow("/a")]);
  await call.end();
  assert.deepEqual(left, [false, true]);
});

const stat = (more: Partial<Stat> = {}): Stat => (
  { czxid: 1, mzxid: 2, ctime: 3, mtime: 4, version: 5, children: 6, pzxid: 7, ...more }
);

Deno.test("ZooKeeper: a flight of reads has the time, the lists and the nodes, each in its place", async () => {
  const [found, names] = [{ text: "t", stat: stat() }, { names: ["x"] }];
  const { ensemble, flights } = answering((parts) => {
    const own = reply([names, found, { error: -101 }]);
    return parts.length === 1 ? [own] : [reply([{ stat: stat({ mtime: 77 }) }]), reply([]), own];
  });
  const call = new Call(ensemble, {});
  const paths = ["/a", "/b"];
  const seen = await reads(call, paths, [list("/l")], write("/clock", "n"), watchBelow("/w"));
  assert.deepEqual([seen.now, seen.lists, seen.atOnce], [77, [names], true]);
  assert.deepEqual([...seen.at], [["/a", found], ["/b", { error: -101 }]]);
  assert.deepEqual(flights[0]?.map(({ type, watches }) => [type, watches]), [
    [5, undefined],
    [8, "/w"],
    [22, undefined],
  ]);
  assert.ok(Number.isNaN((await reads(call, paths, [list("/l")])).now));
});

Deno.test("ZooKeeper: any other refusal of a read is an error", async () => {
  const call = new Call(answering(() => [reply([{ error: -102 }])]).ensemble, {});
  await assert.rejects(reads(call, ["/a"], []), { code: "unauthorized" });
  const odd = reply([]);
  odd.answer.results = () => {
    throw new RangeError("too short");
  };
  const broken = new Call(answering(() => [odd]).ensemble, {});
  await assert.rejects(reads(broken, ["/a"], []), UnknownOutcome);
});

Deno.test("ZooKeeper: long names take several looks, which are of one instant if nothing was written between", async () => {
  const name = (n: number) => `${n}`.padEnd(100_000, "x");
  const paths = Array.from({ length: 4 }, (_, n) => name(n));
  const seen = async (second: Partial<Stat>) => {
    const { ensemble, flights } = answering(() => [
      reply([0, 1, 2].map(() => ({ stat: stat({ mzxid: 9, pzxid: 9 }) })), { zxid: 9 }),
      reply([{ stat: stat(second) }], { zxid: 10 }),
    ]);
    const { atOnce, at } = await reads(new Call(ensemble, {}), paths, []);
    assert.deepEqual([flights[0]?.length, at.size], [2, 4]);
    return atOnce;
  };
  assert.equal(await seen({ mzxid: 9, pzxid: 9 }), true);
  assert.equal(await seen({ mzxid: 10 }), false);
  assert.equal(await seen({ pzxid: 10 }), false);
  // One look is of one instant, whatever is in it.
  const one = answering(() => [reply([{ stat: stat({ mzxid: 99 }) }], { zxid: 9 })]);
  assert.equal((await reads(new Call(one.ensemble, {}), ["/a"], [])).atOnce, true);
  // A name alone is looked at, however long it is.
  const long = answering(() => [reply([]), reply([{ error: -101 }])]);
  await reads(new Call(long.ensemble, {}), ["x".repeat(300_001)], []);
  assert.equal(long.flights[0]?.length, 2);
});

Deno.test("ZooKeeper: who is overtaken a thousand times gives up, and nothing was written", async () => {
  const root = { text: "", stat: stat() };
  let writes = 0;
  const { ensemble } = answering((parts) => {
    if (parts.length === 1) return writes++, [reply([{ error: -110 }])];
    const missing = { error: -101 };
    return [reply([{ stat: stat({ mtime: 5 }) }]), reply([root, missing, missing])];
  });
  const leases = new Leases(ensemble, new Nodes("/r"), "world");
  for (const patience of [undefined, 600_000]) {
    writes = 0;
    const error = await batonErrorOf(leases.apply([acquire("a", { patience })], {}));
    assert.ok(error instanceof ConnectionError && error.retryable);
    assert.match(error.message, /Others were first 1000 times, so nothing was written/);
    assert.deepEqual([writes, ATTEMPTS], [1_000, 1_000]);
  }
});
