import assert from "node:assert/strict";
import { type Coordinator, InvalidArgument, type Json, MemberAlreadyExist } from "../../mod.ts";
import { HashRing, native, type RingHash } from "../../coordination/partition/hash_ring.ts";
import {
  type PartitionedGroup,
  type PartitionedObject,
  Partitioner,
} from "../../coordination/partition/partitioner.ts";

import { Scene } from "./scene.ts";

/** The ring's own hash, and how many points it was asked for. */
class Counting implements RingHash {
  made = 0;

  place(data: Uint8Array, length?: number): number {
    return native.place(data, length);
  }

  points(name: Uint8Array, count: number): Float64Array {
    this.made += count;
    return native.points(name, count);
  }
}

type Members = Record<string, Json>;

/** A group whose looks a test owns. */
class FakeGroup implements PartitionedGroup {
  readonly group = "g";
  readonly memberId = "a";
  held = true;
  listener: ((members: ReadonlyMap<string, Json>) => void) | undefined;
  #members: Members;

  constructor(members: Members) {
    this.#members = members;
  }

  listen(listener: (members: ReadonlyMap<string, Json>) => void): Promise<() => void> {
    this.listener = listener;
    this.look(this.#members);
    return Promise.resolve(() => this.listener = undefined);
  }

  look(members: Members): void {
    this.listener?.(new Map(Object.entries(members)));
  }
}

/** A partitioner whose last look found these members. */
async function partitioner(
  members: Members,
): Promise<{ partitioner: Partitioner; group: FakeGroup }> {
  const group = new FakeGroup(members);
  return { partitioner: await Partitioner.over(group, new HashRing()), group };
}

const OBJECTS = Array.from({ length: 500 }, (_, i) => `object ${i} é`);

Deno.test("the ring has 32 points for each member there is, after each look", async () => {
  const { partitioner: p, group } = await partitioner({ a: null });
  assert.equal(p.group, "g");
  assert.equal(p.ring.length, 32);
  group.look({ a: null, b: null });
  assert.equal(p.ring.length, 64);
  group.look({ a: null, b: null, c: null, d: null });
  assert.equal(p.ring.length, 128);
  group.look({ b: null });
  assert.deepEqual([...p.ring.nodes], [["b", 1]]);
  group.look({});
  assert.equal(p.ring.length, 0);
  assert.deepEqual(p.membersForObject("x"), new Set());
  assert.equal(p.belongsToSelf("x"), false);
});

Deno.test("whatever looks came before, a ring is that of the members last seen", async () => {
  const { partitioner: p, group } = await partitioner({ a: { weight: 3 } });
  group.look({ a: { weight: 1 }, b: { weight: 10 }, c: null });
  group.look({ c: { weight: 2 }, d: null });
  const last = { d: { weight: 4 }, a: { weight: 2 }, b: null };
  group.look(last);
  const { partitioner: fresh } = await partitioner(last);
  assert.deepEqual(new Map([...p.ring.nodes].sort()), new Map([...fresh.ring.nodes].sort()));
  for (const object of OBJECTS) {
    assert.deepEqual(p.membersForObject(object), fresh.membersForObject(object));
  }
});

Deno.test("a weight that is none counts as 1, for everybody, and stops nobody", async () => {
  const { partitioner: p, group } = await partitioner({ a: { weight: 7 } });
  const bad: Json[] = [-1, 1.5, 2 ** 40, "5", null, true, [], {}].map((weight) => ({ weight }));
  for (const capabilities of [...bad, null, 5, "weight", [], {}]) {
    group.look({ a: capabilities, b: { weight: 2 } });
    const what = JSON.stringify(capabilities);
    assert.deepEqual(Object.fromEntries(p.ring.nodes), { a: 1, b: 2 }, what);
  }
});

Deno.test("a member that gives megabytes as its weight stops nobody, and all members agree", async () => {
  const points = new Counting();
  const over = async (members: Members): Promise<Partitioner> => {
    const ring = new HashRing([], { hash: points });
    return await Partitioner.over(new FakeGroup(members), ring);
  };
  const cases: [Members, Record<string, number>][] = [
    // More than a node may have at all.
    [{ a: null, b: { weight: 32_768 } }, { a: 1, b: 1 }],
    [{ a: null, b: { weight: 8_193 } }, { a: 1, b: 1 }],
    [{ a: { weight: 100 }, b: { weight: 8_092 } }, { a: 100, b: 8_092 }],
    // One more, and all are halved.
    [{ a: { weight: 101 }, b: { weight: 8_092 } }, { a: 51, b: 4_046 }],
    [{ a: { weight: 8_192 }, b: { weight: 8_192 }, c: { weight: 4_096 } }, {
      ...{ a: 2_048, b: 2_048, c: 1_024 },
    }],
    // None falls below 1, and 0 stays 0.
    [{ a: { weight: 0 }, b: { weight: 1 }, c: { weight: 8_192 } }, { a: 0, b: 1, c: 4_096 }],
  ];
  for (const [members, expected] of cases) {
    points.made = 0;
    const one = await over(members);
    const other = await over(Object.fromEntries(Object.entries(members).reverse()));
    assert.deepEqual(Object.fromEntries(one.ring.nodes), expected);
    assert.deepEqual(Object.fromEntries(other.ring.nodes), expected);
    assert(points.made <= 2 * 2 ** 18, `${points.made} points`);
    for (const object of OBJECTS.slice(0, 50)) {
      assert.deepEqual(
        one.membersForObject(object, { replicas: 3 }),
        other.membersForObject(object, { replicas: 3 }),
      );
    }
  }
});

Deno.test("a thousand members of any weight make no more points than a ring can bear", async () => {
  for (const weight of [1, 8, 1_000, 8_192]) {
    const points = new Counting();
    const ring = new HashRing([], { hash: points });
    const members = Array.from({ length: 1_000 }, (_, i) => [`m${i}`, { weight }]);
    const p = await Partitioner.over(new FakeGroup(Object.fromEntries(members)), ring);
    assert(points.made <= 2 ** 18, `${points.made} points`);
    assert.equal(p.ring.nodes.size, 1_000);
    // Sane weights are as they are.
    if (weight <= 8) assert.equal(p.ring.nodes.get("m0"), weight);
    assert.equal(p.membersForObject("x").size, 1);
  }
});

Deno.test("where partitions do not divide what a ring can bear, the largest weight is the last that fits", async () => {
  // 262,144 points are 2.6 times as many.
  const hash: RingHash = { place: () => 0, points: (_, count) => new Float64Array(count) };
  for (
    const [given, expected] of [
      [{ a: { weight: 2 } }, { a: 2 }],
      [{ a: { weight: 3 } }, { a: 1 }],
      [{ a: { weight: 2 }, b: null }, { a: 1, b: 1 }],
      // There is nothing to halve.
      [{ a: null, b: null, c: null }, { a: 1, b: 1, c: 1 }],
    ] as const
  ) {
    const ring = new HashRing([], { partitions: 100_000, hash });
    const { ring: { nodes } } = await Partitioner.over(new FakeGroup(given), ring);
    assert.deepEqual(Object.fromEntries(nodes), expected);
  }
});

Deno.test("our own weight that a ring cannot bear is refused before any request", async () => {
  const scene = new Scene();
  const joined = scene.member("a").joinPartitionedGroup("g", { weight: 32_768 });
  await assert.rejects(joined, (error: Error) => {
    return error instanceof InvalidArgument && /partitions × weight 1048576/.test(error.message);
  });
  assert.deepEqual(scene.sent, []);
});

Deno.test("an object belongs to one member, its stand-ins come after it, and strangers get nothing", async () => {
  const { partitioner: p } = await partitioner({ a: null, b: null, c: null });
  const shares = { a: 0, b: 0, c: 0 };
  for (const object of OBJECTS) {
    const [owner, standIn, ...rest] = p.membersForObject(object, { replicas: 2 });
    assert(owner && standIn && rest.length === 0);
    shares[owner as "a"]++;
    assert.deepEqual(p.membersForObject(object), new Set([owner]));
    assert.deepEqual(p.membersForObject(object, { ignoreMembers: [owner] }), new Set([standIn]));
    assert.equal(p.belongsToMember(object, owner), true);
    assert.equal(p.belongsToMember(object, standIn), false);
    assert.equal(p.belongsToMember(object, standIn, { replicas: 2 }), true);
    assert.equal(p.belongsToMember(object, "stranger"), false);
    assert.equal(p.belongsToSelf(object), owner === "a");
    assert.equal(p.belongsToSelf(object, { replicas: 3 }), true);
  }
  assert(Object.values(shares).every((share) => share > 50), JSON.stringify(shares));
});

Deno.test("what is not a member any more is in charge of nothing, look or no look", async () => {
  const { partitioner: p, group } = await partitioner({ a: null });
  assert.equal(p.belongsToSelf("x"), true);
  group.held = false;
  assert.equal(p.belongsToSelf("x"), false);
  assert.equal(p.belongsToMember("x", "a"), true);
});

Deno.test("objects stand for text, bytes, or what their toozHash says", async () => {
  const { partitioner: p } = await partitioner(
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`m${i}`, null])),
  );
  const owner = (object: PartitionedObject) => [...p.membersForObject(object, { replicas: 3 })];
  assert.deepEqual(owner(42), owner("42"));
  assert.deepEqual(owner(42n), owner("42"));
  assert.deepEqual(owner(true), owner("true"));
  assert.deepEqual(owner(new TextEncoder().encode("é")), owner("é"));
  class Shard {
    readonly #id = "42";
    toozHash(): string {
      return this.#id;
    }
  }
  assert.deepEqual(owner(new Shard()), owner("42"));
  assert.deepEqual(owner({ toozHash: () => new Uint8Array([52, 50]) }), owner("42"));
  assert.notDeepEqual(owner("43"), owner("42"));
  for (const bad of [{}, [], null, undefined, Symbol(), () => {}, new Date(), { toozHash: 5 }]) {
    assert.throws(() => owner(bad as string), InvalidArgument, String(bad));
    assert.throws(() => p.belongsToSelf(bad as string), InvalidArgument);
  }
  assert.throws(() => owner({ toozHash: () => ({}) } as unknown as string), InvalidArgument);
});

