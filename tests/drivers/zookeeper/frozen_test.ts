/**
 * A client that stands still between the flight of its look and the flight of its write. Whoever was
 * answered meanwhile, because a lease had ended, must not be proved wrong by what comes late.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Op, Outcome } from "../../../drivers/driver.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  list,
  release,
  renew,
} from "../../conformance/operations.ts";
import { until } from "../../servers/process.ts";
import { freezing, type Handle, withZookeeper, type ZookeeperFixture } from "./with_zookeeper.ts";

interface Scene {
  readonly slow: Handle;
  readonly other: Handle;
  /**
   * Runs an operation of the slow client, which stands still before its write while `meanwhile` runs;
   * `undefined` if it had nothing to write.
   */
  late(op: Op, meanwhile: () => Promise<unknown>): Promise<Outcome | undefined>;
}

/** All laws on one server, one after the other. */
const LAWS: (readonly [law: string, test: (scene: Scene) => Promise<void>])[] = [];

Deno.test("ZooKeeper: a client that stands still between its look and its write proves nobody wrong", (t) =>
  withZookeeper(async ({ connect }) => {
    for (const [law, test] of LAWS) await t.step(law, () => test(sceneOf(connect)));
  }));

function sceneOf(connect: ZookeeperFixture["connect"]): Scene {
  const frozen = freezing();
  const [slow, other] = [connect({ connect: frozen.connect }), connect()];
  const opened = slow.apply([inspect("before")]);
  return {
    ...{ slow, other },
    async late(op, meanwhile) {
      await opened;
      const arrived = frozen.freeze(1);
      const outcome = slow.apply([op]).then(([outcome]) => outcome!);
      if (await Promise.race([arrived, outcome])) return undefined;
      await meanwhile();
      frozen.thaw();
      return await outcome;
    },
  };
}

/** Takes a seat, runs `test` with a time to live that is long enough, and says when that is over. */
async function shortLived(
  { other }: Scene,
  test: (mine: Acquire, over: () => Promise<void>) => Promise<boolean>,
): Promise<void> {
  for (let ttl = 300;; ttl *= 2) {
    const name = crypto.randomUUID();
    const mine = acquire(`lock:${name}`, { ttl });
    await one(other, mine);
    // By the same clock, and nobody looks at the other one.
    const hourglass = acquire(`hourglass:${name}`, { ttl });
    const over = async () => {
      await one(other, hourglass);
      await until("it is over", async () => (await held(other, hourglass)).length === 0);
    };
    if (await test(mine, over)) return;
  }
}

async function one(driver: Handle, op: Op): Promise<Outcome> {
  return (await driver.apply([op]))[0]!;
}

async function held(driver: Handle, { resource }: Acquire): Promise<string[]> {
  return (await one(driver, inspect(resource))).leases.map(({ id }) => id);
}

/** What may be answered because a lease has ended. */
const WITNESSES: Readonly<Record<string, (mine: Acquire) => Op>> = {
  "a look at the seat": ({ resource, seat }) => inspect(resource, seat),
  "a look at the resource": ({ resource }) => inspect(resource),
  "a page": ({ resource }) => ({ ...inspect(resource), limit: 10 }),
  "a list": ({ resource }) => list(resource),
  "its own renewal by another way": (mine) => renew(mine),
  "its own release by another way": (mine) => release(mine),
  "a break": (mine) => breakSeat(mine),
  "a guard that wants it vacant": (mine) =>
    acquire(`${mine.resource}:other`, { guard: ifVacant(mine.resource, mine.seat) }),
  "a guard that wants all vacant": (mine) =>
    acquire(`${mine.resource}:other`, { guard: ifVacant(mine.resource) }),
  "a guard that wants it held": (mine) =>
    acquire(`${mine.resource}:other`, { guard: ifHeld(mine.resource, mine.seat) }),
  "a grant to another": ({ resource }) => acquire(resource),
};

for (const [what, witness] of Object.entries(WITNESSES)) {
  LAWS.push([
    `a renewal that comes late does not revive what ${what} saw ended`,
    (on) =>
      shortLived(on, async (mine, over) => {
        const { other, late } = on;
        const outcome = await late(renew(mine), async () => {
          await over();
          await one(other, witness(mine));
        });
        if (!outcome) return false;
        assert.equal(outcome.ok, false, "the renewal");
        assert.ok(!(await held(other, mine)).includes(mine.id));
        return true;
      }),
  ]);
}

