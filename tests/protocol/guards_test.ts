/**
 * What the guards of groups and of cron slots are for. The server's side of it, on real backends, is
 * in `group_race_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cronSlot, SLOT_PROMISES, type SlotScope } from "./cron_slot.ts";
import { GROUP_PROMISES, groupGuard, type GroupScope } from "./group_guard.ts";
import { search, type Space } from "./search.ts";

const LIMIT = { states: 100_000 };
const GROUP: GroupScope = { requests: [2, 2, 1], copies: 0 };
const ONCE: SlotScope = { mode: "once", triggers: 3, expires: true, promises: ["beginsOnce"] };
const RETRY: SlotScope = {
  mode: "retry",
  triggers: 3,
  expires: false,
  promises: ["doneIsDone", "endsOnce"],
};

/** A test that the space is exhausted, after so many states, and nothing breaks. */
function holds<State>(name: string, space: Space<State>, states: number): void {
  Deno.test(`${name}: ${states.toLocaleString("en")} states`, () => {
    const verdict = search(space, LIMIT);
    assert.deepEqual([verdict.outcome, verdict.states], ["exhausted", states]);
  });
}

/** A test that the shortest way to break it is this one. */
function breaks<State>(
  name: string,
  space: Space<State>,
  property: string,
  trace: readonly string[],
): void {
  Deno.test(`${name}: breaks "${property}" in ${trace.length} steps`, () => {
    const verdict = search(space, LIMIT);
    assert(verdict.outcome === "broken", `${verdict.outcome} after ${verdict.states} states`);
    assert.equal(verdict.property, property);
    assert.deepEqual(verdict.trace, trace);
  });
}

holds("no member is orphaned by any three clients", groupGuard(GROUP), 3_140);

breaks(
  "a join that looks first and joins then",
  groupGuard(GROUP, { joinIsOneStep: false }),
  GROUP_PROMISES.noOrphans,
  [
    "a asks to join",
    "for a, the group is there",
    "b sees group 1 empty and asks to delete it",
    "group 1 is deleted for b",
    "a is a member",
  ],
);

breaks(
  "a deletion that looks first and deletes then",
  groupGuard(GROUP, { deleteIsOneStep: false }),
  GROUP_PROMISES.noOrphans,
  [
    "a asks to join",
    "b sees group 1 empty and asks to delete it",
    "for b, nobody is in it",
    "a is a member",
    "group 1 is deleted for b",
  ],
);

breaks(
  "a deletion of whichever group is there",
  groupGuard(GROUP, { deletesWhatWasSeen: false }),
  GROUP_PROMISES.noStranger,
  [
    "a asks to create the group",
    "b sees group 1 empty and asks to delete it",
    "c sees group 1 empty and asks to delete it",
    "group 1 is deleted for b",
    "group 2 is created",
    "group 2 is deleted for c",
  ],
);

breaks(
  "not promised: a creation that arrives twice, the second time after the deletion",
  groupGuard({ ...GROUP, copies: 1 }),
  GROUP_PROMISES.staysDeleted,
  [
    "a asks to create the group",
    "a's creation is refused; a copy of the request is still on its way",
    "a sees group 1 empty and asks to delete it",
    "group 1 is deleted for a",
    "the copy creates group 2, for which nobody asks",
  ],
);

holds("in mode once no slot begins twice", cronSlot(ONCE), 388);

holds("in mode retry a slot that is done is done", cronSlot(RETRY), 613);

holds(
  "the same when claims run out while their runs go on",
  cronSlot({ ...RETRY, expires: true, promises: ["doneIsDone"] }),
  4_975,
);

const BEGUN = [
  "a is triggered and sends its claim",
  "a is granted the slot",
  "a hears that it has the slot and begins to run",
];
const ENDING = [...BEGUN, "a ends its run and sends its record and release"];
const FINISHED = ["a is recorded as done", "a has its claim released"];
const NEXT = ["b is triggered and sends its claim", "b is granted the slot"];

breaks(
  "a run that begins without an answer",
  cronSlot(ONCE, { runsOnAnswerOnly: false }),
  SLOT_PROMISES.beginsOnce,
  [
    "a is triggered and sends its claim",
    "a has no answer and begins to run",
    "b is triggered and sends its claim",
    "b has no answer and begins to run",
  ],
);

breaks(
  "a claim that ends with its run",
  cronSlot(ONCE, { claimOutlivesRun: false }),
  SLOT_PROMISES.beginsOnce,
  [...BEGUN, "a ends its run", ...NEXT, "b hears that it has the slot and begins to run"],
);

breaks(
  "a claim that looks first and claims then",
  cronSlot(RETRY, { claimIsOneStep: false }),
  SLOT_PROMISES.doneIsDone,
  [
    "a is triggered and sends its claim",
    "a is looked at: the slot is not done",
    "b is triggered and sends its claim",
    "b is looked at: the slot is not done",
    ...ENDING.slice(1),
    ...FINISHED,
    "b is granted the slot",
  ],
);

breaks(
  "a claim that does not look at the record",
  cronSlot(RETRY, { claimIsGuarded: false }),
  SLOT_PROMISES.doneIsDone,
  [...ENDING, ...FINISHED, ...NEXT],
);

breaks(
  "a release before the record",
  cronSlot(RETRY, { recordsFirst: false }),
  SLOT_PROMISES.endsOnce,
  [...ENDING, "a has its claim released", ...NEXT],
);

breaks(
  "not promised: a claim that runs out before its end is recorded",
  cronSlot({ ...RETRY, expires: true }),
  SLOT_PROMISES.endsOnce,
  [
    ...ENDING,
    "b is triggered and sends its claim",
    "a's claim runs out",
    "b is granted the slot",
  ],
);
