import assert from "node:assert/strict";
import { Cron } from "croner";
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
  assert.equal(slotAt(SLOT + 55_000, { every: MINUTE }), SLOT + MINUTE);
  assert.equal(slotAt(SLOT + 54_999, { every: MINUTE }), SLOT);
});

Deno.test("no interval, no slot", () => {
  for (const every of [0, -1, 0.5, NaN, Infinity]) {
    assert.throws(() => slotAt(SLOT, { every }), InvalidArgument);
  }
  assert.throws(() => slotAt(NaN, { every: MINUTE }), InvalidArgument);
});

Deno.test("a week begins where its offset says, and without one on a Thursday", () => {
  const week = 7 * 24 * 60 * MINUTE;
  const monday = Date.parse("2026-03-30T00:00:00Z");
  const late = monday + 9 * 60 * MINUTE;
  assert.equal(slotAt(late, { every: week, offset: 345_600_000 }), monday);
  assert.equal(slotAt(late, { every: week }), Date.parse("2026-03-26T00:00:00Z"));
});

Deno.test("a trigger in a time zone is for the instant that the cron library says was last, over both changes of the clocks", () => {
  // 02:30 in Berlin: not there on 28 March 2027, twice on 25 October 2026.
  const job = new Cron("30 2 * * *", { timezone: "Europe/Berlin", paused: true });
  // As README.md says; up to 5 s early.
  const slotOf = (now: number) => job.previousRuns(1, new Date(now + 5_000))[0]?.getTime();
  for (
    const slot of [
      "2026-10-24T00:30:00Z",
      "2026-10-25T00:30:00Z", // the first of the two
      "2026-10-26T01:30:00Z",
      "2027-03-27T01:30:00Z",
      "2027-03-28T01:00:00Z", // the instant at which the clocks skip it
      "2027-03-29T00:30:00Z",
    ].map(Date.parse)
  ) {
    // The clock at execution, ms and all: two triggers of a slot have two.
    for (const late of [-4_000, -1, 0, 1, 999, 30_000, 2 * 60 * MINUTE]) {
      assert.equal(slotOf(slot + late), slot, `${new Date(slot).toISOString()} ${late}`);
    }
  }
});
