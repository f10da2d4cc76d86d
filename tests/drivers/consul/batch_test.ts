/**
 * What a batch asks of Consul, how often, and what it remembers, on a Consul within the process.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Op, Outcome } from "../../../drivers/driver.ts";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";
import {
  acquire,
  ifHeld,
  ifVacant,
  inspect,
  list,
  release,
  renew,
} from "../../conformance/operations.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { FakeConsul } from "./fake_consul.ts";

const [LOOK, WRITE, SESSION, WATCH] = ["txn look", "txn write", "session", "kv"];
const WEEK = 7 * 86_400_000;
const take = (resource: string, more = {}) => acquire(resource, { ttl: 60_000, ...more });

/** A Consul that has its epoch, a driver, and what it costs to run a batch. */
async function withCosts(
  test: (
    scene: {
      server: FakeConsul;
      driver: ReturnType<FakeConsul["connect"]>;
      costs(requests: readonly string[], ...ops: readonly Op[]): Promise<readonly Outcome[]>;
    },
  ) => Promise<void>,
): Promise<void> {
  const server = new FakeConsul();
  const driver = server.connect();
  await driver.apply([inspect("before")]);
  assert.deepEqual(server.asked(), [LOOK, "txn epoch", LOOK]);
  await test({
    ...{ server, driver },
    async costs(requests, ...ops) {
      const outcomes = await driver.apply(ops);
      assert.deepEqual(server.asked(), requests, ops.map(({ op }) => op).join());
      assert.equal(outcomes.length, ops.length);
      return outcomes;
    },
  });
}

Deno.test("Consul: what most likely succeeds is tried without a look, and what is known to fail is looked at", () =>
  withCosts(async ({ costs, server }) => {
    const other = server.connect();
    const mine = take("a");
    await costs([SESSION, WRITE], mine);
    await costs([WRITE], release(mine));
    // Its session has no lease now, so the next one comes into it.
    await costs([WRITE], mine);
    const theirs = take("a");
    const refused = async (requests: readonly string[], op: Op) => {
      const [outcome] = await other.apply([op]);
      assert.deepEqual(server.asked(), requests);
      assert.deepEqual([outcome?.ok, outcome?.leases[0]?.id], [false, mine.id]);
    };
    await refused([SESSION, WRITE, LOOK], theirs);
    await refused([LOOK], theirs);
    // A replay, and what only looks, is answered by a look.
    const [replayed] = await costs([LOOK], mine);
    assert.equal(replayed?.ok, true);
    await costs([LOOK], inspect("a"));
    await costs([LOOK], list(""));
    await costs([LOOK], renew(mine));
    await costs([LOOK, WRITE], renew(mine, "v"));
    await costs([WRITE], release(mine));
    await costs([LOOK], release(mine));
    assert.equal((await other.apply([theirs]))[0]?.ok, true);
    assert.deepEqual(server.asked(), [LOOK, WRITE], "it was refused before");
    await other.apply([release(theirs)]);
    server.asked();
    await other.apply([take("a")]);
    assert.deepEqual(server.asked(), [WRITE], "which is over");
  }));

Deno.test("Consul: sixteen operations are tried without a look, and more are not", () =>
  withCosts(async ({ costs }) => {
    const many = (name: string, count: number) =>
      Array.from({ length: count }, (_, n) => take(`${name}${n}`));
    const first = many("a", 16);
    await costs([SESSION, WRITE], ...first);
    await costs([WRITE], ...first.map((op) => release(op)));
    await costs([LOOK, WRITE], ...many("b", 17));
    // Nor is what needs two transactions, for no seat is granted twice in one.
    const op = take("c");
    await costs([LOOK, SESSION, WRITE, LOOK, WRITE], op, release(op), { ...op, id: "j" });
  }));

Deno.test("Consul: what a look alone can tell is not tried without one", () =>
  withCosts(async ({ costs, driver, server }) => {
    const group = take("groups", { seat: "g", ttl: Infinity });
    await costs([WRITE], group);
    await costs([LOOK, SESSION, WRITE], take("m", { seat: "m", guard: ifHeld("groups", "g") }));
    await costs([LOOK, WRITE], take("w", { ttl: WEEK }));
    await costs([LOOK, WRITE], { op: "release", resource: "w", seat: "" });
    // A seat that is vacant is checked as such.
    await costs([SESSION, WRITE], take("x", { guard: ifVacant("groups", "h") }));
    // Nobody has ever been there, most likely.
    await costs([SESSION, WRITE], take("y", { guard: ifVacant("never") }));
    const free = take("z", { guard: ifVacant("m") });
    await costs([LOOK], free);
    await costs([LOOK], free);
    const member = (await driver.apply([inspect("m")]))[0]!.leases[0]!;
    await driver.apply([release({ ...take("m"), seat: "m", id: member.id })]);
    server.asked();
    await costs([LOOK, WRITE], free);
  }));

