/**
 * Commits that take long, as with a synchronous standby that does not answer: a lease's end may lie
 * between the decision of a transaction and the moment when others see it. And statements that waited for
 * a row until a lease had ended.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { postgres } from "../../../drivers/postgres/postgres.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { Coordinator } from "../../../mod.ts";
import { LATE, lateOnPostgres } from "../../servers/late_commits.ts";
import type { Client } from "../../servers/pg_client.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { until } from "../../servers/process.ts";
import { acquire, ASKED, type Asked, seat, X } from "../sql/late_commits.ts";

const GATE = lateOnPostgres("baton.leases");
const [TTL, LONG] = [400, 60_000];

interface Place {
  readonly one: Driver;
  readonly two: Driver;
  /** From now on, late commits wait. */
  close(): Promise<void>;
  open(): Promise<void>;
  /** Until so many statements wait for a lock, or the promise has settled; whether it has not. */
  waiting(count: number, or?: Promise<unknown>): Promise<boolean>;
  /** Until the lease of that resource has ended by the server's clock, as others see it now. */
  ended(resource: string): Promise<void>;
  readonly client: Client;
}

async function onPostgres(test: (place: Place) => Promise<void>): Promise<void> {
  const server = await startPostgres();
  try {
    const connect = async () => {
      const client = await server.client();
      return postgres(async (text, params) => (await client.query(text, [...params])).rows);
    };
    await migrate((text) => server.query(text));
    const client = await server.client();
    for (const each of GATE.make) await client.query(each);
    const look = await server.client();
    const count = async (sql: string): Promise<number> => Number((await look.query(sql)).rows[0].n);
    await test({
      one: await connect(),
      two: await connect(),
      client,
      close: async () => void await client.query(GATE.close),
      open: async () => void await client.query(GATE.open),
      async waiting(wanted, or) {
        let settled = false;
        const settle = () => void (settled = true);
        or?.then(settle, settle);
        await until(`${wanted} wait`, async () => {
          return settled ||
            await count("select count(*) n from pg_locks where not granted") >= wanted;
        });
        return !settled;
      },
      ended: (resource) =>
        until("it has ended", async () => {
          return await count(
            `select count(*) n from baton.leases where resource = '${resource}' and expires > clock_timestamp()`,
          ) === 0;
        }),
    });
  } finally {
    await server.stop();
  }
}

const renew = (resource: string, ttl = LONG, value?: string): Op => ({
  ...{ op: "renew", id: `of ${resource}`, ttl, ...seat(resource) },
  ...(value !== undefined && { value }),
});

async function granted(driver: Driver, ...ops: Op[]): Promise<readonly Outcome[]> {
  const outcomes = await driver.apply(ops);
  assert(outcomes.every(({ ok }) => ok), JSON.stringify([ops, outcomes]));
  return outcomes;
}

/** Until what must come in a lease's life does: with longer and longer ones, for the machine may be busy. */
async function inTime(scene: (ttl: number) => Promise<boolean>): Promise<void> {
  for (let ttl = TTL; !await scene(ttl); ttl *= 2) assert(ttl < LONG, "nothing came in time");
}

const ALL: Readonly<Record<string, Asked>> = {
  ...ASKED,
  "a break": [{ op: "release", ...X }, true, []],
  "a guard that wants it held": [
    acquire("y", { guard: { when: "held", ...X } }),
    ...[true, ["of y"]] as [boolean, string[]],
  ],
  "a guard on all of its seats": [
    acquire("y", { guard: { when: "vacant", resource: "x" } }),
    ...[false, ["of x"]] as [boolean, string[]],
  ],
  "a release that wants it held": [
    { op: "release", ...seat("z"), guard: { when: "held", ...X } },
    ...[true, []] as [boolean, string[]],
  ],
};

Deno.test("a lease whose renewal is committed after its old end has lived all the time, whatever is asked", async (t) => {
  await onPostgres(async ({ one, two, client, close, open, waiting, ended }) => {
    for (const [asked, [op, ok, listed]] of Object.entries(ALL)) {
      for (const beside of [[], [renew("beside")]]) {
        const step = `${asked}, ${beside.length ? "among others" : "alone"}`;
        await t.step(step, () =>
          inTime(async (ttl) => {
            await client.query("truncate baton.leases");
            await granted(two, acquire("z"), acquire("beside"));
            const [before] = await granted(one, acquire("x", { ttl, value: LATE }));
            await close();
            const renewal = one.apply([renew("x")]);
            if (!await waiting(1, renewal)) {
              await open();
              return false;
            }
            await ended("x");
            const answer = two.apply([...beside, op]);
            await waiting(2, answer);
            await open();
            assert.equal((await renewal)[0]?.ok, true);
            const outcome = (await answer).at(-1);
            assert.equal(outcome?.ok, ok);
            assert.deepEqual(outcome?.leases.map(({ id }) => id), listed);
            const own = outcome?.leases.find(({ id }) => id === "of x");
            if (own) assert.equal(own.token, before?.leases[0]?.token);
            return true;
          }));
      }
    }
  });
});

Deno.test("a renewal that is undone leaves the lease ended, and who waited for it hears so", () =>
  onPostgres(({ one, two, client, close, open, waiting, ended }) =>
    inTime(async (ttl) => {
      await client.query("truncate baton.leases");
      await granted(one, acquire("x", { ttl, value: LATE }));
      await close();
      const renewal = one.apply([renew("x")]);
      if (!await waiting(1, renewal)) {
        await open();
        return false;
      }
      const undone = assert.rejects(renewal);
      await ended("x");
      const answer = two.apply([acquire("y", { guard: { when: "vacant", ...X } })]);
      await waiting(2, answer);
      await client.query(
        "select pg_cancel_backend(pid) from pg_locks where objid = 4242 and not granted",
      );
      await undone;
      await open();
      assert.equal((await answer)[0]?.ok, true);
      assert.deepEqual((await two.apply([{ op: "inspect", ...X }]))[0]?.leases, []);
      return true;
    })
  ));

