/**
 * Clients that run slots of a job as cron does: they claim a slot unless it is done, renew the claim, and
 * record the end and give the claim back in one batch. Commits are late now and then.
 *
 * @module
 */

import type { Acquire, Driver, Op } from "../../drivers/driver.ts";
import {
  acquire,
  breakSeat,
  ifVacant,
  inspect,
  release,
  renew,
} from "../conformance/operations.ts";
import { LATE } from "../servers/late_commits.ts";
import { chance } from "../tools/chance.ts";
import { pick, type Random } from "./random_history.ts";

/** What the clients do. */
export interface LateLoad {
  readonly resource: string;
  /** How often each client does something. */
  readonly turns: number;
  readonly seed: number;
}

/** How long a claim lives unrenewed, in ms. */
export const TTL = 300;
const [CLAIM, DONE] = ["claim", "done"];

/** All clients together, until each has done its part. */
export async function lateTogether(clients: readonly Driver[], load: LateLoad): Promise<void> {
  const ends = await Promise.allSettled(clients.map((driver, n) => one(driver, n, load)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

async function one(driver: Driver, client: number, load: LateLoad): Promise<void> {
  const { resource, turns, seed } = load;
  const random = chance(seed + 1_000 * client);
  const seats = [CLAIM, DONE].map((seat) => ({ resource, seat }));
  for (let turn = 0; turn < turns; turn++) {
    const dice = random();
    if (dice < 0.5) await run(driver, load, `${client}.${turn}`, random);
    else if (dice < 0.65) await driver.apply([inspect(resource, CLAIM)]);
    else if (dice < 0.8) await driver.apply([inspect(resource, DONE)]);
    else if (dice < 0.9) await driver.apply(seats.map(({ seat }) => inspect(resource, seat)));
    else {
      // The slot is due again, unless somebody runs it.
      await driver.apply([breakSeat({ resource, seat: DONE }, ifVacant(resource, CLAIM))]);
    }
    // Some should come when an end is over whose renewal is still to be committed.
    await pause(TTL * random());
  }
}

async function run(driver: Driver, load: LateLoad, id: string, random: Random): Promise<void> {
  const { resource } = load;
  const value = () => pick(["", LATE], random);
  const claim: Acquire = {
    ...acquire(resource, { seat: CLAIM, id: `claim ${id}`, ttl: TTL, value: value() }),
    guard: ifVacant(resource, DONE),
  };
  const [granted] = await driver.apply([claim]);
  if (!granted?.ok) return;
  // Late enough for its end to come before the commit, and early enough to be in time.
  await pause(TTL * (0.3 + 0.6 * random()));
  if (random() < 0.7) {
    const [renewed] = await driver.apply([renew(claim, LATE)]);
    if (!renewed?.ok) return;
    await pause(TTL * random());
  }
  const end = acquire(resource, { seat: DONE, id: `done ${id}`, ttl: 10 * TTL, value: value() });
  const ends: readonly Op[][] = [[end, release(claim)], [release(claim)], [renew(claim)]];
  await driver.apply(pick(ends, random));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
