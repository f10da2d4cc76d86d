import assert from "node:assert/strict";
import { Cron as Croner } from "croner";
import { type Every, InvalidArgument } from "../../mod.ts";
import { brief } from "../../coordination/cron/records.ts";
import { Scene } from "./scene.ts";

const HOUR = 3_600_000;

Deno.test("history tells slot, runner, token, begin, end and outcome, the latest first", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const lasts = (ms: number) => () => scene.runtime.advance(ms);
  const one = await a.run({ slot, record: true }, lasts(500));
  await assert.rejects(
    b.run({ slot: slot + 1, mode: "retry" }, () => {
      throw new TypeError("no such invoice, token=hunter2");
    }),
  );
  const two = await a.run({ slot: slot + 1, mode: "retry" }, lasts(250));
  const three = await b.run({ slot: slot + 2 }, lasts(100));
  assert(one.outcome === "ran" && two.outcome === "ran" && three.outcome === "ran");
  const runs = await scene.member("c").cron("j").history();
  const [last, good, bad, first] = runs;
  assert.equal(runs.length, 4);
  assert.deepEqual(first, {
    slot,
    holder: "a",
    token: one.token,
    started: slot,
    ended: slot + 500,
    outcome: "ran",
  });
  assert.equal(bad?.outcome, "failed");
  assert.equal(bad.holder, "b");
  assert.equal(bad.error, "TypeError: no such invoice, token=…");
  assert.deepEqual([good?.outcome, good?.holder, good?.token], ["ran", "a", two.token]);
  assert(good && good.token > bad.token);
  // Nobody was asked to record that one's end.
  assert.deepEqual([last?.outcome, last?.ended, last?.token], ["started", null, three.token]);
  assert.deepEqual(await scene.member("c").cron("j").history(2), runs.slice(0, 2));
});

Deno.test("a run's record costs one request in once, and none more in retry", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  const counts = [];
  for (const options of [{}, { record: true }, { mode: "retry" as const }]) {
    const before = scene.sent.length;
    await job.run({ slot: slot + counts.length, ...options }, () => {});
    counts.push(scene.sent.length - before);
  }
  assert.deepEqual(counts, [1, 2, 2]);
});

Deno.test("what a run threw is told without what looks like a secret, and not at length", () => {
  const hidden = [
    ["GET https://u:hush@db/x failed", "GET https://…@db/x failed"],
    ["postgres://u:hu/sh@hush@h:5432/db?x=1 is down", "postgres://…@h:5432/db?x=1 is down"],
    ["Authorization: Bearer hush", "Authorization:…"],
    ["it said: bearer  hush.hush, twice", "it said: bearer  … twice"],
    ["Basic aHVzaA== is wrong", "Basic … is wrong"],
    ["Cookie: session=hush; theme=hush\nnext line", "Cookie:…\nnext line"],
    ["set-cookie: a=hush; HttpOnly", "set-cookie:…"],
    ['{"password":"hush hush","user":"me"}', '{"password":…,"user":"me"}'],
    ['{"apiKey":"hush"}', '{"apiKey":…}'],
    ['{\\"apiKey\\":\\"hush hush\\"} twice', '{\\"apiKey\\":…} twice'],
    ["api_key=hush&x=1 and more", "api_key=… and more"],
    ["access_token=hush", "access_token=…"],
    ["client_secret: hush then", "client_secret: … then"],
    ["DB_PASSWORD=hush", "DB_PASSWORD=…"],
    ["env['API_KEY'] = 'hush'", "env['API_KEY'] = …"],
    ["accessToken: hush", "accessToken: …"],
    ["pwd=hush", "pwd=…"],
    ["x-api-key: hush", "x-api-key: …"],
    ["password => hush", "password =… …"],
    [`id ${"a1".repeat(20)} unknown`, "id … unknown"],
  ] as const;
  for (const [said, told] of hidden) {
    assert.equal(brief(new Error(said)), `Error: ${told}`);
    assert(!brief(said).includes("hush"), said);
  }
  for (
    const plain of [
      "plain",
      "connect ECONNREFUSED 127.0.0.1:5432",
      "duplicate value violates unique constraint",
      'duplicate key value violates unique constraint "items_pkey"',
      "Key (id)=(5) already exists.",
      "Unexpected token < in JSON at position 0",
      'password authentication failed for user "app"',
      "GET https://api.example.com/v1/items?page=2 answered 503",
      "mail to a@example.com bounced",
      "",
    ]
  ) {
    assert.equal(brief(plain), plain);
  }
  assert.equal(brief(new Error("so long ".repeat(100))).length, 200);
  // The search is in the first 1,000 characters alone.
  assert.equal(brief(`${"a1".repeat(495)} and so on, and more`), "… and so on");
});