Deno.test("Consul: a resource that was empty with that mark is tried so, and a seat that is taken there says no", () =>
  withCosts(async ({ costs, server }) => {
    const reader = take("readers", { seat: "r" });
    const lock = () => take("lock", { guard: ifVacant("readers") });
    const first = lock();
    await costs([SESSION, WRITE], reader);
    await costs([LOOK], first);
    await costs([WRITE], release(reader));
    const [granted] = await costs([LOOK, WRITE], first);
    assert.equal(granted?.ok, true);
    // Its mark is known now.
    await costs([WRITE], release(first));
    const next = lock();
    await costs([WRITE], next);
    await costs([WRITE], release(next, ifVacant("readers")));
    await costs([WRITE], { ...reader, id: "again" });
    await costs([LOOK], lock());
    // Where nothing is known a release looks first.
    const other = server.connect();
    const mine = take("other");
    await other.apply([mine]);
    server.asked();
    await other.apply([release(mine, ifVacant("unknown"))]);
    assert.deepEqual(server.asked(), [LOOK, WRITE]);
  }));

Deno.test("Consul: what keeps changing is tried a thousand times, and then nothing was written, or a part was", () =>
  withCosts(async ({ driver, server }) => {
    const mine = take("a");
    await driver.apply([mine]);
    for (const first of [[], [take("b")]]) {
      server.asked();
      let writes = 0;
      server.meddle = (path, _, body) => {
        const isIt = path === "txn" && body.includes("p") && body.includes("/lease/a/") &&
          !body.includes("get-tree");
        if (!isIt) return;
        writes++;
        return Response.json({ Errors: [{ What: "index" }] }, { status: 409 });
      };
      // The grant of a seat a second time needs a transaction of its own.
      const again = first.flatMap((op) => [op, release(op), { ...op, id: "again" }]);
      const error = await batonErrorOf(driver.apply([...again, renew(mine, "v")]));
      server.meddle = () => {};
      assert.match(error.message, /before each of 1000 writes/);
      assert.equal(writes, 1_000);
      const known = first.length === 0;
      assert.equal(error instanceof ConnectionError, known);
      assert.equal(error instanceof UnknownOutcome, !known);
      assert.equal(error.retryable, true);
      await driver.apply([{ op: "release", resource: "b", seat: "" }]);
    }
  }));

Deno.test("Consul: when a session has ended, its leases are lost, and what is granted comes into a new one", () =>
  withCosts(async ({ costs, server }) => {
    const mine = take("a");
    await costs([SESSION, WRITE], mine);
    server.end("s-1");
    const [gone] = await costs([LOOK], renew(mine));
    assert.equal(gone?.ok, false);
    const [next] = await costs([LOOK, SESSION, WRITE], { ...mine, id: "next" });
    assert.equal(next?.ok, true);
    await costs([WRITE], release({ ...mine, id: "next" }));
    // That it is over is found when something is written.
    server.end("s-2");
    const [again] = await costs([WRITE, LOOK, WRITE, LOOK, SESSION, WRITE], {
      ...mine,
      id: "again",
    });
    assert.equal(again?.ok, true);
  }));

Deno.test("Consul: what has ended by the clock is ended first where it does not fit beside the rest, and then it looks again", () =>
  withCosts(async ({ costs, driver, server }) => {
    const slots = Array.from({ length: 31 }, (_, n) => take("j", { seat: `${n}`, ttl: WEEK }));
    await driver.apply(slots);
    server.asked();
    server.now += 2 * WEEK;
    const [seen] = await costs([LOOK, "txn sweep", LOOK], inspect("j"));
    assert.deepEqual(seen?.leases, []);
    assert.deepEqual(server.leases, []);
  }));

Deno.test("Consul: the token of each grant is that of its key, in whichever transaction it was made", () =>
  withCosts(async ({ driver, server }) => {
    const mine = take("a");
    const ops = [mine, take("b"), release(mine), { ...mine, id: "j" }, inspect("b")];
    const outcomes = await driver.apply(ops);
    assert.deepEqual(outcomes.map(({ ok }) => ok), [true, true, true, true, true]);
    const [a, b, , again, look] = outcomes.map(({ leases }) => leases[0]?.token);
    assert.ok(a! > 1_699_999_999_999 && a === b && again! > a! && look === b);
    const [seen] = await server.connect().apply([inspect("a")]);
    assert.equal(seen?.leases[0]?.token, again);
    // A refusal shows one of this transaction beside one of before.
    const [old, fresh] = ["old", "new"].map((name) => take("g", { seat: name })) as [
      Acquire,
      Acquire,
    ];
    const [before] = await driver.apply([old]);
    const [granted, refused] = await driver.apply([fresh, take("z", { guard: ifVacant("g") })]);
    const token = (outcome?: Outcome) => outcome?.leases[0]?.token;
    assert.deepEqual(refused?.leases.map(({ seat, token }) => [seat, token]), [
      ["new", token(granted)],
      ["old", token(before)],
    ]);
    assert.ok(token(granted)! > token(before)!);
    // One that takes the place of another of the same transaction has a token of its own.
    const [, next] = await driver.apply([release(old), { ...old, id: "next" }]);
    assert.ok(token(next)! > token(granted)!);
  }));

