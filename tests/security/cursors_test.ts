/**
 * A cursor is handed to clients, who hand back what they like.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Op } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { Coordinator, InvalidArgument } from "../../mod.ts";
import { outcomeOf } from "./sinks.ts";

/** A group with a member, and a coordinator of nobody's who ticks over it. */
async function scene(): Promise<{ baton: Coordinator; sent: Op[][]; stop(): Promise<void> }> {
  const backend = memory();
  const member = new Coordinator(backend, { memberId: "a" });
  await member.joinGroupCreate("g", "x");
  const sent: Op[][] = [];
  const wire: Driver = {
    ...backend,
    apply: (ops, options) => {
      sent.push([...ops]);
      return backend.apply(ops, options);
    },
  };
  const stop = () => member[Symbol.asyncDispose]();
  return { baton: new Coordinator(wire, { memberId: "z" }), sent, stop };
}

const RESYNC = [{ type: "resync", group: "g", members: new Map([["a", "x"]]) }];
const deep = (open: string, close: string, times: number) =>
  `{"v":1,"groups":${open.repeat(times)}${close.repeat(times)}}`;
const cursor = (groups: unknown) => JSON.stringify({ v: 1, groups });

/** Cursors that none of ours are. */
const MALFORMED: readonly string[] = [
  ...["", "{", "null", "7", '"v"', "[]", "{}", '{"v":1}', '{"v":1,"groups":null}', '{"v":"1"}'],
  ...['{"v":1,"groups":{}}', '{"v":1,"groups":"ab"}', '{"v":1,"groups":[7]}', "\uD800", "\0"],
  ...['{"__proto__":{"v":1,"groups":[]}}', '{"v":1,"__proto__":{"groups":[]}}', "[".repeat(1e6)],
  ...[deep("[", "]", 200_000), deep('[["g",{"members":', "}]]", 50_000), deep('{"a":', "1}", 1)],
  cursor([["g"]]),
  cursor([["g", null]]),
  cursor([["g", {}]]),
  cursor([["g", { members: null }]]),
  cursor([["g", { members: [], term: 0 }]]),
  cursor([["g", { members: { a: 1 }, term: 0 }]]),
  cursor([["g", { members: { a: [1] }, term: 0 }]]),
  cursor([["g", { members: { a: [1, "1"] }, term: 0 }]]),
  cursor([["g", { members: { a: [1, 1.5] }, term: 0 }]]),
  cursor([["g", { members: { a: [[1], [2]] }, term: 0 }]]),
  cursor([["g", { members: {}, term: "0" }]]),
  cursor([["g", { members: {}, term: 2 ** 60 }]]),
  cursor([["", { members: {}, term: 0 }]]),
  cursor([["\r\n", { members: {}, term: 0 }]]),
  cursor([["x".repeat(300), { members: {}, term: 0 }]]),
  cursor([[{ toString: "g" }, { members: {}, term: 0 }]]),
  cursor([[["g"], { members: {}, term: 0 }]]),
];

Deno.test("a cursor that is none of ours, however deep or odd, begins anew", async () => {
  const { baton, stop } = await scene();
  for (const since of MALFORMED) {
    const { events } = await baton.tick({ since, watch: ["g"] });
    assert.deepEqual(events, RESYNC, since.slice(0, 80));
  }
  await stop();
});

Deno.test("members that a cursor makes up are members who left, whatever they are called", async () => {
  const { baton, stop } = await scene();
  const text = '{"v":1,"groups":[["g",{"members":{"__proto__":[1,0],"constructor":[2,0],' +
    '"toString":[3,0],"<script>":[4,0]},"term":0}],["h",{"members":null,"term":7}]]}';
  const { events } = await baton.tick({ since: text });
  const told = events.map((event) =>
    "memberId" in event ? [event.type, event.memberId] : event.type
  );
  assert.deepEqual(told, [
    ["joined", "a"],
    ["left", "__proto__"],
    ["left", "constructor"],
    ["left", "toString"],
    ["left", "<script>"],
    ["leader", null],
  ]);
  assert.equal(Object.create({})["0"], undefined);
  await stop();
});

Deno.test("whatever a cursor says, a tick is one request that only looks", async () => {
  const { baton, sent, stop } = await scene();
  const many = Array.from({ length: 2_000 }, (_, n) => [`g${n}`, { members: null, term: 0 }]);
  const big = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`m${n}`, [n + 1, 0]]));
  const hostile = [
    ...MALFORMED,
    cursor(many),
    cursor([["g", { members: big, term: 0 }]]),
    cursor([...many, ...many]),
  ];
  for (const since of hostile) {
    sent.length = 0;
    const { events } = await baton.tick({ since, watch: ["g"] });
    assert(events.length <= 50_010);
    assert.equal(sent.length, 1);
    assert(sent.flat().every(({ op }) => op === "inspect"), "it did more than look");
  }
  await stop();
});

Deno.test("a cursor names the groups that are looked at: whoever takes one from strangers shows them any", async () => {
  // A known property, for which SECURITY.md says what to do.
  const { baton, stop } = await scene();
  const { events } = await baton.tick({ since: cursor([["g", { members: {}, term: 0 }]]) });
  assert.deepEqual(events.map(({ type }) => type), ["joined"]);
  await stop();
});

Deno.test("a watch list of a stranger's is held to the rules for names, before anything is sent", async () => {
  const { baton, sent, stop } = await scene();
  for (
    const name of ["", "a\r\nb", "\uD800", "\0", "x".repeat(257), 7, null, { toString: () => "g" }]
  ) {
    const outcome = await outcomeOf(() => baton.tick({ watch: [name as string] }));
    assert(outcome instanceof InvalidArgument, JSON.stringify(name));
  }
  assert.deepEqual(sent, []);
  await stop();
});
