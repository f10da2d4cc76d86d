/**
 * What an acquisition that waits watches, and when that is out of its way.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Guard } from "../../../drivers/driver.ts";
import { Keys } from "../../../drivers/etcd/keys.ts";
import { guardText } from "../../../drivers/etcd/txn.ts";
import { Obstacles } from "../../../drivers/etcd/waiting.ts";
import { UnknownOutcome } from "../../../errors.ts";
import { acquire, ifHeld, ifVacant } from "../../conformance/operations.ts";

const KEYS = new Keys("p/");
const SEAT = "p/leases/r\0s\0";
const GUARD = "p/leases/g\0";
const LINE = "p/queue/r\0s\0";
const kv = (key: string, created = "1", value = "none") => (
  { key: btoa(key), value: btoa(value), create_revision: created }
);
const under = (prefix: string) => (
  { key: btoa(prefix), range_end: btoa(`${prefix.slice(0, -1)}\x01`) }
);

/** What is in the way of one whose place in the queue was created by the transaction 10. */
function obstacles(
  there: { seat?: string[]; guards?: string[]; line?: ReturnType<typeof kv>[] },
  guard?: Guard,
): Obstacles {
  const op = acquire("r", { seat: "s", id: "i", guard });
  const { seat = [], guards = [], line = [kv(`${LINE}i`, "10", guardText(guard))] } = there;
  const shown = (names: string[], under: string) => names.map((name) => kv(under + name));
  const found = [shown(seat, SEAT), ...guard ? [shown(guards, GUARD)] : [], line];
  return new Obstacles(op, KEYS, { found, revision: 20, succeeded: false, count: 0, epoch: 0 });
}

const message = (...events: [type: string | undefined, key: string][]) => ({
  result: {
    events: events.map(([type, key]) => ({ ...type && { type }, kv: { key: btoa(key) } })),
  },
});

const before = (name: string, created = "9", guard?: Guard) =>
  kv(`${LINE}${name}`, created, guardText(guard));
const own = (guard?: Guard) => kv(`${LINE}i`, "10", guardText(guard));

Deno.test("etcd: those before it that want the same are watched first, then its seat, and then its guard", () => {
  const [wants, needs] = [ifVacant("g"), ifHeld("g")];
  const at = (span: object) => ({ create_request: { ...span, start_revision: "21" } });
  const line = at({ ...under(LINE), filters: ["NOPUT"] });
  assert.deepEqual(obstacles({ seat: ["o"], line: [before("a"), own()] }).watch(), line);
  assert.deepEqual(obstacles({ seat: ["o"] }).watch(), at(under(SEAT)));
  assert.deepEqual(obstacles({ seat: ["o"], guards: ["x\0y"] }, wants).watch(), at(under(SEAT)));
  assert.deepEqual(obstacles({ guards: ["x\0y"] }, wants).watch(), at(under(GUARD)));
  assert.deepEqual(obstacles({}, needs).watch(), at(under(GUARD)));
});

Deno.test("etcd: it is its turn when nobody came before it, its seat is vacant and its guard holds", () => {
  const [wants, needs] = [ifVacant("g"), ifHeld("g")];
  const rows: readonly (readonly [what: string, obstacles: Obstacles, none: boolean])[] = [
    ["nothing", obstacles({}), true],
    ["its seat", obstacles({ seat: ["o"] }), false],
    ["one before it", obstacles({ line: [before("a"), own()] }), false],
    ["one after it", obstacles({ line: [own(), before("z", "11")] }), true],
    ["one with another guard", obstacles({ line: [before("a", "9", wants), own()] }), true],
    ["one with the same", obstacles({ line: [before("a", "9", wants), own(wants)] }, wants), false],
    ["a guard that holds", obstacles({}, wants), true],
    ["one that does not", obstacles({ guards: ["x\0y"] }, wants), false],
    ["one that needs somebody", obstacles({}, needs), false],
    ["who is there", obstacles({ guards: ["x\0y"] }, needs), true],
    ["its seat, with a guard", obstacles({ seat: ["o"], guards: ["x\0y"] }, needs), false],
  ];
  for (const [what, { none, queued }, expected] of rows) {
    assert.deepEqual([none, queued], [expected, true], what);
  }
  assert.equal(obstacles({ line: [before("a")] }).queued, false);
  assert.equal(obstacles({ line: [] }).queued, false);
});

Deno.test("etcd: what is watched is out of the way when all of it is, whatever else happens", () => {
  const seat = obstacles({ seat: ["o"] });
  assert.equal(seat.changed([]), false);
  assert.equal(seat.changed([{ result: {} }, message([undefined, `${SEAT}o`])]), false);
  assert.equal(seat.changed([message([undefined, `${SEAT}n`], ["DELETE", `${SEAT}o`])]), false);
  assert.equal(seat.changed([message(["DELETE", `${SEAT}n`])]), true);

  const line = obstacles({ line: [before("a"), before("b"), own()] });
  assert.equal(line.changed([message(["DELETE", `${LINE}a`])]), false);
  assert.equal(line.changed([message([undefined, `${LINE}b`], ["DELETE", `${LINE}z`])]), false);
  assert.equal(line.changed([message(["DELETE", `${LINE}b`])]), true);

  const wants = obstacles({ guards: ["x\0y", "x\0z"] }, ifVacant("g"));
  assert.equal(wants.changed([message(["DELETE", `${GUARD}x\0y`])]), false);
  assert.equal(wants.changed([message(["DELETE", `${GUARD}x\0z`])]), true);

  const more = obstacles({ guards: ["x\0y"] }, ifVacant("g"));
  assert.equal(more.changed([message([undefined, `${GUARD}x\0z`])]), false);
  assert.equal(more.changed([message(["DELETE", `${GUARD}x\0z`])]), false);

  const needs = obstacles({}, ifHeld("g"));
  assert.equal(needs.changed([message(["DELETE", `${GUARD}x\0y`])]), false);
  assert.equal(needs.changed([message([undefined, `${GUARD}x\0y`])]), true);

  // What is about another thing is not taken for it.
  const both = obstacles({ seat: ["o"], guards: ["x\0y"] }, ifVacant("g"));
  assert.equal(both.changed([message(["DELETE", `${GUARD}x\0y`])]), false);
  assert.equal(both.changed([message(["DELETE", `${SEAT}o`])]), true);
  assert.equal(both.none, true);
});

Deno.test("etcd: a watch that is no longer kept up, and a message that is none, is no answer", () => {
  for (const each of [{ result: { canceled: true } }, { error: {} }, {}]) {
    const seat = obstacles({ seat: ["o"] });
    assert.throws(() => seat.changed([message(["DELETE", `${SEAT}o`]), each]), UnknownOutcome);
  }
});
