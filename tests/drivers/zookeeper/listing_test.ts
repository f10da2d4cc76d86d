/**
 * What a page of a list and a sweep read and end, over nodes that a test has made up.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Call } from "../../../drivers/zookeeper/call.ts";
import { leasesOf } from "../../../drivers/zookeeper/leases_of.ts";
import { pageOf } from "../../../drivers/zookeeper/listing.ts";
import { bucketOf, Nodes, written } from "../../../drivers/zookeeper/nodes.ts";
import type { Reply } from "../../../drivers/zookeeper/session.ts";
import { sweep } from "../../../drivers/zookeeper/sweep.ts";
import {
  type Answer,
  type Part,
  read,
  request,
  type Result,
  type Stat,
} from "../../../drivers/zookeeper/wire.ts";
import { list } from "../../conformance/operations.ts";

const NODES = new Nodes("/r");
const [NOW, TTL] = [1_000_000, 5_000];
const STAT: Stat = {
  ...{ czxid: 9, mzxid: 9, ctime: NOW, mtime: NOW, version: 3, children: 1, pzxid: 9 },
};

/** The path in a request's record. */
function pathOf(part: Part): string {
  const bytes = request(0, part);
  return new TextDecoder().decode(bytes.subarray(16, 16 + new DataView(bytes.buffer).getInt32(12)));
}

/**
 * Nodes of the resources, and how many seats there are; those named in `over` have ended. More than so
 * many flights have no end.
 */
function tree(resources: Readonly<Record<string, readonly string[]>>, over: RegExp = /^$/) {
  const flights: string[] = [];
  const writes: (readonly Part[])[] = [];
  const results = new Map<string, Result>([["/r", { text: "", stat: STAT }]]);
  const names = new Map<string, string[]>();
  for (const [resource, seats] of Object.entries(resources)) {
    const bucket = NODES.buckets[bucketOf(resource)]!;
    const under = NODES.resource(resource);
    names.set(bucket, [...names.get(bucket) ?? [], under.slice(bucket.length + 1)]);
    names.set(under, seats.map((seat) => NODES.seat({ resource, seat }).slice(under.length + 1)));
    for (const seat of seats) {
      const mtime = over.test(seat) ? NOW - TTL : NOW;
      results.set(NODES.seat({ resource, seat }), {
        text: written({ id: `id-${seat}`, ttl: TTL, value: "" }),
        stat: { ...STAT, mtime },
      });
    }
  }
  for (const bucket of NODES.buckets) {
    const children = names.get(bucket)?.length ?? 0;
    results.set(bucket, { text: "", stat: { ...STAT, children } });
  }
  const answered = (all: readonly Result[]): Reply => {
    const answer = { results: () => all, result: () => all[0] };
    return { answer: answer as unknown as Answer, zxid: 9, error: 0 };
  };
  const found = (part: Part): Result => {
    const path = pathOf(part);
    const missing = { error: -101 };
    return part.type === read("").type
      ? results.get(path) ?? missing
      : { names: names.get(path) ?? [] };
  };
  const call = {
    ask(parts: readonly Part[]): Promise<Reply[]> {
      if (flights.length > 99) throw new Error("this has no end");
      const asked: Part[][] = parts.map((part) => partsIn(part));
      flights.push(asked.flat().map(pathOf).join());
      return Promise.resolve(asked.map((all, n) => {
        if (parts[n]!.type === 5) return answered([{ stat: STAT }]);
        return answered(all.map(found));
      }));
    },
    write(parts: readonly Part[]): Promise<Result[]> {
      writes.push(parts);
      return Promise.resolve(parts.map(() => ({})));
    },
  };
  return { call: call as unknown as Call, flights, writes };
}

/** The parts of a look; any other request is its own. */
function partsIn(part: Part): Part[] {
  if (part.type !== 22) return [part];
  const parts: Part[] = [];
  const view = new DataView(request(0, part).buffer);
  for (let at = 12; view.getInt8(at + 4) === 0;) {
    const type = view.getInt32(at);
    const length = view.getInt32(at + 9);
    const path = new TextDecoder().decode(new Uint8Array(view.buffer, at + 13, length));
    parts.push({ type, record: (frame) => frame.text(path).bool(false) });
    at += 13 + length + 1;
  }
  return parts;
}

/** All pages of a list: the seats on each. */
async function pages(
  resources: Parameters<typeof tree>[0],
  limit: number,
  prefix = "",
): Promise<{ seats: string[][]; flights: number }> {
  const { call, flights } = tree(resources);
  const seats: string[][] = [];
  let after: string | undefined;
  do {
    const page = await pageOf(list(prefix, limit, after), NODES, call, "n");
    seats.push(page.leases.map(({ seat, resource }) => `${resource}/${seat}`));
    after = page.after;
  } while (after !== undefined);
  return { seats, flights: flights.length };
}