LAWS.push([
  "a renewal that comes late is done if nobody was told of an end, and it lives from then on",
  (on) =>
    shortLived(on, async (mine, over) => {
      const outcome = await on.late(renew(mine), over);
      if (!outcome) return false;
      assert.equal(outcome.ok, true);
      // Or it is over again, on a machine that is so busy.
      const [lease] = (await one(on.other, inspect(mine.resource))).leases;
      if (lease) assert.ok(lease.id === mine.id && lease.left > 0);
      return true;
    }),
]);

LAWS.push([
  "a takeover that comes late finds who came meanwhile, and a grant has a token above all before",
  (on) =>
    shortLived(on, async (mine, over) => {
      const { other, late } = on;
      const [late1, next] = [acquire(mine.resource), acquire(mine.resource)];
      await over();
      let first = 0;
      const refused = await late(late1, async () =>
        first = (await one(other, next)).leases[0]!.token);
      assert.deepEqual(
        refused?.leases.map(({ id }) =>
          id
        ),
        [next.id],
      );
      await one(other, release(next));
      let second = 0;
      const again = acquire(mine.resource);
      const granted = await late(again, async () => {
        const between = acquire(mine.resource);
        second = (await one(other, between)).leases[0]!.token;
        await one(other, release(between));
      });
      assert.ok(granted?.ok && granted.leases[0]!.token > second && second > first);
      return true;
    }),
]);

LAWS.push([
  "a release that comes late ends its own lease and no other's, and a break the one it finds",
  async ({ other, late }) => {
    const mine = acquire("lock:a");
    await one(other, mine);
    const theirs = acquire("lock:a");
    const swap = async () => {
      await one(other, release(mine));
      await one(other, theirs);
    };
    const outcome = await late(release(mine), swap);
    assert.deepEqual([outcome?.ok, outcome?.leases[0]?.id], [false, theirs.id]);
    const last = acquire("lock:a");
    const broken = await late(breakSeat(mine), async () => {
      await one(other, release(theirs));
      await one(other, last);
    });
    assert.equal(broken?.ok, true);
    assert.deepEqual(await held(other, mine), []);
  },
]);

LAWS.push([
  "a guard of one seat is held whether or not its resource has others",
  async ({ other, late }) => {
    for (const beside of [false, true]) {
      const key = acquire(`readers:${crypto.randomUUID()}`, { seat: "b" });
      if (beside) await one(other, acquire(key.resource, { seat: "a" }));
      const vacant = ifVacant(key.resource, key.seat);
      const blocked = await late(
        acquire(`lock:${crypto.randomUUID()}`, { guard: vacant }),
        () => one(other, key),
      );
      assert.deepEqual([blocked?.ok, blocked?.leases.map(({ id }) => id)], [false, [key.id]]);
      const held = ifHeld(key.resource, key.seat);
      const gone = await late(
        acquire(`lock:${crypto.randomUUID()}`, { guard: held }),
        () => one(other, release(key)),
      );
      assert.deepEqual(gone, { ok: false, leases: [] });
    }
  },
]);

LAWS.push([
  "what a guard was about is looked at again when it changed before the write",
  async ({ other, late }) => {
    const group = acquire("groups", { seat: "g" });
    await one(other, group);
    const joins = acquire("group:g", { seat: "m", guard: ifHeld("groups", "g") });
    const refused = await late(joins, () => one(other, release(group)));
    assert.deepEqual(refused, { ok: false, leases: [] });
    assert.deepEqual(await held(other, joins), []);
    for (
      const reader of [acquire("readers:l", { seat: "r" }), acquire("readers:l", { seat: "q" })]
    ) {
      for (const guard of [ifVacant("readers:l"), ifVacant("readers:l", reader.seat)]) {
        const blocked = await late(acquire("lock:l", { guard }), () => one(other, reader));
        assert.deepEqual(blocked?.leases.map(({ id }) => id), [reader.id]);
        await one(other, release(reader));
        const free = await late(
          acquire(`lock:${crypto.randomUUID()}`, { guard }),
          async () => {
            await one(other, { ...reader, id: "comes" });
            await one(other, { ...release(reader), id: "comes" });
          },
        );
        assert.equal(free?.ok, true);
      }
    }
  },
]);
