/**
 * Very many grants, joins, deletes, heartbeats and clean-ups at once on one table, and nobody
 * overlaps, is orphaned or hears of a deadlock. Replay the dice of a run with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver, Op } from "../../../drivers/driver.ts";
import { retrying } from "../../../coordination/leases/retrying.ts";
import { chance, seedOfRun, shuffled } from "../../tools/chance.ts";
import { apply, isGranted, released, step } from "../../conformance/expect.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  release,
  renew,
} from "../../conformance/operations.ts";
import { SIZES } from "../../tools/size_of_proofs.ts";
import { having, type RunningWith } from "../../backends/mod.ts";

const seed = seedOfRun();
const CLIENTS = 16;
const { sqlGrants: grants } = SIZES;
const [rounds, batches] = [0.6 * grants, 0.4 * grants];
/** For how many times its turns a run is given to get to what it must have met. */
const MORE = 20;

/**
 * So many clients, until one fails or there is nothing left to do, and everything has been met that
 * must be: who is quick and who is slow decides when. Throws the first failure.
 */
async function together(
  clients: readonly Driver[],
  count: number,
  met: () => boolean,
  turn: (driver: Driver, client: number, random: () => number) => Promise<number | void>,
): Promise<void> {
  let left = count;
  const ends = await Promise.allSettled(clients.map(async (driver, client) => {
    const random = chance(seed + client);
    try {
      while (left > 0 || (left > -MORE * count && !met())) {
        const done = await turn(driver, client, random) ?? 1;
        left -= done;
      }
    } catch (error) {
      left = -Infinity;
      throw error;
    }
  }));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** A lease as its holder sees it. */
interface Held {
  readonly op: Acquire;
  /** Before that, by the clock of this host, it has not ended. */
  readonly until: number;
  /** Settled when its holder is about to release it, or when it has ended by itself. */
  readonly left: PromiseWithResolvers<void>;
}

/** Writers, readers and plain locks: who is inside at the same time as whom, by our own register. */
async function compete(
  clients: readonly Driver[],
  grants: number,
  short: number,
): Promise<Map<string, number>> {
  const name = crypto.randomUUID();
  const locks = ["plain-1", "plain-2", "a", "b", "c", "d", "e", "f"].map((lock) => ({
    lock: `lock:${name}-${lock}`,
    readers: `readers:${name}-${lock}`,
    guarded: !lock.startsWith("plain"),
    inside: new Set<Held>(),
  }));
  const last = new Map<string, number>();
  const seen = new Set<string>();
  const tally = new Map<string, number>();
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
  const times = (what: string): number => tally.get(what) ?? 0;
  const met = (): boolean =>
    ["locked", "wrote", "read"].every((what) => times(what) > grants / 100) &&
    times("abandoned") + times("late") > grants / 100;
  await together(clients, grants, met, async (driver, client, random) => {
    const { lock, readers, guarded, inside } = locks[Math.floor(random() * locks.length)]!;
    const abandons = random() < 0.05;
    const ttl = abandons ? Math.ceil(short * random()) : 60_000;
    const reads = guarded && random() < 0.5;
    const op = reads
      ? acquire(readers, { seat: `r${client}`, ttl, guard: ifVacant(lock, "") })
      : acquire(lock, { ttl, ...(guarded && { guard: ifVacant(readers) }) });
    const until = performance.now() + ttl;
    const outcome = await step(driver, op);
    if (!outcome.ok) {
      count("refused");
      // Whoever waits wakes with the release under way, and not before: all others are in a race.
      const [other] = inside;
      await other?.left.promise;
      return 0;
    }
    const now = performance.now();
    const { token } = isGranted(outcome, op);
    const seat = `${op.resource} ${op.seat}`;
    assert.ok(!seen.has(`${seat} ${token}`), `token ${token} was given twice`);
    seen.add(`${seat} ${token}`);
    // It has ended before we hear of it, so others may have come and gone since.
    if (now >= until) return count("late");
    for (const other of inside) {
      const apart = reads && other.op.resource === readers && other.op.seat !== op.seat;
      if (now >= other.until) inside.delete(other);
      else assert.ok(apart, `${JSON.stringify(op)} overlaps ${JSON.stringify(other.op)}`);
    }
    const left = Promise.withResolvers<void>();
    const held = { op, until: abandons ? until : Infinity, left };
    inside.add(held);
    assert.ok(token > (last.get(seat) ?? 0), `token ${token} after ${last.get(seat)}`);
    last.set(seat, token);
    count(abandons ? "abandoned" : reads ? "read" : guarded ? "wrote" : "locked");
    const stay = abandons ? until - now : random() * 2;
    await new Promise((resolve) => setTimeout(resolve, stay));
    inside.delete(held);
    left.resolve();
    if (!abandons) await released(driver, release(op));
  });
  assert.ok(met(), `not all was met: ${JSON.stringify([...tally])}`);
  return tally;
}

/** Guarded joins against guarded deletes: no member is ever without its group. */
async function orphan(clients: readonly Driver[], rounds: number): Promise<Map<string, number>> {
  const name = crypto.randomUUID();
  const groups = Array.from({ length: 4 }, (_, i) => ({
    there: { resource: `groups:${name}`, seat: `${i}` },
    members: `group:${name}-${i}`,
    /** Those who have joined and have not begun to leave. */
    joined: new Set<Acquire>(),
  }));
  const tally = new Map<string, number>();
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
  const met = (): boolean =>
    ["deleted", "not deleted", "joined", "not joined"].every((what) =>
      (tally.get(what) ?? 0) > rounds / 300
    );
  await together(clients, rounds, met, async (driver, client, random) => {
    const { there, members, joined } = groups[Math.floor(random() * groups.length)]!;
    const dice = random();
    if (dice < 0.2) {
      const { ok } = await step(driver, acquire(there.resource, { seat: there.seat }));
      return count(ok ? "created" : "not created");
    }
    if (dice < 0.6) {
      const before = [...joined];
      const { ok } = await step(driver, breakSeat(there, ifVacant(members)));
      const orphans = ok ? before.filter((member) => joined.has(member)) : [];
      assert.deepEqual(orphans, [], "a group was deleted while it had members");
      return count(ok ? "deleted" : "not deleted");
    }
    const member = acquire(members, {
      seat: `m${client}`,
      guard: ifHeld(there.resource, there.seat),
    });
    if (!(await step(driver, member)).ok) return count("not joined");
    joined.add(member);
    const group = inspect(there.resource, there.seat);
    const [first] = (await step(driver, group)).leases;
    assert.ok(first, "a member without its group");
    if (random() < 0.5) {
      assert.equal((await step(driver, group)).leases[0]?.id, first.id, "its group was replaced");
    }
    joined.delete(member);
    await released(driver, release(member));
    count("joined");
  });
  assert.ok(met(), `not all was met: ${JSON.stringify([...tally])}`);
  return tally;
}

/** Everything at once, by clients that renew, take over and break one another's leases. */
async function mix(
  clients: readonly Driver[],
  { table }: RunningWith<"table">,
  count: number,
): Promise<number> {
  const resource = `beats:${crypto.randomUUID()}`;
  const take = (seat: string) => acquire(resource, { seat });
  const leases = Array.from({ length: 30 }, (_, i) => take(`${i}`));
  const lock = `lock:${resource}`;
  const [age, sweep] = [await table.aging(), await table.sweeping()];
  const workers = clients.map((driver) => retrying(driver));
  let swept = 0;
  await apply(workers[0]!, leases);
  const turn = async (driver: Driver, client: number, random: () => number): Promise<void> => {
    const some = shuffled(leases, random).slice(0, 10);
    const beats = some.map((lease) => renew(lease, random() < 0.2 ? `${client}` : undefined));
    const [seat] = some as [Acquire];
    const dice = random();
    const anew = (old: Acquire): Acquire => {
      return leases[Number(old.seat)] = take(old.seat);
    };
    if (dice < 0.35) await apply(driver, beats);
    else if (dice < 0.45) await apply(driver, [breakSeat(seat), anew(seat)]);
    else if (dice < 0.55) await apply(driver, some.slice(0, 4).map((lease) => release(lease)));
    else if (dice < 0.65) await apply(driver, some.slice(0, 4).map(anew));
    else if (dice < 0.9) {
      const readers = `readers:${lock}`;
      const write = acquire(lock, { guard: ifVacant(readers) });
      const read = acquire(readers, { seat: `${client}`, guard: ifVacant(lock, "") });
      const ops: Op[] = [...beats.slice(0, 5), write, read, inspect(resource), inspect(lock, "")];
      await apply(driver, shuffled(ops, random));
      await apply(driver, shuffled([release(write), release(read)], random));
    } else {
      for (const { seat } of some) await age(resource, seat);
      await age(lock, "");
      if (await sweep() > 0) swept++;
    }
  };
  await together(workers, count, () => swept > 0, turn);
  assert.ok(swept > 0, "no row was swept");
  return swept;
}

/** What a run was about, for whoever reads the log. */
function tell(name: string, what: object): void {
  // deno-lint-ignore no-console -- the numbers say whether there was a race at all
  console.log(`${name}: ${JSON.stringify(what)}`);
}

for (const { name, start } of having("wire", "table")) {
  Deno.test(`${name} under load (seed ${seed})`, async (t) => {
    const place = await start();
    try {
      const direct = await Promise.all(Array.from({ length: CLIENTS }, () => place.table.direct()));
      const front = Array.from({ length: CLIENTS }, () => place.wire.connect());
      const run = async (title: string, work: () => Promise<unknown>): Promise<void> => {
        await t.step(title, async () => {
          place.table.deadlocks.clear();
          const result = await work();
          tell(name, {
            ...(result instanceof Map ? Object.fromEntries(result) : { swept: result }),
            deadlocks: [...place.table.deadlocks],
          });
        });
      };
      await run(`no two holders overlap in ${grants} grants`, () => compete(direct, grants, 30));
      await run(`no member is without its group in ${rounds} rounds`, () => orphan(direct, rounds));
      await run(`no deadlock reaches a caller in ${batches} batches`, () => {
        return mix(direct, place, batches);
      });
      await run(
        "through the vendor's front end no holders overlap",
        () => compete(front, grants / 15, 150),
      );
      await run(
        "through the vendor's front end nobody is orphaned",
        () => orphan(front, rounds / 5),
      );
      await run(
        "through the vendor's front end nobody hears of a deadlock",
        () => mix(front, place, batches / 10),
      );
    } finally {
      await place.stop();
    }
  });
}
