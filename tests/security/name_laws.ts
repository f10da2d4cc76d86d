/**
 * What must be true of names on every backend, however hostile they are or how much alike.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver, Lease, Op } from "../../drivers/driver.ts";
import { namespaced } from "../../drivers/decorators/namespaced.ts";
import { Coordinator, InvalidArgument } from "../../mod.ts";
import { FOLDED } from "./folding.ts";
import { NAMES } from "./hostile_names.ts";

/** A driver that notes what is sent through it. */
function noted(driver: Driver): { driver: Driver; sent: Op[] } {
  const sent: Op[] = [];
  const apply: Driver["apply"] = (ops, options) => {
    sent.push(...ops);
    return driver.apply(ops, options);
  };
  return { driver: { ...driver, apply }, sent };
}

/** What others hold meanwhile, and must hold afterwards. */
export async function bystanders(driver: Driver): Promise<() => Promise<void>> {
  const places = ["lock:bystander", "group:g", "groups", "leader:bystander", "cron:bystander"];
  const ops = places.map((resource): Acquire => ({
    op: "acquire",
    resource,
    seat: "bystander",
    id: crypto.randomUUID(),
    ttl: 600_000,
    value: "bystander",
  }));
  const taken = await driver.apply(ops);
  assert(taken.every(({ ok }) => ok));
  return async () => {
    const looks = places.map((resource): Op => ({ op: "inspect", resource, seat: "bystander" }));
    const found = await driver.apply(looks);
    const bare = ({ id, token, value }: Lease) => ({ id, token, value });
    assert.deepEqual(
      found.map(({ leases }) => leases.map(bare)),
      taken.map(({ leases }) => leases.map(bare)),
    );
  };
}

/** A name that is refused was never sent; one that is not does what a name does. */
async function eachName(
  driver: Driver,
  use: (baton: Coordinator, name: string) => Promise<unknown>,
): Promise<number> {
  let refused = 0;
  for (const name of NAMES) {
    const wire = noted(driver);
    await using baton = new Coordinator(wire.driver, { memberId: "fra-1" });
    try {
      await use(baton, name);
    } catch (error) {
      if (!(error instanceof InvalidArgument)) throw error;
      assert.deepEqual(wire.sent, [], JSON.stringify(name));
      refused++;
    }
  }
  return refused;
}

