import assert from "node:assert/strict";
import { Cron } from "croner";
import { cronEndpoint } from "../../http/mod.ts";
import { InvalidArgument, slotAt, slotOf, type Trigger } from "../../mod.ts";
import { SECRET } from "../http/ask.ts";
import { Scene } from "./scene.ts";

const SLOT = Date.parse("2026-03-29T01:00:00Z");
const MINUTE = 60_000;

/** Anything, as untyped code hands it over. */
const any = (value: unknown): Trigger => value as Trigger;
const KEY = "x-cloudscheduler-scheduletime";
const TEXT = "2026-03-29T01:00:00Z";

/** What has no slot is refused in our own words, and so that one finds what to do. */
function refused(trigger: unknown, why = /Cannot tell the slot.*slotAt\(\)/): void {
  assert.throws(() => slotOf(any(trigger)), (error: Error) => {
    assert(error instanceof InvalidArgument, `${error}`);
    assert.match(error.message, why);
    return true;
  });
}

Deno.test("the slot of a platform's trigger is the instant it was scheduled for", () => {
  const header = (value: string) => new Headers({ "X-CloudScheduler-ScheduleTime": value });
  const triggers: Trigger[] = [
    { scheduledTime: SLOT },
    { scheduledTime: new Date(SLOT) },
    { time: TEXT },
    { headers: header(TEXT) },
    { headers: header("2026-03-29T03:00:00+02:00") },
    new Request("https://x.test/", { headers: header("2026-03-28T20:00:00-05:00") }),
  ];
  for (const trigger of triggers) assert.equal(slotOf(trigger), SLOT);
});

Deno.test("an Express or Node request has plain headers, and they say the slot just as well", () => {
  const express = { method: "POST", url: "/", query: {}, headers: { host: "x", [KEY]: TEXT } };
  const triggers = [
    express,
    { headers: { "X-CloudScheduler-ScheduleTime": TEXT } }, // as a gateway hands them on
    { headers: { [KEY]: [TEXT] } },
    { headers: { [KEY]: [TEXT, TEXT] } },
    { headers: { host: undefined, accept: ["a", "b"], [KEY]: TEXT } },
    { headers: [["host", "x"], ["X-Cloudscheduler-Scheduletime", TEXT]] },
    { headers: new Map([[KEY, TEXT]]) },
    Object.assign(Object.create({ headers: express.headers }), { params: {} }), // a getter of its class
  ];
  for (const trigger of triggers) assert.equal(slotOf(any(trigger)), SLOT, JSON.stringify(trigger));
  refused({ headers: { [KEY]: [TEXT, "2026-03-29T02:00:00Z"] } });
  refused({ headers: { host: "x" } });
  refused({ headers: { [KEY]: undefined } });
  refused({ headers: { [KEY]: [] } });
  refused({ headers: [] });
  refused({ headers: [42] });
});

Deno.test("Vercel Schedules says its slot in the metadata, and a path target's header only names the schedule", () => {
  const scheduledAt = "2026-03-29T01:00:00.000Z";
  for (const said of [scheduledAt, new Date(SLOT), SLOT]) {
    assert.equal(slotOf({ scheduledAt: said }), SLOT);
  }
  const metadata = { name: "invoices", executionId: "exec_1", scheduledAt };
  assert.equal(slotOf(metadata), SLOT);
  refused(
    { headers: { "x-vercel-cron-schedule": "0 * * * *" } },
    /scheduledAt \(Vercel's metadata\)/,
  );
  refused(new Request("https://x.test/", { headers: { "x-vercel-cron-schedule": "0 * * * *" } }));
});

Deno.test("a trigger that does not say which slot it is for is refused, and so is a text without a zone", () => {
  for (
    const trigger of [
      { headers: new Headers() },
      { headers: new Headers({ [KEY]: "soon" }) },
      { time: "2026-03-29T01:00:00" },
      { scheduledTime: NaN },
      { scheduledTime: new Date(NaN) },
      { scheduledTime: Infinity },
      { scheduledTime: null },
      { scheduledTime: undefined },
    ]
  ) refused(trigger);
  assert.equal(slotOf({ scheduledTime: SLOT + 0.5 }), SLOT); // cut, as Date does
});

Deno.test("whatever is handed over as a trigger, it is refused in our words and never by a TypeError", () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const throwing = Object.defineProperty({}, "headers", {
    get: () => {
      throw new RangeError("its own");
    },
  });
  for (
    const trigger of [
      ...[undefined, null, 42, SLOT, TEXT, "", BigInt(SLOT), Symbol("s"), true, {}, [], () => {}],
      ...[new Date(SLOT), Object.create(null), revoked.proxy, throwing],
      ...[BigInt(SLOT), Symbol("s"), {}, [], [SLOT], true, revoked.proxy, `${SLOT}`, ""]
        .flatMap((said) => [{ scheduledTime: said }, { scheduledAt: said }, { time: said }]),
      ...[null, 42, "text", true, BigInt(1), { get: () => SLOT / 0 }].map((headers) => ({
        headers,
      })),
    ]
  ) refused(trigger);
});

