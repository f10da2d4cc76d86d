/**
 * Eight clients that create, join, leave and delete one group for thousands of rounds. Where the
 * deciding and the doing are two steps (Tooz's etcd driver; a lone PostgreSQL statement with a guard,
 * 2,912 times of 3,000) this leaves members without a group. Replay a run with `BATON_SEED`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import type { Driver, Op, Outcome } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { BACKENDS } from "../backends/mod.ts";
import { chance, seedOfRun } from "../tools/chance.ts";
import type { Backend } from "../conformance/mod.ts";
import { SIZES } from "../tools/size_of_proofs.ts";

const CLIENTS = 8;
/** What must have happened, and for how many times all rounds it is waited for. */
const [RACED_FOR, MORE] = [["deleteGroup", "leaveGroup", "GroupNotEmpty", "GroupNotCreated"], 20];

/** What a verb may say when others were quicker. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  createGroup: ["GroupAlreadyExist"],
  deleteGroup: ["GroupNotCreated", "GroupNotEmpty"],
  joinGroup: ["GroupNotCreated"],
  joinGroupCreate: [],
  leaveGroup: [],
  getMembers: [],
};

/** One client, its raw look at the backend, and how often what happened. */
interface Client {
  readonly member: Coordinator;
  readonly backend: Driver;
  /** How often each verb succeeded, and each error was thrown. */
  readonly tally: Map<string, number>;
}

/** Does it; `false` when it was refused with an error that the verb documents. */
async function attempt(
  { tally }: Client,
  verb: keyof typeof EXPECTED,
  work: Promise<unknown>,
): Promise<boolean> {
  const outcome = await work.then(() => verb, (error: Error) => {
    assert.ok(EXPECTED[verb]?.includes(error.name), `${verb} threw ${error}`);
    return error.name;
  });
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  return outcome === verb;
}

/** No live member without its group. */
async function noOrphans({ backend }: Client, group: string): Promise<boolean> {
  const members = { op: "inspect", resource: `group:${group}` } as const;
  // Between two operations of a batch others may act: only who was there before and after the look
  // at the group was there during it.
  const [before, exists, after] = await backend.apply([
    members,
    { op: "inspect", resource: "groups", seat: group },
    members,
  ]);
  const ids = new Set(before?.leases.map(({ id }) => id));
  const there = after?.leases.filter(({ id }) => ids.has(id)) ?? [];
  const orphans = exists?.leases.length ? [] : there.map(({ seat }) => seat);
  assert.deepEqual(orphans, [], "members of a group that does not exist");
  return exists?.leases.length === 1;
}

/** One thing that a client does, and a look at what is there. */
async function round(client: Client, group: string, dice: number, create: boolean): Promise<void> {
  const { member } = client;
  // Most only want to delete: a group that is never empty is not raced for.
  if (dice < 0.15) await attempt(client, "createGroup", member.createGroup(group));
  else if (dice < 0.85) {
    await attempt(client, "deleteGroup", member.deleteGroup(group));
  } else {
    const joined = create
      ? await attempt(client, "joinGroupCreate", member.joinGroupCreate(group))
      : await attempt(client, "joinGroup", member.joinGroup(group));
    if (joined) {
      assert.equal(await noOrphans(client, group), true, "a member's group was lost");
      if (dice > 0.94) {
        await attempt(
          client,
          "getMembers",
          member.getMembers(group).then((members) => {
            assert.ok(members.has(member.memberId), `${member.memberId} does not see itself`);
          }),
        );
      }
      await attempt(client, "leaveGroup", member.leaveGroup(group));
    }
  }
  await noOrphans(client, group);
}

