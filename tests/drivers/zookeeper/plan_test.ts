/**
 * What is decided by what was seen, and the transaction that writes it on the condition that it is still so.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Lease, Op, Outcome, SeatOp } from "../../../drivers/driver.ts";
import { Nodes, written } from "../../../drivers/zookeeper/nodes.ts";
import { Obstacle } from "../../../drivers/zookeeper/obstacle.ts";
import { isPatient, Plan, roundOf } from "../../../drivers/zookeeper/plan.ts";
import { View } from "../../../drivers/zookeeper/view.ts";
import {
  check,
  container,
  create,
  type Part,
  remove,
  request,
  type Result,
  type Stat,
  watchBelow,
  watchFor,
  write,
} from "../../../drivers/zookeeper/wire.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  list,
  page,
  release,
  renew,
} from "../../conformance/operations.ts";

const NODES = new Nodes("/r");
const NOW = 1_000_000;
const TTL = 5_000;
const ROOT: Stat = { ...stat(100), ctime: 500_000 };

function stat(czxid: number, more: Partial<Stat> = {}): Stat {
  return {
    ...{ czxid, mzxid: czxid, ctime: NOW, mtime: NOW, version: 3, children: 1, pzxid: czxid },
    ...more,
  };
}

/** What is in a seat: a lease whose id is the seat's name and that has been there for so many ms. */
interface There {
  readonly age?: number;
  readonly text?: string;
  readonly mtime?: number;
}

/** Places are `RESOURCE/SEAT`, or `RESOURCE` alone for one without seats. */
function viewOf(there: Readonly<Record<string, There>>): View {
  const seen = new Map<string, Result>([["/r", { text: "", stat: ROOT }]]);
  const names = new Map<string, string[]>();
  for (const [place, { age = 0, text, mtime = NOW - age }] of Object.entries(there)) {
    const [resource = "", seat] = place.split("/");
    seen.set(NODES.resource(resource), { text: "", stat: stat(150) });
    names.set(resource, [...names.get(resource) ?? [], ...seat === undefined ? [] : [seat]]);
    if (seat === undefined) continue;
    const lease = written({ id: `id-${seat}`, ttl: TTL, value: `v-${seat}` });
    seen.set(NODES.seat({ resource, seat }), { text: text ?? lease, stat: stat(200, { mtime }) });
  }
  return new View(NODES, NOW, seen, names);
}

const bytesOf = (parts: readonly Part[]) => parts.map((part) => [...request(0, part)].join());

/** Plans, and requires these parts, those that end leases first. */
function plan(
  view: View,
  ops: readonly SeatOp[],
  parts: readonly Part[],
  access: "world" | "auth" = "world",
): Plan {
  const made = new Plan(ops, view, NODES, access);
  assert.deepEqual(bytesOf(made.parts), bytesOf(parts), JSON.stringify(ops));
  return made;
}

const mine = acquire("a", { seat: "s", id: "id-s", ttl: TTL, value: "w" });
const [A, SEAT] = [NODES.resource("a"), NODES.seat(mine)];
const MARKER = NODES.marker(mine, "id-s");
const TEXT = written({ id: "id-s", ttl: TTL, value: "w" });
const granted = (access: "world" | "auth" = "world") => [
  create(SEAT, access),
  create(MARKER, access),
  write(SEAT, TEXT, 0),
];
const done = (count: number, more: Partial<Stat> = {}): Result[] =>
  Array.from({ length: count }, () => ({ stat: stat(300, more) }));
const THERE: Lease = { seat: "s", id: "id-s", token: 500_100, value: "v-s", left: TTL };

Deno.test("ZooKeeper: a grant creates its resource if there is none, its seat and its marker, and tells its token", () => {
  const first = plan(viewOf({}), [mine], [container(A, "world"), ...granted()]);
  const lease = { seat: "s", id: "id-s", token: 500_200, value: "w", left: TTL };
  assert.deepEqual(first.outcomes(done(4)), [{ ok: true, leases: [lease] }]);
  const second = plan(viewOf({ "a/t": {} }), [mine], granted("auth"), "auth");
  assert.deepEqual(second.outcomes(done(3)), [{ ok: true, leases: [lease] }]);
  // Of two, each has the token of its own node, and the resource is created once.
  const other = { ...mine, seat: "o", id: "id-o" };
  const both = new Plan([mine, other], viewOf({}), NODES, "world");
  assert.equal(both.parts.length, 7);
  const results = both.parts.map((_, n) => ({ stat: stat(300 + n) }));
  const tokens = both.outcomes(results).map(({ leases: [lease] }) => lease?.token);
  assert.deepEqual(tokens, [500_203, 500_206]);
});

