/**
 * The database is killed and frozen under load: what was acknowledged is there afterwards, what was
 * not is told as unknown, and the same operation sent again finds out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, UnknownOutcome } from "../../../mod.ts";
import type { Acquire, Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { chance, seedOfRun } from "../../tools/chance.ts";
import { apply, granted, isGranted, released, step } from "../../conformance/expect.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { SIZES } from "../../tools/size_of_proofs.ts";
import { having, type RunningWith } from "../../backends/mod.ts";

type SqlPlace = RunningWith<"server" | "wire" | "table">;

const seed = seedOfRun();
const CLIENTS = 10;
const SEATS = 4;
const CRASHES = SIZES.sqlCrashes;

/** A seat and what is known of it; nobody else uses it. */
interface Seat {
  readonly resource: string;
  readonly seat: string;
  /** Whose acquisition was acknowledged, and no release since. */
  held: { readonly op: Acquire; readonly token: number } | undefined;
  /** Sent, and then nobody said what became of it. */
  pending: Op | undefined;
  /** The last token that it has seen. */
  last: number;
}

/** How much of what has happened. */
const newTally = () => ({ acknowledged: 0, unknown: 0, definite: 0, done: 0, undone: 0 });
type Tally = ReturnType<typeof newTally>;

/** What may be done next with a seat. */
function nextOf({ resource, seat, held }: Seat, dice: number): Op {
  if (!held) return acquire(resource, { seat });
  return dice < 0.5 ? renew(held.op) : release(held.op);
}

/** An acknowledgement becomes knowledge. */
function learn(seat: Seat, op: Op, outcome: Outcome): void {
  seat.pending = undefined;
  if (op.op === "acquire") {
    const { token } = isGranted(outcome, op);
    assert.ok(token > seat.last, `token ${token} after ${seat.last}`);
    seat.last = token;
    seat.held = { op, token };
  } else {
    assert.equal(outcome.ok, true, `${op.op} was refused: ${JSON.stringify(outcome)}`);
    if (op.op === "release") seat.held = undefined;
  }
}

/** Works on its seats until the database is gone. */
async function work(driver: Driver, seats: readonly Seat[], dice: () => number, tally: Tally) {
  for (;;) {
    const seat = seats[Math.floor(dice() * seats.length)]!;
    const op = nextOf(seat, dice());
    seat.pending = op;
    try {
      learn(seat, op, await step(driver, op));
      tally.acknowledged++;
    } catch (error) {
      if (error instanceof UnknownOutcome) tally.unknown++;
      else {
        assert.ok(error instanceof ConnectionError, `${error}`);
        tally.definite++;
        seat.pending = undefined;
      }
      return;
    }
  }
}

/** What was acknowledged is there, and nothing else but what is pending. */
async function nothingLost(driver: Driver, seats: readonly Seat[]): Promise<void> {
  const outcomes = await apply(driver, seats.map(({ resource, seat }) => inspect(resource, seat)));
  for (const [i, seat] of seats.entries()) {
    const { held, pending } = seat;
    const found = outcomes[i]!.leases.map(({ id, token }) => ({ id, token }));
    const expected = held ? [{ id: held.op.id, token: held.token }] : [];
    if (pending?.op === "release" && found.length === 0) continue;
    if (pending?.op === "acquire" && found[0]?.id === pending.id) continue;
    assert.deepEqual(found, expected, `${seat.resource} ${seat.seat}`);
  }
}

/** The same operation once more, with the same id, tells what became of it. */
async function resolve(driver: Driver, seat: Seat, tally: Tally): Promise<void> {
  const op = seat.pending;
  if (!op) return;
  const { resource, seat: place, last } = seat;
  const look = inspect(resource, place);
  const [before] = (await step(driver, look)).leases;
  tally[(op.op === "release") === (before === undefined) ? "done" : "undone"]++;
  const outcome = await step(driver, op);
  if (op.op === "release" && !outcome.ok) assert.deepEqual(outcome.leases, []);
  learn(seat, op, op.op === "release" ? { ok: true, leases: [] } : outcome);
  if (op.op === "acquire") {
    // Granted once: a lease that was there already, and one that is asked for again, are the same.
    if (before) assert.equal(seat.last, before.token);
    assert.equal((await granted(driver, op)).token, seat.last);
    assert.ok(seat.last > last);
  }
}