Deno.test("an instant's text is RFC 3339 to the letter, never what Date() guesses", () => {
  for (
    const time of [
      ...["x 2026 Z", "1 Z", "-2026 Z", "2026", "2026Z", "29 Mar 2026 01:00:00 +0000", ""],
      ...["2026-02-30T00:00:00Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z"],
      ...["2026-00-10T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-00T00:00:00Z"],
      ...["2026-03-29T24:00:00Z", "2026-03-29T01:60:00Z", "2026-03-29T01:00:60Z"],
      ...["2026-03-29", "2026-03-29Z", "2026-03-29 01:00:00Z", "20260329T010000Z"],
      ...["2026-03-29T01:00:00+24:00", "2026-03-29T01:00:00+02:60", "2026-03-29T01:00:00+2:00"],
      ...["2026-03-29T01:00:00.Z", "2026-03-29T1:00:00Z", " 2026-03-29T01:00:00Z", `${TEXT}\n`],
      ...["+002026-03-29T01:00:00Z", "２０２６-03-29T01:00:00Z", "1969-12-31T00:00:00Z"],
      ...["2026-03-29T01:00:00Z (UTC)", "2026-03-29T01:00:00+01:00 (CET)", "1970-01-01T00:00:00Z"],
    ]
  ) refused({ time });
  for (
    const [time, ms] of [
      ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
      ["2026-03-29T01:00Z", SLOT],
      ["2026-03-29T01:00:00.25Z", SLOT + 250],
      ["2026-03-29T01:00:00.250999999Z", SLOT + 250],
      ["2026-03-29T00:00:00-01:00", SLOT],
      ["2026-03-29T06:45:00+05:45", SLOT],
      ["2026-03-28T01:30:00-23:30", SLOT],
    ] as const
  ) assert.equal(slotOf({ time }), ms, time);
});