Deno.test("ZooKeeper: what is there is shown and replayed, and refused to others, without any write", () => {
  const view = () => viewOf({ "a/s": {}, "a/t": { age: 1 }, "a/z": { mtime: NOW + 9 } });
  const replayed: Outcome[] = [{ ok: true, leases: [THERE] }];
  assert.deepEqual(plan(view(), [mine], []).outcomes([]), replayed);
  assert.deepEqual(plan(view(), [{ ...mine, id: "x" }], []).outcomes([]), [
    { ok: false, leases: [THERE] },
  ]);
  const [all] = plan(view(), [inspect("a")], []).outcomes([]);
  // A renewal may have come after the clock was read.
  assert.deepEqual(all?.leases.map(({ seat, left }) => [seat, left]), [
    ["s", TTL],
    ["t", TTL - 1],
    ["z", TTL],
  ]);
  const pages = ([limit, before]: [number, string?]) =>
    plan(view(), [page("a", limit, before)], []).outcomes([])[0]!;
  assert.deepEqual(pages([2]).leases.map(({ seat }) => seat), ["t", "z"]);
  assert.deepEqual([pages([2]).after, pages([3]).after], ["t", undefined]);
  assert.deepEqual(pages([2, "z"]).leases.map(({ seat }) => seat), ["s", "t"]);
  assert.deepEqual([pages([1, "z"]).after, pages([1, "s"]).leases], ["t", []]);
});

Deno.test("ZooKeeper: a renewal checks the marker and the version, and a second one the next version", () => {
  const again = { ...mine, value: "v-s" };
  const kept = written({ id: "id-s", ttl: TTL, value: "v-s" });
  const { outcomes } = {
    outcomes: plan(viewOf({ "a/s": {} }), [renew(again), renew(mine, "w")], [
      ...[check(MARKER), write(SEAT, kept, 3)],
      ...[check(MARKER), write(SEAT, TEXT, 4)],
    ]).outcomes(done(4)),
  };
  assert.deepEqual(outcomes, [{ ok: true, leases: [] }, { ok: true, leases: [] }]);
  plan(viewOf({ "a/s": {} }), [renew({ ...mine, id: "x" })], []);
  const both = [mine, renew(mine, "x")];
  plan(viewOf({ "a/t": {} }), both, [
    ...granted(),
    ...[check(MARKER), write(SEAT, written({ ...mine, value: "x" }), 1)],
  ]);
});

Deno.test("ZooKeeper: a release and a break remove the marker and the seat, in whatever version", () => {
  const removed = [remove(MARKER), remove(SEAT)];
  for (const op of [release(mine), breakSeat(mine)]) plan(viewOf({ "a/s": {} }), [op], removed);
  const [released, next] = plan(viewOf({ "a/s": {} }), [release(mine), { ...mine, id: "j" }], [
    ...removed,
    create(SEAT, "world"),
    create(NODES.marker(mine, "j"), "world"),
    write(SEAT, written({ ...mine, id: "j" }), 0),
  ]).outcomes(done(5));
  assert.deepEqual([released?.leases, next?.leases[0]?.id], [[], "j"]);
});

Deno.test("ZooKeeper: what was seen to have ended is ended once, in the version that was seen", () => {
  const over = { "a/s": { age: TTL }, "a/t": { age: TTL - 1 } };
  const ends = [remove(MARKER), remove(SEAT, 3)];
  assert.deepEqual(plan(viewOf(over), [inspect("a", "s")], ends).outcomes([]), [
    { ok: true, leases: [] },
  ]);
  plan(viewOf(over), [inspect("a"), inspect("a"), page("a", 9), renew(mine)], ends);
  plan(viewOf(over), [inspect("a", "t")], []);
  const beside = { resource: "a", seat: "t" };
  plan(viewOf({ "a/s": { age: TTL }, "a/t": { age: TTL } }), [inspect("a")], [
    ...ends,
    ...[remove(NODES.marker(beside, "id-t")), remove(NODES.seat(beside), 3)],
  ]);
  const other = { ...mine, id: "j" };
  const [taken] = plan(viewOf(over), [other], [
    ...ends,
    create(SEAT, "world"),
    create(NODES.marker(mine, "j"), "world"),
    write(SEAT, written(other), 0),
  ]).outcomes(done(5));
  assert.deepEqual([taken?.ok, taken?.leases[0]?.left], [true, TTL]);
});

Deno.test("ZooKeeper: a guard that holds is made sure of in the same transaction", () => {
  const guarded = (guard: Acquire["guard"]) => ({ ...mine, guard });
  const [G, IN_G] = [NODES.resource("g"), NODES.seat({ resource: "g", seat: "x" })];
  const marker = NODES.marker({ resource: "g", seat: "x" }, "id-x");
  const holds = (there: Record<string, There>, guard: Acquire["guard"], parts: readonly Part[]) =>
    plan(viewOf({ a: {}, ...there }), [guarded(guard)], [...parts, ...granted()]);
  holds({ "g/x": {}, "g/y": {} }, ifHeld("g"), [check(marker)]);
  holds({ "g/x": {}, "g/w": {} }, ifHeld("g", "x"), [check(marker)]);
  // Nobody has ever been there.
  for (const guard of [ifVacant("g"), ifVacant("g", "x")]) {
    holds({}, guard, [container(G, "world"), remove(G)]);
  }
  holds({ g: {} }, ifVacant("g", "x"), [create(IN_G, "world"), remove(IN_G)]);
  // A node with others below it is not deleted.
  holds({ g: {} }, ifVacant("g"), [remove(G)]);
  const ends = [remove(marker), remove(IN_G, 3)];
  holds({ "g/x": { age: TTL } }, ifVacant("g"), [...ends, remove(G)]);
  // What was ended in the version that was seen can only have come back in another transaction.
  holds({ "g/x": { age: TTL } }, ifVacant("g", "x"), ends);
  const refused = plan(viewOf({ a: {}, "g/x": {} }), [guarded(ifVacant("g"))], []);
  assert.deepEqual(refused.outcomes([])[0]?.leases.map(({ id }) => id), ["id-x"]);
  // On its own resource, which the grant creates again.
  plan(viewOf({ a: {} }), [guarded(ifVacant("a"))], [
    remove(A),
    container(A, "world"),
    ...granted(),
  ]);
  plan(viewOf({ "g/x": {} }), [breakSeat({ resource: "g", seat: "x" }, ifVacant("a"))], [
    ...[container(A, "world"), remove(A)],
    ...[remove(marker), remove(IN_G)],
  ]);
});

