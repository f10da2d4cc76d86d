/**
 * What the Postgres driver asks of its function: in what order, and under which locks. Two batches
 * that lock in two orders deadlock; a guard that locks too little is overtaken.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Guard, List, Op } from "../../../drivers/driver.ts";
import { postgres, type PostgresQuery } from "../../../drivers/postgres/postgres.ts";
import { partsOf, requestOf } from "../../../drivers/postgres/request.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";

type PlaceOp = Exclude<Op, List>;

const acquire = (resource: string, seat: string, guard?: Guard): PlaceOp => ({
  op: "acquire",
  resource,
  seat,
  id: `${resource}${seat}`,
  ttl: 1_000,
  value: "",
  ...(guard && { guard }),
});
const all = (resource: string): PlaceOp => ({ op: "inspect", resource });

/** What is sent for operations whose answers are their places' names, and what is made of those. */
async function asked(ops: readonly PlaceOp[]): Promise<{
  places: string[];
  marked: [resource: string, seat: string | null, written: boolean][];
  locks: [key: string, exclusive: boolean][];
  answers: string[];
}> {
  let request: {
    ops: PlaceOp[];
    places: [string, string | null, boolean][];
    locks: [string, boolean][];
  } = { ops: [], places: [], locks: [] };
  const driver = postgres((_text, [text = ""]) => {
    request = JSON.parse(text);
    const told = request.ops.map((
      { resource, seat = "*" },
    ) => [true, [[resource + seat, "i", 1, "", null]]]);
    return Promise.resolve([{ outcomes: JSON.stringify(told) }]);
  });
  const outcomes = await driver.apply(ops);
  return {
    places: request.ops.map(({ resource, seat = "*" }) => resource + seat),
    marked: request.places,
    locks: request.locks,
    answers: outcomes.map(({ leases }) => leases[0]?.seat ?? ""),
  };
}

Deno.test("operations that cannot affect each other go sorted, and are answered as they were given", async () => {
  const ops = [acquire("b", "2"), acquire("a", "1"), acquire("b", "1"), acquire("a", "")];
  const { places, answers, marked } = await asked(ops);
  assert.deepEqual(places, ["a", "a1", "b1", "b2"]);
  assert.deepEqual(marked, []);
  assert.deepEqual(answers, ["b2", "a1", "b1", "a"]);
});

Deno.test("operations that can affect each other go as they were given, and mark their places in order", async () => {
  const guard: Guard = { when: "held", resource: "z", seat: "" };
  const b1 = ["b", "1", true];
  for (
    const [ops, sorted] of [
      [[acquire("b", "1"), acquire("a", "1"), acquire("b", "1")], [["a", "1", true], b1]],
      // All of a resource comes before its seats, or whoever looks at all would lock a seat twice over.
      [[acquire("b", "1"), all("b"), all("a")], [["a", null, false], ["b", null, false], b1]],
      [[acquire("b", "1"), acquire("a", "1", guard)], [["a", "1", true], b1, ["z", "", false]]],
      // What is looked at and written is written.
      [[acquire("z", ""), acquire("b", "1", guard)], [b1, ["z", "", true]]],
      [[acquire("b", "1", guard)], []],
    ] as const
  ) {
    const given = ops.map(({ resource, seat = "*" }) => resource + seat);
    const { places, answers, marked } = await asked(ops);
    assert.deepEqual([places, answers, marked], [given, given, sorted]);
  }
});

Deno.test("what begins or ends a lease locks its resource, its seat and what its guard looks at", async () => {
  const place = (...names: (string | null)[]): string => JSON.stringify(names);
  // Seats share their resource, which a guard on all of it has for itself.
  const { locks: one } = await asked([
    acquire("lock:x", "", { when: "vacant", resource: "readers:x" }),
  ]);
  assert.deepEqual(one, [
    [place("lock:x", ""), true],
    [place("lock:x", null), false],
    [place("readers:x", null), true],
  ]);
  const { locks: two } = await asked([
    acquire("readers:x", "r", { when: "vacant", resource: "lock:x", seat: "" }),
  ]);
  const renewal = { op: "renew", resource: "r", seat: "", id: "i", ttl: 1 } as const;
  assert.deepEqual((await asked([renewal])).locks, []);
  const release = { op: "release", resource: "r", seat: "", id: "i" } as const;
  assert.deepEqual((await asked([release])).locks, [[place("r", ""), true], [
    place("r", null),
    false,
  ]]);
  assert.deepEqual(two, [
    [place("lock:x", ""), false],
    [place("readers:x", "r"), true],
    [place("readers:x", null), false],
  ]);
});

Deno.test("the locks of a batch are sorted, each once, and exclusive if any operation wants it so", async () => {
  const { locks } = await asked([
    acquire("m", "2", { when: "held", resource: "g", seat: "1" }),
    acquire("g", "1", { when: "vacant", resource: "m" }),
    all("a"),
    acquire("b", "unguarded"),
  ]);
  const keys = locks.map(([key]) => key);
  assert.deepEqual(keys, [...new Set(keys)].sort());
  assert.deepEqual(locks.map(([key, exclusive]) => [JSON.parse(key).join(), exclusive]), [
    ["b,unguarded", true],
    ["b,", false],
    ["g,1", true],
    ["g,", false],
    ["m,2", true],
    ["m,", true],
  ]);
});