/** Each law, for one backend. */
export const LAWS: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  "a hostile lock name is refused unsent, or is a lock of its own": async (driver) => {
    const refused = await eachName(driver, async (baton, name) => {
      const lock = baton.getLock(name);
      const lease = await lock.hold({ timeout: 0 });
      assert.equal(lease.resource, `lock:${name}`);
      assert.deepEqual((await lock.holders()).map(({ token }) => token), [lease.token]);
      assert.equal(await lease.release(), true);
    });
    assert(refused > 8 && refused < NAMES.length / 2, `${refused}`);
  },

  "a hostile member id is refused unsent, or read as written with all it can do": async (
    driver,
  ) => {
    await using admin = new Coordinator(driver, { memberId: "admin" });
    await using members = new AsyncDisposableStack();
    await admin.createGroup("hostile");
    const taken: [string, unknown][] = [];
    for (const name of NAMES) {
      const wire = noted(driver);
      const capabilities = JSON.parse(JSON.stringify({ [name]: [name], "__proto__x": name }));
      try {
        const member = members.use(new Coordinator(wire.driver, { memberId: name }));
        await member.joinGroup("hostile", capabilities);
        taken.push([name, capabilities]);
      } catch (error) {
        assert(error instanceof InvalidArgument, `${JSON.stringify(name)}: ${error}`);
        assert.deepEqual(wire.sent, []);
      }
    }
    const found = await admin.getMembersWithCapabilities("hostile");
    assert.equal(found.size, taken.length);
    for (const [name, capabilities] of taken) {
      assert.equal(JSON.stringify(found.get(name)), JSON.stringify(capabilities));
    }
    await members.disposeAsync();
    await admin.deleteGroup("hostile");
  },

  "a hostile group or job name is refused unsent, or is a group or job of its own": async (
    driver,
  ) => {
    await using admin = new Coordinator(driver, { memberId: "admin" });
    const made: string[] = [];
    await eachName(driver, async (baton, name) => {
      // Fails where it is taken for one that is there.
      await baton.createGroup(name);
      made.push(name);
    });
    const groups = await admin.getGroups();
    for (const name of made) assert(groups.has(name), JSON.stringify(name));
    // One after the other: they are seats of one list, and so wait for each other on a database anyway.
    for (const name of made) await admin.deleteGroup(name);
    await eachName(driver, async (baton, name) => {
      const { outcome } = await baton.cron(name).run({ slot: Date.now() }, () => {});
      assert.equal(outcome, "ran", JSON.stringify(name));
    });
  },

  "a hostile namespace is refused unsent": async (driver) => {
    const wire = noted(driver);
    const plain = /^[\w.-]{1,64}$/;
    for (const name of [...NAMES, "a/b", "a:b", "é", "", "x".repeat(65)]) {
      if (plain.test(name)) {
        assert.equal(
          (await namespaced(driver, name).apply([{ op: "inspect", resource: "x" }])).length,
          1,
        );
        continue;
      }
      assert.throws(() => namespaced(wire.driver, name), InvalidArgument, JSON.stringify(name));
    }
    assert.deepEqual(wire.sent, []);
  },

  "names that fold together are different locks, all held at once": async (driver) => {
    for (const [how, names] of Object.entries(FOLDED)) {
      await using baton = new Coordinator(driver, { memberId: "fra-1" });
      const leases = [];
      for (const name of names) {
        const lease = await baton.getLock(name).acquire({ timeout: 0 });
        assert(lease, `${how}: ${JSON.stringify(name)} was taken for another`);
        leases.push(lease);
      }
      // A token is its lock's own: two locks taken in one millisecond may have the same.
      for (const lease of leases) await lease.confirm();
    }
  },

  "ids of members that fold together are different members": async (driver) => {
    const ids = [...new Set(Object.values(FOLDED).flat())];
    await using stack = new AsyncDisposableStack();
    const members = ids.map((memberId) => stack.use(new Coordinator(driver, { memberId })));
    await members[0]!.createGroup("folded");
    for (const member of members) await member.joinGroup("folded", member.memberId);
    const found = await members[0]!.getMembersWithCapabilities("folded");
    assert.deepEqual(new Set(found.keys()), new Set(ids));
    for (const [memberId, capabilities] of found) assert.equal(capabilities, memberId);
    await members[1]!.leaveGroup("folded");
    assert.equal((await members[0]!.getMembers("folded")).size, ids.length - 1);
  },

  "an id of a lease that folds into another's proves nothing, and a guard's name means itself":
    async (
      driver,
    ) => {
      for (const [how, texts] of Object.entries(FOLDED)) {
        const resource = `folded ${how}`;
        for (const mine of texts) {
          const place = { resource, seat: mine };
          const id = `${crypto.randomUUID()}${mine}`;
          const acquire: Acquire = { op: "acquire", ...place, id, ttl: 60_000, value: mine };
          assert.equal((await driver.apply([acquire]))[0]?.ok, true);
          const others = texts.filter((text) => text !== mine);
          const outcomes = await driver.apply(others.flatMap((other): Op[] => [
            { op: "renew", ...place, id: id.slice(0, 36) + other, ttl: 60_000 },
            { op: "release", ...place, id: id.slice(0, 36) + other },
            {
              ...{ ...acquire, id: crypto.randomUUID(), resource: `${resource} 2` },
              guard: { when: "held", resource, seat: other },
            },
          ]));
          const taken = outcomes.findIndex(({ ok }) => ok);
          const other = JSON.stringify([mine, others[Math.floor(taken / 3)]]);
          assert.equal(taken, -1, `${how}: ${other}`);
          assert.equal((await driver.apply([{ op: "release", ...place, id }]))[0]?.ok, true);
        }
      }
    },
};