Deno.test("ZooKeeper: a node that is no lease, or whose number no token can have, is no answer", () => {
  const unknown = { code: "unknown-outcome" };
  assert.throws(() => viewOf({ "a/s": { text: "x" } }).live("a", "s"), unknown);
  const root = { text: "", stat: { ...ROOT, ctime: Number.MAX_SAFE_INTEGER - 100, czxid: 0 } };
  const view = new View(NODES, NOW, new Map([["/r", root]]));
  assert.equal(view.token(stat(100)), Number.MAX_SAFE_INTEGER);
  assert.throws(() => view.token(stat(101)), unknown);
  assert.equal(view.token(stat(0)), 0);
  assert.throws(() => new View(NODES, NOW, new Map()).token(stat(100)), unknown);
});

Deno.test("ZooKeeper: a round is what one transaction can do, and takes no seat twice", () => {
  const sizes = (ops: readonly Op[], from = 0) => roundOf(ops, from).length;
  const many = (count: number, value = "") =>
    Array.from({ length: count }, (_, n) => acquire(`a${n}`, { value }));
  const patient = { ...mine, patience: 1 };
  assert.deepEqual([isPatient(patient), isPatient({ ...mine, patience: 0 }), isPatient(mine)], [
    true,
    false,
    false,
  ]);
  assert.equal(sizes(many(600)), 500);
  assert.equal(sizes(many(600), 200), 400);
  assert.equal(sizes([mine, list(""), mine]), 1);
  assert.equal(sizes([mine, patient]), 1);
  const round = [mine, renew(mine), release(mine)];
  assert.deepEqual(roundOf([...round, mine], 0), round);
  assert.equal(sizes([mine, { ...mine, seat: "t" }, { ...mine, resource: "b" }]), 3);
  assert.equal(sizes([release(mine), mine, renew(mine)]), 3);
  const long = "v".repeat(60_000);
  assert.equal(sizes(many(9, long)), 5);
  assert.equal(sizes([...many(5, long), renew(mine), acquire("x")]), 7);
  assert.equal(sizes([...many(5, long), renew(mine, "v")]), 5);
  // One alone always fits.
  assert.equal(sizes([acquire("x", { value: "v".repeat(300_001) }), mine]), 1);
});

Deno.test("ZooKeeper: one that is refused watches its seat or what its guard is about, and knows what its end leaves", () => {
  const watches = (
    there: Record<string, There>,
    op: Acquire,
    watch: Part,
    left: number,
    removes: boolean,
  ) => {
    const view = viewOf(there);
    const obstacle = new Obstacle(op, view, NODES);
    assert.deepEqual(bytesOf([obstacle.watch]), bytesOf([watch]), JSON.stringify(there));
    assert.deepEqual([obstacle.watch.watches, obstacle.left], [watch.watches, left]);
    assert.equal(obstacle.remove(view), removes);
    return view;
  };
  const [G, X] = [NODES.resource("g"), NODES.seat({ resource: "g", seat: "x" })];
  const guarded = (guard: Acquire["guard"]) => ({ ...mine, guard });
  const seen = watches({ "a/s": { age: 9 } }, mine, watchBelow(SEAT), TTL - 9, true);
  assert.deepEqual(seen.live("a", "s"), []);
  const behind = guarded(ifVacant("g"));
  watches({ "a/s": {}, "g/x": { age: 9 } }, behind, watchBelow(SEAT), TTL, true);
  watches({ "g/x": { age: 9 }, "g/y": {} }, behind, watchBelow(G), TTL - 9, false);
  watches({ "g/x": { age: 9 } }, guarded(ifVacant("g", "x")), watchBelow(X), TTL - 9, true);
  // Whoever has to come.
  watches({}, guarded(ifHeld("g")), watchFor(G), Infinity, false);
  watches({ g: {} }, guarded(ifHeld("g")), watchBelow(G), Infinity, false);
  watches({ g: {} }, guarded(ifHeld("g", "x")), watchFor(X), Infinity, false);
});
