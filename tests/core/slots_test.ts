import assert from "node:assert/strict";
import { InvalidArgument, slotAt, slotOf, type Trigger } from "../../mod.ts";

const SLOT = Date.parse("2026-03-29T01:00:00Z");
const MINUTE = 60_000;

Deno.test("the slot of a platform's trigger is the instant it was scheduled for", () => {
  const header = (value: string) => new Headers({ "X-CloudScheduler-ScheduleTime": value });
  const triggers: Trigger[] = [
    { scheduledTime: SLOT },
    { scheduledTime: new Date(SLOT) },
    { time: "2026-03-29T01:00:00Z" },
    { headers: header("2026-03-29T01:00:00Z") },
    { headers: header("2026-03-29T03:00:00+02:00") },
    new Request("https://x.test/", { headers: header("2026-03-28T20:00:00-05:00") }),
  ];
  for (const trigger of triggers) assert.equal(slotOf(trigger), SLOT);
});

Deno.test("a trigger that does not say which slot it is for is refused, and so is a text without a zone", () => {
  const triggers = [
    { headers: new Headers() },
    { headers: new Headers({ "x-cloudscheduler-scheduletime": "soon" }) },
    { time: "2026-03-29T01:00:00" },
    { scheduledTime: NaN },
    { scheduledTime: SLOT + 0.5 },
  ];
  for (const trigger of triggers) {
    const slot = () => slotOf(trigger);
    if ("scheduledTime" in trigger && trigger.scheduledTime === SLOT + 0.5) {
      assert.equal(slot(), SLOT); // Date cuts it
    } else assert.throws(slot, InvalidArgument);
  }
});

Deno.test("triggers around an interval's instant are for that slot, a little early or long after", () => {
  const hour = { every: 60 * MINUTE };
  for (const late of [-5_000, -1, 0, 1, 30_000, 59 * MINUTE]) {
    assert.equal(slotAt(SLOT + late, hour), SLOT, `${late}`);
  }
  assert.equal(slotAt(SLOT - 5_001, hour), SLOT - 60 * MINUTE);
  assert.equal(slotAt(SLOT + 60 * MINUTE - 1, { ...hour, early: 0 }), SLOT);
  // Nine minutes past.
  const nine = { ...hour, offset: 9 * MINUTE };
  assert.equal(slotAt(SLOT + 9 * MINUTE, nine), SLOT + 9 * MINUTE);
  assert.equal(slotAt(SLOT + 8 * MINUTE, nine), SLOT - 51 * MINUTE);
  // Short intervals are not mistaken for their neighbours.
  assert.equal(slotAt(SLOT + 900, { every: 1_000 }), SLOT + 1_000);
  assert.equal(slotAt(SLOT + 899, { every: 1_000 }), SLOT);
});

Deno.test("no interval, no slot", () => {
  for (const every of [0, -1, 0.5, NaN, Infinity]) {
    assert.throws(() => slotAt(SLOT, { every }), InvalidArgument);
  }
  assert.throws(() => slotAt(NaN, { every: MINUTE }), InvalidArgument);
});