Deno.test("two leases of a resource share its lock, and a guard that is undefined is none", async () => {
  const none = (op: PlaceOp): PlaceOp => ({ ...op, guard: undefined }) as PlaceOp;
  const [m1, m2] = [none(acquire("m", "1")), none(acquire("m", "2"))];
  const apart = await asked([m2, m1]);
  assert.deepEqual([apart.places, apart.marked], [["m1", "m2"], []]);
  assert.deepEqual(apart.locks.map(([key, exclusive]) => [JSON.parse(key).join(), exclusive]), [
    ["m,1", true],
    ["m,2", true],
    ["m,", false],
  ]);
  const { places, marked } = await asked([m2, m1, m2]);
  assert.deepEqual([places, marked.length], [["m2", "m1", "m2"], 2]);
});

Deno.test("a list goes as the range of its prefix, from where the page before has ended, and locks nothing", () => {
  const range = (op: Op) => {
    const { ops, locks, places } = JSON.parse(requestOf([op, all("r"), all("r")], "n").text);
    assert.deepEqual([locks, places], [[], [["r", null, false]]]);
    return ops[0];
  };
  assert.deepEqual(range({ op: "list", prefix: "lock:", limit: 7 }), {
    ...{ op: "list", resource: "lock:", seat: "", again: false, stop: "lock;", limit: 7 },
  });
  assert.deepEqual(range({ op: "list", prefix: "", limit: 7, after: '["lock:x","s"]' }), {
    ...{ op: "list", resource: "lock:x", seat: "s", again: true, limit: 7 },
  });
  const cursor = '["other","s"]';
  assert.throws(() => range({ op: "list", prefix: "lock:", limit: 7, after: cursor }), /after/);
});

Deno.test("a batch goes in as few requests as the server has locks for, which renewals and looks need not", () => {
  const begin = Array.from({ length: 1_000 }, (_, n) => acquire("r", `${n}`));
  const end = begin.map(({ resource, seat }): Op => ({ op: "release", resource, seat: seat! }));
  const look = begin.map(() => all("r"));
  const cases = [
    [[], []],
    [look, [1_000]],
    [begin, [1_000]],
    [[...begin, ...look], [2_000]],
    [[...begin, ...end, ...begin], [1_000, 1_000, 1_000]],
    [[...look, ...end, ...look, all("r"), begin[0]!, ...look], [3_001, 1_001]],
  ] as const;
  for (const [ops, lengths] of cases) {
    const parts = [...partsOf(ops)];
    assert.deepEqual(parts.map(({ length }) => length), lengths);
    assert.deepEqual(parts.flat(), ops);
  }
});

Deno.test("leases are told in the order of their seats, those without end as such", async () => {
  const rows = [["b", "i", 2, "", null], ["a", "j", 3, "x", 5]];
  const driver = postgres(() => Promise.resolve([{ outcomes: JSON.stringify([[true, rows]]) }]));
  const [outcome] = await driver.apply([all("r")]);
  assert.deepEqual(outcome?.leases, [
    { seat: "a", id: "j", token: 3, value: "x", left: 5 },
    { seat: "b", id: "i", token: 2, value: "", left: Infinity },
  ]);
});

Deno.test("the caller's signal goes along with the statement", async () => {
  const { signal } = new AbortController();
  const seen: unknown[] = [];
  const driver = postgres((_text, _params, given) => {
    seen.push(given);
    return Promise.resolve([{ outcomes: "[[true,[]]]" }]);
  });
  await driver.apply([all("r")], { signal });
  assert.deepEqual(seen, [signal]);
});

Deno.test("no request is ever the same byte for byte, and the statement is, so that it stays prepared", async () => {
  const [texts, params] = [new Set<string>(), new Set<string>()];
  let requests = 0;
  const query: PostgresQuery = (text, [param = ""]) => {
    requests++;
    texts.add(text);
    params.add(param);
    return Promise.resolve([{ outcomes: "[[true,[]]]" }]);
  };
  const drivers = [postgres(query), postgres(query)];
  for (const driver of [...drivers, ...drivers]) {
    for (let again = 0; again < 3; again++) await driver.apply([all("r")]);
  }
  assert.deepEqual([requests, params.size], [12, 12]);
  assert.deepEqual([...texts], ["call baton.apply_3($1, null)"]);

  // A migration has no parameter.
  texts.clear();
  for (let again = 0; again < 3; again++) await migrate(query);
  assert.equal(texts.size, 3);
});

Deno.test("beforeRequest is called once before the request, and what it throws comes as it is", async () => {
  const happened: string[] = [];
  const driver = postgres(() => {
    happened.push("sent");
    return Promise.resolve([{ outcomes: "[[true,[]]]" }]);
  });
  await driver.apply([all("r")], { beforeRequest: () => void happened.push("before") });
  await driver.apply([], { beforeRequest: () => void happened.push("before") });
  const error = new Error("no more");
  const beforeRequest = () => {
    throw error;
  };
  await assert.rejects(driver.apply([all("r")], { beforeRequest }), (told) => told === error);
  assert.deepEqual(happened, ["before", "sent"]);
});