Deno.test("Consul: one that waits watches what is in its way from the change that it saw, and tries when that is gone", () =>
  withCosts(async ({ driver, server }) => {
    const mine = take("a");
    await driver.apply([mine]);
    const other = server.connect();
    server.asked();
    const watched: string[] = [];
    server.meddle = (path, { searchParams }) => {
      if (!path.startsWith("kv/")) return;
      const index = searchParams.get("index");
      watched.push(`${path.slice(3)} ${index}${searchParams.has("recurse") ? " all" : ""}`);
      server.drop("baton/lease/a/,");
    };
    const patient = take("a", { patience: 600_000 });
    assert.equal((await other.apply([patient]))[0]?.ok, true);
    assert.deepEqual(server.asked(), [SESSION, WRITE, LOOK, WATCH, WRITE]);
    assert.deepEqual(watched, ["baton/lease/a/, 12"]);
    // What is in the way of its guard, of which no single change is known.
    const reader = take("r", { seat: "s" });
    await driver.apply([reader]);
    server.asked();
    watched.length = 0;
    server.meddle = (path, { searchParams }) => {
      if (!path.startsWith("kv/")) return;
      watched.push(`${path.slice(3)} ${searchParams.get("index")}`);
      if (watched.length === 2) server.drop("baton/lease/r/s,");
    };
    const guarded = take("w", { patience: 600_000, guard: ifVacant("r") });
    assert.equal((await other.apply([guarded]))[0]?.ok, true);
    // The first wait learns the index, which the next ones wait from.
    assert.deepEqual(watched, ["baton/lease/r/ 1", "baton/lease/r/ 15"]);
  }));

Deno.test("Consul: one whose wait was in vain asks with one wait the next time, unless something has changed", () =>
  withCosts(async ({ driver, server }) => {
    const mine = take("a");
    await driver.apply([mine]);
    const other = server.connect();
    server.asked();
    const patient = () => take("a", { patience: 600_000 });
    const refused = async (requests: readonly string[], ...ops: readonly Op[]) => {
      const [outcome, ...rest] = await other.apply(ops);
      assert.deepEqual(server.asked(), requests);
      assert.deepEqual([outcome?.ok, outcome?.leases[0]?.id], [false, mine.id]);
      return rest;
    };
    // A wait that ends without a change is over: Consul has waited for as long as it was asked to.
    await refused([SESSION, WRITE, LOOK, WATCH], patient());
    await refused([WATCH], patient());
    server.meddle = (path) => {
      server.meddle = () => {};
      if (path.startsWith("kv/")) server.touch("baton/lease/a/,");
    };
    await refused([WATCH, LOOK, WATCH], patient());
    // What comes after it is done, in the same look if that is enough.
    const more = await refused([LOOK, WATCH, LOOK], patient(), inspect("a"), inspect("b"));
    assert.deepEqual(more.map(({ leases }) => leases.length), [1, 0]);
    const behind = await refused([LOOK, WATCH, LOOK, WATCH], patient(), patient());
    assert.equal(behind[0]?.ok, false);
    // A replay is not refused, whatever is remembered.
    const [replay] = await driver.apply([{ ...mine, patience: 600_000 }]);
    assert.equal(replay?.ok, true);
  }));

Deno.test("Consul: one that waits for what ends by the clock looks when that is over, although nothing has changed", () =>
  withCosts(async ({ driver, server }) => {
    const week = take("a", { ttl: WEEK });
    await driver.apply([week]);
    const other = server.connect();
    server.now += WEEK - 2_000;
    server.asked();
    let waits = "";
    server.meddle = (path, { searchParams }) => {
      if (!path.startsWith("kv/")) return;
      waits = `${searchParams.get("wait")}`;
      server.now += 2_000;
    };
    const [granted] = await other.apply([take("a", { patience: 600_000 })]);
    assert.equal(granted?.ok, true);
    assert.equal(waits, `${Math.floor(2_000 * 16 / 17)}ms`);
    assert.deepEqual(server.asked(), [SESSION, WRITE, LOOK, WATCH, LOOK, WRITE]);
  }));