/** Names in the order of their buckets. */
const ORDERED = ["a", "b", "c", "d", "e", "f"].sort((a, b) => bucketOf(a) - bucketOf(b));

Deno.test("ZooKeeper: the pages of a list have every lease once, in the order of buckets and of names", async () => {
  const resources = Object.fromEntries(ORDERED.map((name) => [name, ["1", "2"]]));
  const all = ORDERED.flatMap((name) => [`${name}/1`, `${name}/2`]);
  for (const limit of [1, 2, 3, 5, 12, 13]) {
    const { seats } = await pages(resources, limit);
    assert.deepEqual(seats.flat(), all, `${limit}`);
    for (const page of seats.slice(0, -1)) assert.ok(page.length > 0 && page.length <= limit);
  }
  assert.deepEqual((await pages(resources, 5, "a")).seats.flat(), ["a/1", "a/2"]);
  assert.deepEqual((await pages({}, 5)).seats, [[]]);
  // The buckets and the time, the resources in them, the seats in those, and what is there.
  assert.equal((await pages(resources, 13)).flights, 4);
});

Deno.test("ZooKeeper: a list goes past resources without seats, and does not end there", async () => {
  const resources = Object.fromEntries(ORDERED.map((name, n) => [name, n < 4 ? [] : ["1"]]));
  const [last, end] = ORDERED.slice(4).map((name) => `${name}/1`);
  for (const limit of [1, 2, 9]) {
    const { seats } = await pages(resources, limit);
    assert.deepEqual(seats.flat(), [last, end], `${limit}`);
  }
});

Deno.test("ZooKeeper: what has ended is ended 128 leases at a time, and what lives is answered", async () => {
  const seats = Array.from({ length: 200 }, (_, n) => `over-${n}`);
  const { call, writes } = tree({ a: [...seats, "lives"] }, /^over/);
  const places = [...seats, "lives"].map((seat) => ({ resource: "a", seat }));
  const leases = await leasesOf(places, NOW, NODES, call);
  assert.deepEqual(leases.map(({ resource, seat, left }) => [resource, seat, left]), [
    ["a", "lives", TTL],
  ]);
  // A marker and a seat of each.
  assert.deepEqual(writes.map(({ length }) => length), [256, 144]);
  // Whoever is overtaken looks again.
  const overtaken = tree({ a: ["over"] }, /^over/);
  const { write } = overtaken.call;
  let writing = 0;
  overtaken.call.write = async (parts) => {
    const results = await write(parts);
    return ++writing === 1 ? undefined : results;
  };
  const [one] = places;
  assert.deepEqual(await leasesOf([{ ...one!, seat: "over" }], NOW, NODES, overtaken.call), []);
  assert.equal(overtaken.flights.length, 2);
});

Deno.test("ZooKeeper: a sweep looks at its resource and at three others of one bucket, at 128 seats in all", async () => {
  const { random } = Math;
  const names = Array.from({ length: 2_000 }, (_, n) => `r${n}`);
  const bucket = bucketOf("r0");
  const same = names.filter((name) => bucketOf(name) === bucket).slice(0, 6);
  const many = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);
  const swept = async (resources: Record<string, readonly string[]>, mine = "r0") => {
    const { call, flights, writes } = tree(resources, /^\d/);
    // The first choice is that of the bucket.
    let choices = 0;
    Math.random = () => choices++ === 0 ? bucket / 256 : 0;
    try {
      await sweep(mine, NODES, call, "n");
    } finally {
      Math.random = random;
    }
    return { flights, ended: writes.flat().length / 2, writes };
  };
  const alone = await swept({ r0: many(200) });
  assert.deepEqual([alone.ended, alone.flights.length], [128, 2], "it is itself in that bucket");
  const four = await swept(Object.fromEntries(same.map((name) => [name, many(99)])));
  // Itself, and of the three that were chosen two others.
  assert.equal(four.flights[1]?.split(",").length, 2);
  assert.equal(four.ended, 3 * 42);
  const other = names.find((name) => bucketOf(name) !== bucket)!;
  const beside = await swept(
    { [other]: many(9), ...Object.fromEntries(same.map((name) => [name, many(99)])) },
    other,
  );
  assert.equal(beside.flights[1]?.split(",").length, 3);
  assert.equal(beside.ended, 9 + 3 * 32);
  const none = await swept({});
  assert.deepEqual([none.ended, none.flights.length], [0, 2]);
});
