/**
 * The hash ring against Tooz's own answers, against a naive ring, and under its laws.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { InvalidArgument } from "../../errors.ts";
import { HashRing, UnknownNode } from "../../coordination/partition/hash_ring.ts";
import { murmur3, native, type RingHash } from "../../coordination/partition/ring_hash.ts";
import { md5, sha1, sha256 } from "../../coordination/partition/tooz_hashes.ts";
import vectors from "./hash_ring_vectors.json" with { type: "json" };

const TOOZ = new Map(Object.entries({ md5, sha1, sha256 }));
/** So few places that points and keys often meet on one. */
const crowded: RingHash = {
  place: (data, length) => native.place(data, length) % 16,
  points: (name, count) => native.points(name, count).map((place) => place % 16),
};
const HASHES = { native, md5, crowded };
const KEYS = Array.from({ length: 10_000 }, (_, i) => `${i}`);
const SERVICES = Array.from({ length: 10 }, (_, i) => `${i}`);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("a ring equals Tooz's in all 732 look-ups", async (t) => {
  let lookups = 0;
  for (const { name, nodes, partitions, hash_function, adds, removes, ...then } of vectors.cases) {
    await t.step(name, () => {
      const hash = TOOZ.get(hash_function);
      assert(hash);
      const ring = new HashRing(nodes, { partitions, hash });
      for (const [node, weight] of adds) ring.addNode(`${node}`, Number(weight));
      for (const node of removes) ring.removeNode(node);
      assert.equal(ring.length, then.ring_len);
      for (const { key_utf8, replicas, ignore, result_sorted } of then.lookups) {
        const options = { replicas, ignoreNodes: ignore };
        assert.deepEqual([...ring.getNodes(key_utf8, options)].sort(), result_sorted, key_utf8);
        assert.deepEqual(ring.getNodes(utf8(key_utf8), options), ring.getNodes(key_utf8, options));
        lookups++;
      }
      const points = [...ring.nodes].flatMap(([node, weight]) =>
        [...hash.points(utf8(node), partitions * weight)].map((place) => ({ place, node }))
      ).sort((a, b) => a.place - b.place);
      const seen = [...points.slice(0, 5), ...points.slice(5).slice(-2)];
      const expected = [...then.first_points, ...(points.length > 5 ? then.last_points : [])];
      assert.deepEqual(
        seen,
        expected.map(([digest, node]) => ({
          place: Number(BigInt(`0x${digest}`) >> bits(digest)),
          node,
        })),
      );
    });
  }
  assert.equal(lookups, 732);
});

/** How many bits of a digest in hex a place leaves out. */
function bits(digest = ""): bigint {
  return BigInt(digest.length * 4 - 53);
}

Deno.test("MD5, SHA-1 and SHA-256 are what they say, of any length and as running hashes", () => {
  for (const [name, hash] of TOOZ) {
    const placeBy = (...parts: Uint8Array[]): number => {
      const digest = createHash(name);
      for (const part of parts) digest.update(part);
      return Number(digest.digest().readBigUInt64BE() >> 11n);
    };
    // Every length around the ends of blocks and of their room for the length.
    for (let length = 0; length < 260; length++) {
      const data = Uint8Array.from({ length }, (_, i) => i * 7 + length);
      assert.equal(hash.place(data), placeBy(data), `${name} of ${length} bytes`);
      assert.equal(hash.place(data, length >> 1), placeBy(data.subarray(0, length >> 1)));
      const points = [placeBy(data, data), placeBy(data, data, data)];
      assert.deepEqual([...hash.points(data, 2)], points);
    }
  }
});