Deno.test("history counts in whole numbers from 0, and refuses others before any request", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  for (const count of [-1, 1.5, NaN, Infinity, 1_000_001, "3" as unknown as number]) {
    await assert.rejects(job.history(count), InvalidArgument);
  }
  assert.equal(scene.sent.length, 0);
  await job.run({ slot: scene.runtime.wallNow }, () => {});
  assert.deepEqual(await job.history(0), []);
  for (const count of [1, 1_000_000]) assert.equal((await job.history(count)).length, 1);
});

Deno.test("missed slots run oldest first before the one that is due, each once", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const ran: number[] = [];
  const work = ({ slot }: { slot: number }) => void ran.push((slot - start) / HOUR);
  const due = (slot: number) => ({ slot: start + slot * HOUR, every: HOUR });
  // Nothing is remembered, so nothing was missed.
  await a.catchUp(due(0), work);
  assert.deepEqual(ran.splice(0), [0]);
  await scene.runtime.advance(4 * HOUR);
  const both = await Promise.all([a.catchUp(due(4), work), b.catchUp(due(4), work)]);
  assert.deepEqual(ran.splice(0).sort(), [1, 2, 3, 4]);
  assert.equal(both.flat().filter(({ outcome }) => outcome === "ran").length, 4);
  await scene.runtime.advance(4 * HOUR);
  await a.catchUp({ ...due(8), missed: "last" }, work);
  assert.deepEqual(ran.splice(0), [7, 8]);
  await scene.runtime.advance(5 * HOUR);
  await a.catchUp({ ...due(13), limit: 2 }, work);
  assert.deepEqual(ran.splice(0), [11, 12, 13]);
  await scene.runtime.advance(3 * HOUR);
  await a.catchUp({ ...due(16), limit: 0 }, work);
  assert.deepEqual(ran.splice(0), [16]);
});

Deno.test("slots that are no longer remembered are not made up for", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const retain = 3 * HOUR;
  await job.run({ slot: start, retain: 24 * HOUR }, () => {});
  await scene.runtime.advance(10 * HOUR);
  const results = await job.catchUp({ slot: start + 10 * HOUR, every: HOUR, retain }, () => {});
  assert.deepEqual(results.map(({ slot }) => (slot - start) / HOUR), [7, 8, 9, 10]);
});

Deno.test("a schedule in a time zone is followed over both changes of the clocks", async () => {
  // 02:30 in Berlin is twice on 25 October 2026 and not at all on 28 March 2027.
  const daily = new Croner("30 2 * * *", { timezone: "Europe/Berlin", paused: true });
  const next: Every = (slot) => daily.nextRun(new Date(slot))?.getTime() ?? NaN;
  for (const [from, days] of [["2026-10-24T00:30:00Z", 3], ["2027-03-26T01:30:00Z", 3]] as const) {
    const scene = new Scene();
    const first = Date.parse(from);
    await scene.runtime.advance(first - scene.runtime.wallNow);
    const job = scene.member("a").cron("j");
    const ran: string[] = [];
    const work = ({ slot }: { slot: number }) => void ran.push(new Date(slot).toISOString());
    const retain = 10 * 24 * HOUR;
    await job.catchUp({ slot: first, every: next, retain }, work);
    let slot = first;
    for (let day = 0; day < days; day++) slot = next(slot);
    await scene.runtime.advance(slot - first);
    await job.catchUp({ slot, every: next, retain }, work);
    assert.equal(ran.length, days + 1);
    assert.deepEqual(ran, [...new Set(ran)].sort(), "a slot came twice, or out of order");
  }
});

Deno.test("a slot that was triggered by hand at an odd instant shifts no other slot", async () => {
  const hourly = new Croner("0 * * * *", { timezone: "UTC", paused: true });
  const next = (instant: number) => hourly.nextRun(new Date(instant))?.getTime() ?? NaN;
  for (const every of [HOUR, next]) {
    const scene = new Scene();
    const start = scene.runtime.wallNow;
    const job = scene.member("a").cron("j");
    const odd = start + 20 * 60_000 + 7;
    await job.run({ slot: start }, () => {});
    await scene.runtime.advance(odd - start);
    await job.run({ slot: odd }, () => {});
    await scene.runtime.advance(start + 3 * HOUR - odd);
    const results = await job.catchUp({ slot: start + 3 * HOUR, every }, () => {});
    assert.deepEqual(results.map(({ slot }) => (slot - start) / HOUR), [1, 2, 3]);
  }
});

