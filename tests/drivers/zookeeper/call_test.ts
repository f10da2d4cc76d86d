/**
 * What a call makes of the answers in a session, where every answer is chosen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Call } from "../../../drivers/zookeeper/call.ts";
import { Refused } from "../../../drivers/zookeeper/errors.ts";
import {
  check,
  type Part,
  read,
  remove,
  request,
  transaction,
  unwatch,
  watchBelow,
  watchFor,
} from "../../../drivers/zookeeper/wire.ts";
import type { Reply } from "../../../drivers/zookeeper/session.ts";
import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../../errors.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { answering, reply } from "./answering.ts";

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

Deno.test("ZooKeeper: a call has ended when its session was left, which may take its time", async () => {
  const { ensemble } = answering(() => [reply([])]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const call = new Call({ ...ensemble, leave: () => promise } as unknown as typeof ensemble, {});
  await call.ask([read("/a")]);
  let ended = false;
  const end = call.end().then(() => ended = true);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(ended, false);
  resolve();
  assert.equal(await end, true);
});
