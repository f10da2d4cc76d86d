/**
 * Which session leases come into, when it is renewed, and what a transaction that failed leaves of that.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type SessionCalls, Sessions } from "../../../drivers/consul/sessions.ts";
import type { Kept } from "../../../drivers/consul/transaction.ts";
import { onStandingClock } from "../../tools/standing_clock.ts";

const DAY = 86_400_000;

/** Sessions whose clock stands still until the test moves it, and what was asked of Consul. */
async function withSessions(
  test: (scene: {
    sessions: Sessions;
    asked: string[];
    /** The id of the session for these leases. */
    choose(ttl: number, granted: string, renewed?: string): ReturnType<Sessions["choose"]>;
    pass(ms: number): void;
    /** Sessions that Consul does not know any more. */
    gone: Set<string>;
  }) => Promise<void>,
): Promise<void> {
  const [asked, gone]: [string[], Set<string>] = [[], new Set()];
  let made = 0;
  const calls: SessionCalls = {
    create: (ttl) => Promise.resolve(`s${asked.push(`create ${ttl}`), ++made}`),
    renew: (id, keys) => Promise.resolve((asked.push(`renew ${id} ${keys}`), !gone.has(id))),
  };
  const records = (names: string, ttl: number) =>
    new Map([...names].map((key) => [key, { id: `id-${key}`, ttl, value: "v", ends: 0 }]));
  const sessions = new Sessions();
  await onStandingClock((clock) =>
    test({
      ...{ sessions, asked, gone },
      choose(ttl, granted, renewed = "") {
        const kept: Kept = { granted: records(granted, ttl), renewed: records(renewed, ttl) };
        return sessions.choose(ttl, kept, calls);
      },
      pass: (ms) => void (clock.now += ms),
    })
  );
}

Deno.test("Consul: leases that are renewed together share a session, and others do not", () =>
  withSessions(async ({ sessions, asked, choose }) => {
    const first = await choose(8_000, "ab");
    first?.done();
    const second = await choose(8_000, "c");
    second?.done();
    assert.deepEqual([first?.id, second?.id], ["s1", "s2"]);
    // Into the one that has most of them.
    const all = await choose(8_000, "", "abc");
    all?.done();
    assert.equal(all?.id, "s1");
    assert.deepEqual(asked, ["create 9000", "create 9000"]);
    for (const key of "abc") assert.equal(sessions.known(key)?.session, "s1");
    // Nothing is in the other one any more.
    assert.equal((await choose(8_000, "d"))?.id, "s2");
    // A part of them alone must not prolong the rest, nor must one with another ttl.
    assert.equal((await choose(8_000, "", "ab"))?.id, "s3");
    assert.equal((await choose(9_000, "", "abc"))?.id, "s4");
  }));

Deno.test("Consul: a lease that is granted comes into no session in which it may be already", () =>
  withSessions(async ({ choose }) => {
    (await choose(8_000, "a"))?.done();
    assert.equal((await choose(8_000, "a"))?.id, "s2");
  }));

Deno.test("Consul: what is known of a lease is who has it and in which session, until it has ended", () =>
  withSessions(async ({ sessions, choose }) => {
    (await choose(8_000, "ab"))?.done();
    const record = { id: "id-a", ttl: 8_000, value: "v", ends: 0 };
    assert.deepEqual(sessions.known("a"), {
      ...record,
      session: "s1",
      created: 0,
      modified: undefined,
    });
    assert.equal(sessions.known("z"), undefined);
    sessions.ended(["a"]);
    assert.deepEqual([sessions.known("a"), sessions.known("b")?.session], [undefined, "s1"]);
  }));

Deno.test("Consul: a session is renewed when an eighth is over, and forgotten when it may have ended", () =>
  withSessions(async ({ asked, choose, pass }) => {
    (await choose(8_000, "a"))?.done();
    pass(1_000);
    assert.equal((await choose(8_000, "", "a"))?.id, "s1");
    pass(1);
    assert.equal((await choose(8_000, "", "a"))?.id, "s1");
    assert.deepEqual(asked.splice(0), ["create 9000", "renew s1 true"]);
    // It counts from the renewal.
    pass(1_000);
    assert.equal((await choose(8_000, "", "a"))?.id, "s1");
    assert.deepEqual(asked.splice(0), []);
    pass(8_000);
    assert.equal((await choose(8_000, "", "a"))?.id, "s1");
    assert.deepEqual(asked.splice(0), ["renew s1 true"]);
    pass(9_001);
    assert.equal((await choose(8_000, "", "a"))?.id, "s2");
    assert.deepEqual(asked.splice(0), ["create 9000"]);
    // Whole ms, and at most a day.
    await choose(8_001, "b");
    await choose(DAY - 1, "c");
    assert.deepEqual(asked, ["create 9002", `create ${DAY}`]);
  }));

Deno.test("Consul: the leases of a session that has ended are gone, and an ended one without leases is replaced", () =>
  withSessions(async ({ sessions, asked, choose, pass, gone }) => {
    (await choose(8_000, "a"))?.done();
    gone.add("s1");
    pass(1_001);
    assert.equal(await choose(8_000, "", "a"), undefined);
    assert.equal(sessions.known("a"), undefined);
    const next = await choose(8_000, "b");
    next?.undone();
    gone.add("s2");
    pass(1_001);
    assert.equal((await choose(8_000, "c"))?.id, "s3");
    assert.deepEqual(asked, [
      ...["create 9000", "renew s1 true", "create 9000", "renew s2 false", "create 9000"],
    ]);
  }));

Deno.test("Consul: what was not written leaves a session as it was, or without it if it has ended", () =>
  withSessions(async ({ sessions, choose }) => {
    (await choose(8_000, "a"))?.done();
    const failed = await choose(8_000, "b", "a");
    assert.equal(failed?.id, "s1");
    // Nobody else may choose it meanwhile.
    assert.equal((await choose(8_000, "c"))?.id, "s2");
    assert.equal((await choose(8_000, "", "a"))?.id, "s3");
    failed?.undone();
    assert.deepEqual([sessions.known("a")?.session, sessions.known("b")], ["s1", undefined]);
    failed?.lost();
    assert.equal(sessions.known("a")?.session, "s3");
  }));