Deno.test("an instant in seconds is refused with the hint, and so is one in microseconds", () => {
  for (const scheduledTime of [SLOT / 1_000, 1_800_000_000, 100_000_000, 99_999_999_999]) {
    refused({ scheduledTime }, /milliseconds, not seconds\?/);
    refused({ scheduledAt: scheduledTime }, /milliseconds, not seconds\?/);
  }
  for (const scheduledTime of [SLOT * 1_000, 1e14, -1e14]) refused({ scheduledTime });
  for (const scheduledTime of [0, 99_999_999, 1e11, 1e14 - 1]) {
    assert.equal(slotOf({ scheduledTime }), scheduledTime);
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
  // Short intervals are not mistaken for their neighbours, nor for their own.
  const minute = { every: MINUTE };
  assert.equal(slotAt(SLOT + 55_000, minute), SLOT + MINUTE);
  assert.equal(slotAt(SLOT + 54_999, minute), SLOT);
});

Deno.test("no interval, no slot", () => {
  for (const every of [0, -1, 0.5, NaN, Infinity, "3600000", 3_600_000n, Symbol("s"), null]) {
    assert.throws(() => slotAt(SLOT, { every: every as number }), InvalidArgument);
  }
  for (const now of [NaN, 0.5, `${SLOT}`, BigInt(SLOT), new Date(SLOT), undefined]) {
    assert.throws(() => slotAt(now as number, { every: MINUTE }), InvalidArgument);
  }
});

Deno.test("an interval in seconds is refused with the hint, wherever one is given", async () => {
  const seconds = [60, 900, 3_600, 43_200, 86_400, 172_800, 604_800, 59_999, 60_001, 1_000];
  const hinted = (error: Error): boolean => {
    assert(error instanceof InvalidArgument);
    assert.match(error.message, /milliseconds, not seconds\?/);
    return true;
  };
  const scene = new Scene();
  const baton = scene.member("a");
  const job = baton.cron("j");
  const fail = (): never => assert.fail("ran");
  for (const every of seconds) {
    assert.throws(() => slotAt(SLOT, { every }), hinted, `${every}`);
    assert.throws(() => cronEndpoint(baton, "j", fail, { secret: SECRET, every }), hinted);
    const due = { slot: scene.runtime.wallNow, every };
    const asked = job.catchUp(due, fail);
    await assert.rejects(asked, hinted, `${every}`);
  }
  for (const offset of [540, 3_600, 345_600, -540]) {
    assert.throws(() => slotAt(SLOT, { every: MINUTE, offset }), hinted, `${offset}`);
  }
  assert.equal(scene.sent.length, 0);
  assert.equal(slotAt(SLOT + MINUTE / 2, { every: MINUTE, offset: -MINUTE }), SLOT);
});

Deno.test("a slot in seconds is refused with the hint, even where every slot is remembered", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const now = scene.runtime.wallNow;
  const fail = (): never => assert.fail("ran");
  for (const slot of [now / 1_000, Math.floor(SLOT / 1_000)]) {
    for (const retain of [Infinity, 86_400_000]) {
      await assert.rejects(job.run({ slot, retain }, fail), /milliseconds, not seconds\?/);
      const due = { slot, retain, every: 3_600_000 };
      await assert.rejects(job.catchUp(due, fail), /milliseconds, not seconds\?/);
    }
  }
  for (const slot of [BigInt(now), new Date(now), `${now}`, Symbol("s"), null, undefined, {}]) {
    await assert.rejects(job.run({ slot: slot as number }, fail), {
      code: "invalid-argument",
      message: /whole ms since the epoch; slotOf\(\) reads it from a trigger/,
    });
  }
  assert.equal(scene.sent.length, 0);
});

Deno.test("a test's clock may stand in 1970, where slots would look like seconds", async () => {
  // As late as March 1973, and no later: see what looks like seconds.
  for (const [now, slot] of [[200_000_000, 200_000_000], [1e11, 1e11 - 1]] as const) {
    const scene = new Scene();
    scene.runtime.wallNow = now;
    const { outcome } = await scene.member("a").cron("j").run({ slot }, () => {});
    assert.equal(outcome, "ran");
  }
  const scene = new Scene();
  scene.runtime.wallNow = 1e11 + 1;
  const late = scene.member("a").cron("j").run({ slot: 1e11 - 1 }, () => assert.fail("ran"));
  await assert.rejects(late, /milliseconds, not seconds\?/);
});

Deno.test("minHold and maxRuntime in seconds are refused with the hint; a test's shorter ones are not", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  for (const ms of [10, 60, 300, 999]) {
    for (const options of [{ minHold: ms }, { maxRuntime: ms }]) {
      const run = job.run({ slot, ...options }, () => assert.fail("ran"));
      await assert.rejects(run, /milliseconds, not seconds\?/);
    }
  }
  assert.equal(scene.sent.length, 0);
  const cut = job.run({ slot, maxRuntime: 5 }, () => new Promise(() => {}));
  const late = assert.rejects(cut, { name: "OperationTimedOut" });
  await scene.runtime.advance(5);
  await late;
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