/** No seat has two rows, and no acquisition two seats. */
async function oneRowEach(place: SqlPlace): Promise<void> {
  const rows = await place.table.rows();
  assert.equal(new Set(rows.map(({ resource, seat }) => `${resource} ${seat}`)).size, rows.length);
  const ids = rows.map(({ id }) => id).filter((id) => id !== "");
  assert.equal(new Set(ids).size, ids.length);
}

/** One seat for each place in a list of lists, by client. */
function seatsOf(clients: number): Seat[][] {
  return Array.from({ length: clients }, (_, i) =>
    Array.from({ length: SEATS }, (_, j): Seat => ({
      resource: `lock:${i % 3}`,
      seat: `${i}-${j}`,
      held: undefined,
      pending: undefined,
      last: 0,
    })));
}

async function crash(place: SqlPlace): Promise<Tally> {
  const tally = newTally();
  const seats = seatsOf(CLIENTS);
  const drivers = seats.map(() => place.wire.connect());
  const dice = chance(seed);
  // Whether anything is under way when it is killed is chance.
  for (let crashes = 0; crashes < CRASHES || (tally.unknown === 0 && crashes < 20); crashes++) {
    const enough = tally.acknowledged + 100 + Math.floor(dice() * 200);
    const working = Promise.all(drivers.map((driver, i) => work(driver, seats[i]!, dice, tally)));
    const killed = until("they are at work", () => tally.acknowledged >= enough)
      .then(() => place.server.kill());
    await Promise.all([working, killed]);
    await place.server.restart();
    await Promise.all(drivers.map((driver, i) => nothingLost(driver, seats[i]!)));
    for (const [i, own] of seats.entries()) {
      await Promise.all(own.map((seat) => resolve(drivers[i]!, seat, tally)));
    }
    await Promise.all(drivers.map((driver, i) => nothingLost(driver, seats[i]!)));
    await oneRowEach(place);
  }
  assert.ok(tally.unknown > 0, "nothing was under way when the database was killed");
  return tally;
}

async function freeze(place: SqlPlace): Promise<void> {
  const driver = place.wire.connect();
  const [fresh, kept, left] = [acquire("lock:new"), acquire("lock:kept"), acquire("lock:left")];
  const [, { token }] = [await granted(driver, left), await granted(driver, kept)];
  const ops = [fresh, renew(kept), release(left)];
  const { seen } = place.wire.faults;
  const first = seen.length;
  const stop = new AbortController();
  place.server.pause();
  const calls = ops.map((op) =>
    assert.rejects(driver.apply([op], { signal: stop.signal }), UnknownOutcome)
  );
  const late = () => seen.slice(first, first + ops.length);
  try {
    await until("the requests arrive", () => late().length === ops.length);
    stop.abort(new Error("tired of waiting"));
    await Promise.all(calls);
    assert.deepEqual(late().map(({ executed }) => executed), [0, 0, 0]);
  } finally {
    place.server.resume();
  }
  // The replays race with what was held up.
  const there = await granted(driver, fresh);
  assert.equal((await step(driver, renew(kept))).ok, true);
  const again = await step(driver, release(left));
  if (!again.ok) assert.deepEqual(again.leases, []);
  const successor = await granted(driver, acquire(left.resource));
  await until("all has happened", () => late().every(({ executed }) => executed > 0));
  assert.equal((await granted(driver, fresh)).token, there.token);
  const [after] = (await step(driver, inspect(left.resource, ""))).leases;
  assert.equal(after?.id, successor.id, "a late release hit a successor");
  assert.equal((await granted(driver, kept)).token, token);
  await released(driver, release(fresh));
  await oneRowEach(place);
}

for (const { name, start } of having("server", "wire", "table")) {
  Deno.test(`${name} that dies or freezes under load (seed ${seed})`, async (t) => {
    const place = await start();
    try {
      await t.step(`${CRASHES} crashes lose nothing that was acknowledged`, async () => {
        const tally = await crash(place);
        // deno-lint-ignore no-console -- the numbers say whether anything was at stake
        console.log(`${name}: ${JSON.stringify(tally)}`);
      });
      await t.step("what a frozen server does late agrees with what was sent again", async () => {
        for (let i = 0; i < 3; i++) {
          await freeze(place);
          await Promise.all(
            ["new", "kept", "left"].map((lock) =>
              place.wire.connect().apply([{ op: "release", resource: `lock:${lock}`, seat: "" }])
            ),
          );
        }
      });
    } finally {
      await place.stop();
    }
  });
}