Deno.test("the native hash is MurmurHash3_x86_32 twice", () => {
  const published: [string, number, number][] = [
    ["", 0, 0],
    ["", 1, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["test", 0, 0xba6bd213],
    ["test", 0x9747b28c, 0x704b81dc],
    ["Hello, world!", 0, 0xc0363e43],
    ["Hello, world!", 0x9747b28c, 0x24884cba],
    ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ];
  for (const [text, seed, expected] of published) {
    assert.equal(murmur3(utf8(text), text.length, seed) >>> 0, expected, `${text} ${seed}`);
  }
  const fox = utf8("fox");
  const [high, low] = [murmur3(fox, 3, 0) >>> 0, murmur3(fox, 3, 0x9e3779b9) >>> 0];
  assert.equal(native.place(fox), Number((BigInt(high) << 32n | BigInt(low)) >> 11n));
  const point = native.place(Uint8Array.of(...fox, 0x2c, 0x01, 0, 0)); // 300
  assert.equal(native.points(fox, 301)[300], point);
});

for (const [name, hash] of Object.entries(HASHES)) {
  Deno.test(`Tooz's laws of rings, ${name}`, () => {
    const ring = new HashRing(["foo", "bar"], { hash });
    const sees = (nodes: Record<string, number>, weights: number): void => {
      assert.deepEqual(Object.fromEntries(ring.nodes), nodes);
      assert.equal(ring.length, 32 * weights);
    };
    sees({ foo: 1, bar: 1 }, 2);
    ring.addNode("شبكه");
    sees({ foo: 1, bar: 1, شبكه: 1 }, 3);
    ring.addNode("baz", 10);
    ring.addNodes(new Set(["baz", "baz2"]), 10);
    sees({ foo: 1, bar: 1, شبكه: 1, baz: 10, baz2: 10 }, 23);
    ring.removeNode("bar");
    sees({ foo: 1, شبكه: 1, baz: 10, baz2: 10 }, 22);
    assert.throws(() => ring.removeNode("bar"), (error) => {
      assert(error instanceof UnknownNode);
      assert.equal(error.node, "bar");
      assert.equal(error.code, "unknown-node");
      return true;
    });
    assert.equal(ring.getNodes("fake", { replicas: 9 }).size, 4);
    assert.equal(ring.getNodes("fake", { replicas: 2 }).size, 2);
    assert.equal(ring.getNodes("fake", { ignoreNodes: ["nobody"], replicas: 9 }).size, 4);
    assert.equal(ring.getNodes("fake", { ignoreNodes: ring.nodes.keys() }).size, 0);
    assert.equal(new HashRing([], { hash }).getNodes("fake").size, 0);
    assert.equal(new HashRing([], { hash }).getNode("fake"), undefined);
  });
}

for (const [name, hash] of Object.entries({ native, md5 })) {
  Deno.test(`only the keys that must move do, ${name}`, () => {
    const ring = new HashRing(SERVICES, { hash });
    const before = KEYS.map((key) => ring.getNode(key));
    ring.addNode("new");
    const joined = KEYS.map((key) => ring.getNode(key));
    const moved = joined.filter((node, i) => node !== before[i]);
    assert(moved.every((node) => node === "new"));
    assert(moved.length > 0 && moved.length < KEYS.length / 10 * 1.5, `${moved.length} moved`);

    ring.removeNode("3");
    KEYS.forEach((key, i) => {
      const node = ring.getNode(key);
      if (joined[i] === "3") assert.notEqual(node, "3");
      else assert.equal(node, joined[i]);
    });
    assert(joined.includes("3"));
  });

  Deno.test(`keys and points spread evenly, ${name}`, () => {
    const even = (what: string, places: Iterable<number>): void => {
      const buckets = new Array<number>(1_024).fill(0);
      let all = 0;
      for (const place of places) {
        assert(Number.isSafeInteger(place) && place >= 0);
        const bucket = Math.floor(place / 2 ** 43);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
        all++;
      }
      const mean = all / 1_024;
      const chi = buckets.reduce((sum, seen) => sum + (seen - mean) ** 2 / mean, 0) / 1_023;
      // Five standard deviations of chance either way.
      assert(Math.abs(chi - 1) < 5 * Math.sqrt(2 / 1_023), `${what}: ${chi}`);
    };
    for (const prefix of ["", "user:", "/api/v1/items/"]) {
      const names = Array.from({ length: 50_000 }, (_, i) => utf8(`${prefix}${i}`));
      even(`keys ${prefix}`, names.map((key) => hash.place(key)));
    }
    const names = Array.from({ length: 1_000 }, (_, i) => `node-${i}`);
    even("points", names.flatMap((node) => [...hash.points(utf8(node), 32)]));

    const ring = new HashRing(names, { hash, partitions: 256 });
    const shares = new Map<string, number>();
    for (let i = 0; i < 200_000; i++) {
      const node = ring.getNode(`user:${i}`) ?? "";
      shares.set(node, (shares.get(node) ?? 0) + 1);
    }
    assert.equal(shares.size, 1_000);
    assert(Math.max(...shares.values()) < 200 * 1.6, `${Math.max(...shares.values())}`);
  });
}

Deno.test("a key is its UTF-8, of any script and length", () => {
  const ring = new HashRing(SERVICES);
  const shapes = [
    "é",
    "ключ",
    "🔑",
    "\u007f",
    "\u0080",
    ...[127, 128, 129, 300].map((n) => "x".repeat(n)),
  ];
  for (const shape of shapes) {
    for (let i = 0; i < 50; i++) {
      const key = i + shape;
      assert.equal(ring.getNode(key), ring.getNode(utf8(key)), key);
    }
  }
});

Deno.test("weights are shares", () => {
  const ring = new HashRing(["a"], { partitions: 512 });
  ring.addNode("b", 2);
  ring.addNode("c", 3);
  const shares = Object.groupBy(KEYS, (key) => ring.getNode(key) ?? "");
  for (const [node, weight] of ring.nodes) {
    const share = (shares[node]?.length ?? 0) / KEYS.length;
    assert(Math.abs(share / (weight / 6) - 1) < 0.15, `${node} ${share}`);
  }
});

Deno.test("what goes wrong in Tooz's rings does not here", async (t) => {
  await t.step("a node added again with a lower weight leaves no points behind", () => {
    const ring = new HashRing(["foo", "bar"], { hash: md5 });
    ring.addNode("bar", 10);
    ring.addNode("bar");
    assert.equal(ring.length, 64);
    ring.removeNode("bar");
    assert(KEYS.every((key) => ring.getNode(key) === "foo"));
  });
  await t.step("a node of weight 0 is known, owns nothing and holds up no look-up", () => {
    const ring = new HashRing(["foo"]);
    ring.addNode("idle", 0);
    assert.deepEqual([...ring.getNodes("fake", { replicas: 5 })], ["foo"]);
    assert.equal(ring.getNodes("fake", { replicas: 5, ignoreNodes: ["foo"] }).size, 0);
    assert.equal(ring.getNodes("fake", { replicas: 2, ignoreNodes: ["idle"] }).size, 1);
    ring.addNode("idle", 1);
    assert.equal(ring.getNodes("fake", { replicas: 5 }).size, 2);
  });
  await t.step("nodes that share points can go in any order", () => {
    // A point of "1" is the hash of so many ones, and so is one of "11".
    const [one, eleven] = [md5.points(utf8("1"), 32), md5.points(utf8("11"), 32)];
    assert(one.some((place) => eleven.includes(place)));
    for (const [first, second] of [["1", "11"], ["11", "1"]] as const) {
      const ring = new HashRing([first, second], { hash: md5 });
      assert.equal(ring.length, 64);
      ring.removeNode(first);
      assert(KEYS.every((key) => ring.getNode(key) === second));
      ring.removeNode(second);
      assert.equal(ring.length, 0);
    }
  });
  await t.step("a node has one name: text, and never bytes that mean the same", () => {
    const bytes = utf8("foo") as unknown as string;
    assert.throws(() => new HashRing([bytes]), InvalidArgument);
  });
});

Deno.test("wrong arguments are refused, and nothing changes", () => {
  const ring = new HashRing(["a"]);
  const never = undefined as never;
  const wrong: [() => unknown, RegExp][] = [
    [() => new HashRing([], { partitions: 0 }), /partitions 0/],
    [() => new HashRing([], { partitions: 1.5 }), /partitions 1.5/],
    [() => new HashRing([], { hash: "fold twice" as never }), /hash fold twice/],
    [() => new HashRing("foo"), /nodes "foo"/],
    [() => ring.addNode("b", -1), /weight -1/],
    [() => ring.addNode("b", 0.5), /weight 0.5/],
    [() => ring.addNode("b", NaN), /weight NaN/],
    [() => ring.addNode("b", 2 ** 30), /partitions × weight/],
    [() => ring.addNodes(["b", ""]), /node ""/],
    [() => ring.addNodes(["b", "\ud800"]), /node "\\ud800"/],
    [() => ring.getNodes("k", { replicas: 0 }), /replicas 0/],
    [() => ring.getNodes("k", { ignoreNodes: "abc" }), /ignoreNodes "abc"/],
    [() => ring.getNodes(42 as never), /key of type number/],
    [() => ring.getNode(never), /key of type undefined/],
    [() => new HashRing().getNodes(42 as never), /key of type number/],
    [() => ring.getNodes("k", { replicas: Infinity }), /replicas Infinity/],
  ];
  for (const [call, message] of wrong) {
    assert.throws(call, (error) => error instanceof InvalidArgument && message.test(error.message));
  }
  assert.deepEqual([...ring.nodes], [["a", 1]]);
});

/** What nodes to have, with which weights; names that repeat each other and share points too. */
const anyNodes = fc.dictionary(
  fc.oneof(fc.constantFrom("1", "11", "111"), fc.string({ minLength: 1, unit: "binary" })),
  fc.nat(3),
  { maxKeys: 6, noNullPrototype: true },
).map((nodes) => Object.entries(nodes));
const anyHash = fc.constantFrom(...Object.values(HASHES));
const anyKey = fc.string({ unit: "binary", maxLength: 200 });
const anyScene = fc.record({
  nodes: anyNodes,
  hash: anyHash,
  partitions: fc.integer({ min: 1, max: 9 }),
});
type Scene = typeof anyScene extends fc.Arbitrary<infer T> ? T : never;

function ringOf({ nodes, ...options }: Scene): HashRing {
  const ring = new HashRing([], options);
  for (const [node, weight] of nodes) ring.addNode(node, weight);
  return ring;
}

/** All nodes in the order in which they own a key. */
function order(ring: HashRing, key: string, ignoreNodes: Iterable<string> = []): string[] {
  return [...ring.getNodes(key, { ignoreNodes, replicas: 99 })];
}

/** The same, by looking at every point; of points on one place the first name goes first. */
function naiveOrder({ nodes, hash, partitions }: Scene, key: string): string[] {
  const points = nodes.flatMap(([node, weight]) =>
    [...hash.points(utf8(node), partitions * weight)].map((place) => ({ place, node }))
  ).sort((a, b) => a.place - b.place || (a.node < b.node ? -1 : 1));
  const place = hash.place(utf8(key));
  const [before, after] = [
    points.filter((p) => p.place <= place),
    points.filter((p) => p.place > place),
  ];
  return [...new Set([...after, ...before].map((point) => point.node))];
}

Deno.test("a ring is what a naive ring is", () => {
  fc.assert(
    fc.property(anyScene, anyKey, fc.integer({ min: 1, max: 7 }), (scene, key, replicas) => {
      const ring = ringOf(scene);
      const expected = naiveOrder(scene, key);
      assert.deepEqual(order(ring, key), expected);
      assert.deepEqual([...ring.getNodes(key, { replicas })], expected.slice(0, replicas));
      assert.equal(ring.getNode(key), expected[0]);
      assert.equal(ring.getNode(utf8(key)), expected[0]);
      assert.equal(ring.getNode(utf8(`x${key}x`).subarray(1, -1)), expected[0]);
    }),
  );
});

Deno.test("a ring forgets how it came to be", () => {
  const change = fc.record({ node: fc.constantFrom("1", "11", "new", "é"), weight: fc.nat(3) });
  const anyChanges = fc.array(change, { maxLength: 8 });
  fc.assert(fc.property(anyScene, anyKey, anyChanges, fc.gen(), (scene, key, changes, gen) => {
    const ring = ringOf(scene);
    const before = order(ring, key);
    for (const { node, weight } of changes) {
      ring.addNode(node, weight);
      order(ring, key);
      if (gen(fc.boolean)) ring.removeNode(node);
    }
    const now = new Map(scene.nodes);
    for (const { node } of changes) {
      if (ring.nodes.has(node) && !now.has(node)) ring.removeNode(node);
    }
    for (
      const [node, weight] of gen(() =>
        fc.shuffledSubarray(scene.nodes, { minLength: scene.nodes.length })
      )
    ) {
      ring.addNode(node, weight);
    }
    assert.deepEqual(order(ring, key), before);
    assert.deepEqual(new Map(ring.nodes), now);
  }));
});

Deno.test("a node that is ignored might as well not be there", () => {
  fc.assert(
    fc.property(anyScene, anyKey, fc.subarray(["1", "11", "111"]), (scene, key, ignored) => {
      const ring = ringOf(scene);
      const without = { ...scene, nodes: scene.nodes.filter(([node]) => !ignored.includes(node)) };
      assert.deepEqual(order(ring, key, ignored), order(ringOf(without), key));
      assert.deepEqual(
        order(ring, key, ignored),
        order(ring, key).filter((node) => !ignored.includes(node)),
      );
    }),
  );
});