Deno.test("in retry a slot that failed or was cut is made up for, until it is done", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const mode = "retry";
  const fail = () => Promise.reject(new Error("boom"));
  const at = (hours: number) => start + hours * HOUR;
  await assert.rejects(job.run({ slot: at(0), mode }, fail));
  await job.run({ slot: at(0), mode }, () => {}); // it is done now
  await scene.runtime.advance(2 * HOUR);
  await assert.rejects(job.run({ slot: at(1), mode }, fail));
  const endless = () => new Promise<void>(() => {});
  const cut = assert.rejects(job.run({ slot: at(2), mode, maxRuntime: 1_000 }, endless));
  await scene.runtime.advance(1_000);
  await cut;
  await scene.runtime.advance(2 * HOUR - 1_000);
  await job.run({ slot: at(4), mode }, () => {});
  await scene.runtime.advance(2 * HOUR);
  const ran: number[] = [];
  const work = ({ slot }: { slot: number }) => void ran.push((slot - start) / HOUR);
  // In once nothing runs again.
  await job.catchUp({ slot: at(6), every: HOUR, missed: "last" }, work);
  assert.deepEqual(ran.splice(0), [5, 6]);
  await scene.runtime.advance(HOUR);
  await job.catchUp({ slot: at(7), every: HOUR, mode, limit: 1 }, work);
  assert.deepEqual(ran.splice(0), [2, 7]);
  await scene.runtime.advance(HOUR);
  await job.catchUp({ slot: at(8), every: HOUR, mode }, work);
  assert.deepEqual(ran.splice(0), [1, 8]);
});

Deno.test("in retry a failed slot that somebody runs again just now is left to them", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const [a, b] = [scene.member("a").cron("j"), scene.member("b").cron("j")];
  const mode = "retry";
  await assert.rejects(a.run({ slot, mode }, () => Promise.reject(new Error("boom"))));
  const end = Promise.withResolvers<void>();
  const again = a.run({ slot, mode, ttl: 2 * HOUR }, () => end.promise);
  await scene.runtime.advance(HOUR);
  const results = await b.catchUp({ slot: slot + HOUR, every: HOUR, mode }, () => {});
  assert.deepEqual(results.map((each) => each.slot), [slot + HOUR]);
  end.resolve();
  await again;
});

Deno.test("slots are remembered long enough for the schedule, and too short a memory is refused", async () => {
  const scene = new Scene();
  const start = scene.runtime.wallNow;
  const job = scene.member("a").cron("j");
  const week = 7 * 24 * HOUR;
  const ran: number[] = [];
  const work = ({ slot }: { slot: number }) => void ran.push((slot - start) / week);
  await job.catchUp({ slot: start, every: week }, work);
  await scene.runtime.advance(2 * week);
  await job.catchUp({ slot: start + 2 * week, every: week }, work);
  assert.deepEqual(ran, [0, 1, 2]);
  const sent = scene.sent.length;
  for (
    const [options, why] of [
      [
        { every: HOUR, retain: 2 * HOUR - 1 },
        /retain \(.* twice every 3600000\) 7199999: .*7200000/,
      ],
      [{ every: 2 * week }, /retain \(Infinity, or at least twice every 1209600000\)/],
      [{ every: 0.5 * HOUR + 0.5 }, /every 1800000\.5/],
      [{ every: "3600000" as unknown as number }, /every 3600000, a string/],
    ] as const
  ) {
    const refused = job.catchUp({ slot: start, ...options }, () => assert.fail("ran"));
    await assert.rejects(refused, (error: Error) => {
      assert(error instanceof InvalidArgument);
      assert.match(error.message, why);
      return true;
    });
  }
  assert.equal(scene.sent.length, sent);
  // Longer than a lease can live, but for ever.
  const rare = { slot: start + 2 * week, every: 2 * week, retain: Infinity };
  assert.equal((await job.catchUp(rare, () => {})).length, 1);
});

Deno.test("a slot is remembered for a day or three of its intervals, whichever is more, if nobody says", async () => {
  for (
    const [every, remembered] of [
      [60_000, 24 * HOUR],
      [8 * HOUR, 24 * HOUR],
      [9 * HOUR, 27 * HOUR],
      [168 * HOUR, 504 * HOUR],
    ] as const
  ) {
    const scene = new Scene();
    const slot = scene.runtime.wallNow;
    const job = scene.member("a").cron("j");
    await job.catchUp({ slot, every }, () => {});
    const look = async () => (await job.history()).length;
    await scene.runtime.advance(remembered - 1);
    assert.equal(await look(), 1, `${every}`);
    // And no longer, but for what clocks may differ by.
    await scene.runtime.advance(0.05 * remembered);
    assert.equal(await look(), 0, `${every}`);
  }
});

Deno.test("a schedule that stands still, or is finer than a second, is refused", async () => {
  const scene = new Scene();
  const job = scene.member("a").cron("j");
  const slot = scene.runtime.wallNow;
  await job.run({ slot: slot - HOUR }, () => {});
  for (const every of [0, NaN, 999, -HOUR, (at: number) => at, () => NaN] as Every[]) {
    const refused = job.catchUp({ slot, every }, () => assert.fail("ran"));
    await assert.rejects(refused, InvalidArgument);
  }
  for (const limit of [-1, 1_000_001]) {
    await assert.rejects(job.catchUp({ slot, every: HOUR, limit }, () => {}), InvalidArgument);
  }
});