/** What each member of the scene thinks is its own, of all objects. */
function claims(partitioners: readonly Partitioner[]): number[] {
  return OBJECTS.map((object) => partitioners.filter((each) => each.belongsToSelf(object)).length);
}

Deno.test("a partitioned group is joined in two requests, and a bad weight in none", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  for (const weight of [-1, 1.5, NaN, 2 ** 40, "1" as unknown as number]) {
    await assert.rejects(a.joinPartitionedGroup("g", { weight }), InvalidArgument, `${weight}`);
  }
  await assert.rejects(a.joinPartitionedGroup("g", { partitions: 0 }), InvalidArgument);
  assert.equal(scene.sent.length, 0);
  const p = await a.joinPartitionedGroup("g", { weight: 3, partitions: 16 });
  assert.equal(scene.sent.length, 2);
  assert.equal(p.ring.length, 48);
  assert.deepEqual(await a.getMemberCapabilities("g", "a"), { weight: 3 });
  await assert.rejects(a.joinPartitionedGroup("g"), MemberAlreadyExist);
});

Deno.test("once all have looked, each object belongs to exactly one, whoever came and went", async () => {
  const scene = new Scene();
  const members = ["a", "b", "c", "d"].map((name) => scene.member(name));
  const [a, b, , d] = members as [Coordinator, Coordinator, Coordinator, Coordinator];
  const all: Partitioner[] = [];
  for (const member of members) all.push(await member.joinPartitionedGroup("g"));
  const [pa, pb, pc, pd] = all as [Partitioner, Partitioner, Partitioner, Partitioner];
  assert(claims(all).some((count) => count > 1), "not all have looked yet");
  for (const member of members) await member.tick();
  assert(claims(all).every((count) => count === 1));
  await b.leavePartitionedGroup(pb);
  assert(!claims([pb]).includes(1), "who has left is in charge of nothing, at once");
  await d.updateCapabilities("g", { weight: 5 });
  for (const member of [a, d]) await member.runWatchers();
  assert.deepEqual(Object.fromEntries(pa.ring.nodes), { a: 1, c: 1, d: 5 });
  assert(claims([pa, pd]).every((count) => count <= 1));
  // c hangs until its time is over; the others take over only then.
  await scene.runtime.advance(6_000);
  await Promise.all([a.tick(), d.tick()]);
  await scene.runtime.advance(4_000);
  await Promise.all([a.tick(), d.tick()]);
  assert(claims([pa, pc, pd]).every((count) => count === 1));
  assert(!claims([pc]).includes(1));
});

Deno.test("after stop no look is made for it, and another partitioner of the group goes on", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const stopped = await a.joinPartitionedGroup("g");
  stopped.stop();
  scene.sent.length = 0;
  await a.runWatchers();
  assert.equal(scene.sent.length, 0);
  await a.leaveGroup("g");
  const again = await a.joinPartitionedGroup("g");
  stopped.stop();
  await b.joinPartitionedGroup("g");
  await a.runWatchers();
  assert.deepEqual([...again.ring.nodes.keys()].sort(), ["a", "b"]);
  assert.deepEqual([...stopped.ring.nodes.keys()], ["a"]);
});
