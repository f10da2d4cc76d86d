/** Locks, elections and cron slots, as a user's first lines use them. */
import assert from "node:assert/strict";
import { cronJob } from "../../coordination/cron/mod.ts";
import { Coordinator } from "../../mod.ts";
import type { SmokeCase } from "./smoke.ts";

const TRY = { timeout: 0 };

/** Cases about leases. */
export const leaseSmoke: readonly SmokeCase[] = [
  {
    name: "a lock is acquired, renewed, confirmed and released, and the next token is larger",
    async run(driver) {
      const [a, b] = [new Coordinator(driver()), new Coordinator(driver())];
      const name = crypto.randomUUID();
      const lease = await a.getLock(name).hold(TRY);
      assert.equal(await lease.renew(), true);
      await lease.confirm();
      assert.equal(lease.signal.aborted, false);
      assert.equal(await b.getLock(name).acquire(TRY), null);
      assert.equal(await lease.release(), true);
      assert.equal(lease.signal.aborted, true);
      await assert.rejects(lease.confirm(), { name: "LeaseLost" });
      const next = await b.getLock(name).hold(TRY);
      assert.ok(next.token > lease.token);
      await next.release();
    },
  },
  {
    name: "of eight that want a lock at once one gets it, and with patience they do in turn",
    async run(driver) {
      const name = crypto.randomUUID();
      const locks = Array.from({ length: 8 }, () => new Coordinator(driver()).getLock(name));
      const first = await Promise.all(locks.map((lock) => lock.acquire(TRY)));
      const won = first.filter((lease) => lease !== null);
      assert.equal(won.length, 1);
      await won[0]?.release();
      const tokens: number[] = [];
      let inside = 0;
      await Promise.all(
        locks.slice(4).map((lock) =>
          lock.with(async (lease) => {
            assert.equal(++inside, 1, "two are inside");
            await lease.confirm();
            tokens.push(lease.token);
            inside--;
          })
        ),
      );
      assert.deepEqual(tokens, [...new Set(tokens)].sort((one, two) => one - two));
      assert.equal(tokens.length, 4);
    },
  },
  {
    name: "an election is won by one, and stood down from at once",
    async run(driver) {
      const [a, b] = [
        new Coordinator(driver(), { memberId: "a" }),
        new Coordinator(driver(), { memberId: "b" }),
      ];
      const group = crypto.randomUUID();
      const led = await a.election(group).campaign();
      assert.equal(await b.election(group).campaign(), null);
      assert.equal((await b.getLeader(group))?.memberId, "a");
      assert.equal(await a.standDownGroupLeader(group), true);
      const next = await b.election(group).campaign();
      assert.ok(led && next && next.token > led.token);
      await b.standDownGroupLeader(group);
    },
  },
  {
    name: "a cron slot triggered four times at once runs once, and history tells where",
    async run(driver) {
      const slot = Date.now();
      const job = crypto.randomUUID();
      let runs = 0;
      const triggers = ["a", "b", "c", "d"].map((memberId) =>
        cronJob(driver(), job, { memberId }).run({ slot }, () => ++runs)
      );
      const results = await Promise.all(triggers);
      assert.equal(runs, 1);
      const [ran, ...others] = results.filter(({ outcome }) => outcome === "ran");
      assert.deepEqual(others, []);
      const [record] = await cronJob(driver(), job).history();
      assert.deepEqual([record?.slot, record?.holder], [slot, ran?.holder]);
    },
  },
  {
    name: "a cron slot whose run threw runs again in retry, with a larger token, until it is done",
    async run(driver) {
      const slot = Date.now();
      const cron = new Coordinator(driver()).cron(crypto.randomUUID());
      const tokens: number[] = [];
      const attempt = () =>
        cron.run({ slot, mode: "retry" }, ({ token, signal }) => {
          assert.equal(signal.aborted, false);
          if (tokens.push(token) === 1) throw new Error("out of paper");
        });
      await assert.rejects(attempt(), /out of paper/);
      assert.equal((await attempt()).outcome, "ran");
      const third = await attempt();
      assert.deepEqual(third, { ...third, outcome: "skipped", done: true });
      const [first = 0, second = 0] = tokens;
      assert.ok(tokens.length === 2 && second > first, `${tokens}`);
      const told = (await cron.history()).map(({ outcome, error }) => [outcome, error]);
      assert.deepEqual(told, [["ran", undefined], ["failed", "Error: out of paper"]]);
    },
  },
];