Deno.test("a slot's work ended in time and its record was committed late: no other run of it is granted", () =>
  onPostgres(({ one, two, client, close, open, waiting, ended }) =>
    inTime(async (ttl) => {
      await client.query("truncate baton.leases");
      await granted(one, acquire("slot", { ttl }));
      await close();
      const end = one.apply([
        acquire("done", { value: LATE }),
        { op: "release", ...seat("slot"), id: "of slot" },
      ]);
      await waiting(1);
      await ended("slot");
      const guard = { when: "vacant", ...seat("done") } as const;
      const other = two.apply([acquire("slot", { id: "b", guard })]);
      await waiting(2, other);
      await open();
      const [outcome] = await other;
      assert.deepEqual([outcome?.ok, outcome?.leases.map(({ id }) => id)], [false, ["of done"]]);
      return (await end).every(({ ok }) => ok);
    })
  ));

Deno.test("two coordinators run a retried slot, and the first one's end is committed late: it ran once", () =>
  onPostgres(async ({ one, two, client, open, waiting, ended }) => {
    await client.query(`create function late() returns trigger language plpgsql as $$ begin
perform pg_advisory_xact_lock_shared(4242); return null; end $$;
create constraint trigger late after insert on baton.leases deferrable initially deferred
for each row when (new.seat like '%done%') execute function late()`);
    const [a, b] = [
      new Coordinator(one, { memberId: "a" }),
      new Coordinator(two, { memberId: "b" }),
    ];
    const [ran, slot]: [string[], number] = [[], Date.now()];
    const run = (coordinator: Coordinator, ttl: number) =>
      coordinator.cron("j").run(
        { slot, mode: "retry", ttl, keepAlive: false },
        async () => {
          ran.push(coordinator.memberId);
          await client.query(GATE.close);
        },
      );
    const first = run(a, 2_000);
    await waiting(1, first);
    await ended("cron:j");
    const second = run(b, 2_000);
    await waiting(2, second);
    await open();
    const [{ outcome }, { outcome: other }] = await Promise.all([first, second]);
    assert.deepEqual([ran, outcome, other], [["a"], "ran", "skipped"]);
  }));

for (
  const [what, before, write, guard] of [
    ["an acquisition", [], acquire("x", { value: LATE }), { when: "vacant", ...X }],
    ["an acquisition of any seat", [], acquire("x", { value: LATE }), {
      when: "vacant",
      resource: "x",
    }],
    ["a release", [acquire("x", { value: LATE })], { op: "release", ...X, id: "of x" }, {
      when: "held",
      ...X,
    }],
    ["a break", [acquire("x", { value: LATE })], { op: "release", ...X }, {
      when: "held",
      resource: "x",
    }],
  ] as [string, Op[], Op, NonNullable<Acquire["guard"]>][]
) {
  Deno.test(`${what} that is under way is waited for by a guard, so that none sees the one without the other`, () =>
    onPostgres(async ({ one, two, close, open, waiting }) => {
      await granted(one, ...before);
      await close();
      const writing = one.apply([write]);
      await waiting(1);
      const guarded = two.apply([acquire("y", { guard })]);
      await waiting(2, guarded);
      await open();
      assert.equal((await writing)[0]?.ok, true);
      assert.equal((await guarded)[0]?.ok, false);
    }));

  Deno.test(`${what} waits for a guarded grant that is under way`, () =>
    onPostgres(async ({ one, two, close, open, waiting }) => {
      await granted(one, ...before);
      await close();
      const guarded = two.apply([acquire("y", { guard, value: LATE })]);
      await waiting(1);
      let answered = false;
      const writing = one.apply([{ ...write, ...("value" in write && { value: "" }) } as Op]);
      void writing.finally(() => answered = true);
      await waiting(2, writing);
      assert.equal(
        answered,
        false,
        "it was done before the grant that it contradicts could be seen",
      );
      await open();
      assert.equal((await guarded)[0]?.ok, true);
      assert.equal((await writing)[0]?.ok, true);
    }));
}

const TOO_LATE: Record<string, Op> = {
  "a renewal": renew("x"),
  "a renewal with a value": renew("x", LONG, "new"),
  "a release": { op: "release", ...X, id: "of x" },
  "a break": { op: "release", ...X },
};

for (const [what, op] of Object.entries(TOO_LATE)) {
  for (const beside of [[], [renew("beside")]]) {
    Deno.test(`${what} that waited for a locked row until its lease had ended is refused (${beside.length} beside)`, () =>
      onPostgres(({ one, two, client, waiting, ended }) =>
        inTime(async (ttl) => {
          await client.query("truncate baton.leases");
          await granted(two, acquire("beside"));
          await granted(one, acquire("x", { ttl }));
          await client.query("begin");
          await client.query("select from baton.leases where resource = 'x' for update");
          const answer = one.apply([...beside, op]);
          const waited = await waiting(1, answer);
          await ended("x");
          await client.query("commit");
          const outcome = (await answer).at(-1);
          assert.deepEqual([outcome?.ok, outcome?.leases], [false, []]);
          assert.deepEqual((await two.apply([{ op: "inspect", ...X }]))[0]?.leases, []);
          return waited;
        })
      ));
  }
}
