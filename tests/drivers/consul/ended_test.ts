/**
 * Leases without a session, which end by the agent's clock: Consul does not remove them, so Baton does,
 * however many there are.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../../drivers/driver.ts";
import { granted, step } from "../../conformance/expect.ts";
import { acquire, ifHeld, ifVacant, inspect, page, release } from "../../conformance/operations.ts";
import { withConsul } from "./with_consul.ts";

/** Longer than any session. */
const TTL = 90_000_000;
/** More than one transaction can look at. */
const MANY = 150;

const slot = (job: string, n: number) => acquire(job, { seat: `${100_000 + n}`, ttl: TTL });

/** What looks at all leases of a job, and what it has to find when so many of them live. */
const LOOKS: Readonly<
  Record<
    string,
    readonly [(driver: Driver, job: string) => Promise<unknown>, (living: number) => unknown]
  >
> = {
  "a look": [
    async (driver, job) => (await step(driver, inspect(job))).leases.length,
    (living) => living,
  ],
  "a page": [
    async (driver, job) => (await step(driver, page(job, 20))).leases.length,
    (living) => Math.min(20, living),
  ],
  "a guard that wants it vacant": [
    async (driver, job) =>
      (await step(driver, acquire(`lock:${job}`, { guard: ifVacant(job) }))).ok,
    (living) => living === 0,
  ],
  "a guard that wants it held": [
    async (driver, job) => (await step(driver, acquire(`lock:${job}`, { guard: ifHeld(job) }))).ok,
    (living) => living > 0,
  ],
  "a release behind a guard": [async (driver, job) => {
    const mine = acquire(`lock:${job}`);
    await granted(driver, mine);
    const { ok } = await step(driver, release(mine, ifVacant(job)));
    assert.equal((await step(driver, inspect(mine.resource))).leases.length, ok ? 0 : 1);
    return ok;
  }, (living) => living === 0],
};

Deno.test("Consul: whatever looks at all seats is answered, however many leases have ended by the clock", async (t) => {
  await withConsul(async ({ connect, front }) => {
    const driver = connect();
    const jobs = Object.entries(LOOKS).flatMap(([what, [look, expected]]) =>
      [0, 1, MANY].map((living) => ({
        what,
        look,
        expected,
        living,
        job: `cron:${what} ${living}`,
      }))
    );
    const grant = async (job: string, from: number, to: number): Promise<void> => {
      const ops = Array.from({ length: to - from }, (_, n) => slot(job, from + n));
      for (const { ok } of await driver.apply(ops)) assert.ok(ok);
    };
    for (const { job } of jobs) await grant(job, 0, MANY);
    front.ahead = TTL / 2;
    for (const { job, living } of jobs) await grant(job, MANY, MANY + living);
    front.ahead = TTL + 60_000;
    for (const { what, look, expected, living, job } of jobs) {
      await t.step(`${what}, while ${living} live`, async () => {
        assert.equal(await look(driver, job), expected(living));
      });
    }
  });
});

Deno.test("Consul: slots that are remembered for longer than a day are removed after their end", async () => {
  await withConsul(async ({ connect, front, keys }) => {
    const driver = connect();
    const living = 50;
    for (let n = 0; n < 10 * living; n++) {
      await granted(driver, slot("cron:j", n));
      front.ahead += TTL / living;
    }
    const left = (await keys()).filter((key) => key.startsWith("baton/lease/cron")).length;
    assert.ok(left < 5 * living, `${left} keys are left of ${10 * living}, and ${living} live`);
  });
});