/** Lets the clients race on one group, and looks at what they leave. */
async function race(
  place: Backend,
  create: boolean,
  rounds = SIZES.groupRaceRounds,
  many = CLIENTS,
): Promise<void> {
  const group = `race-${crypto.randomUUID()}`;
  const tally = new Map<string, number>();
  const clients = await Promise.all(
    Array.from({ length: many }, async (_, i): Promise<Client> => {
      const backend = await place.connect();
      return { member: new Coordinator(backend, { memberId: `m${i}` }), backend, tally };
    }),
  );
  const [first] = clients;
  assert.ok(first);
  const random = chance(seed);
  const times = (what: string): number => tally.get(what) ?? 0;
  // Whoever is quick and whoever is slow decides who meets whom, so it goes on until all have met.
  const raced = (): boolean => RACED_FOR.every((what) => times(what) > 10);
  let left = rounds;
  const ends = await Promise.allSettled(clients.map(async (client) => {
    while (left-- > 0 || (left > -MORE * rounds && !raced())) {
      await round(client, group, random(), create).catch((error: unknown) => {
        left = -Infinity;
        throw error;
      });
    }
  }));
  await Promise.all(clients.map(({ member }) => member[Symbol.asyncDispose]()));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  const exists = await noOrphans(first, group);
  // Every creation but the last was undone by one deletion: none was lost, none came twice.
  if (!create) assert.equal(times("createGroup") - times("deleteGroup"), exists ? 1 : 0);
  assert.equal((await first.member.getGroups()).has(group), exists);
  if (exists) assert.deepEqual(await first.member.getMembers(group), new Set());
  assert.ok(raced(), `nothing was raced for: ${JSON.stringify([...tally])}`);
}

const seed = seedOfRun();

for (const { name, costs, contended, start } of BACKENDS) {
  // Where all writes conflict, each takes as many requests as there are clients. Where an operation is several requests, a round is up to ten; drivers/sql/race_test.ts has more
  // without the front end.
  const rounds = Math.ceil(SIZES.groupRaceRounds / (contended ? 5 : costs ? 3 : 1));
  for (const create of [false, true]) {
    const how = create ? "joining and creating in one" : "creating before joining";
    Deno.test(`${name}: ${rounds} rounds of ${how} orphan nobody (seed ${seed})`, async () => {
      const place = await start();
      try {
        // Where a write takes the longer the more write, a group of eight would hardly ever be empty.
        await race(place, create, rounds, contended ? 3 : CLIENTS);
      } finally {
        await place.stop();
      }
    });
  }
}

Deno.test("where operations of several batches alternate nobody is orphaned, or deletes what another deleted", async () => {
  const shared = memory();
  const random = chance(seed);
  const apply: Driver["apply"] = async (ops) => {
    const outcomes: Outcome[] = [];
    for (const op of ops) {
      outcomes.push(...await shared.apply([op]));
      // Sometimes others do several things in between, and overtake.
      await new Promise((resolve) => setTimeout(resolve, random() < 0.3 ? 5 : 0));
    }
    return outcomes;
  };
  const place = {
    connect: () => ({ ...shared, apply }),
    pass: () => Promise.resolve(),
    tick: 1,
  };
  await race(place, false);
});

Deno.test("the race finds out a driver that looks at the guard in a step of its own", async () => {
  const shared = memory();
  const apply: Driver["apply"] = async (ops) => {
    const outcomes: Outcome[] = [];
    for (const op of ops) {
      if ("guard" in op && op.guard) {
        const { when, resource, seat } = op.guard;
        const look = { op: "inspect", resource, ...(seat !== undefined && { seat }) } as const;
        const [found] = await shared.apply([look]);
        const leases = found?.leases ?? [];
        // Long enough for others to come in between in any run, whatever the dice say.
        await new Promise((resolve) => setTimeout(resolve));
        if ((when === "held") !== leases.length > 0) {
          outcomes.push({ ok: false, leases });
          continue;
        }
      }
      const { guard: _, ...unguarded } = { guard: undefined, ...op };
      outcomes.push(...await shared.apply([unguarded as Op]));
    }
    return outcomes;
  };
  const place = {
    connect: () => ({ ...shared, apply }),
    pass: () => Promise.resolve(),
    tick: 1,
  };
  await assert.rejects(race(place, false), /members of a group|group was lost/);
});
