/**
 * What each case starts from: two clients, names nobody else uses, and a short ttl in units.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import type { Backend, Case } from "./backend.ts";
import { granted, step } from "./expect.ts";
import { acquire, inspect, type Place } from "./operations.ts";
import { atPace, type Watch } from "./pace.ts";

/** The surroundings of one case. */
export interface Scene {
  readonly backend: Backend;
  /** One client. */
  readonly driver: Driver;
  /** Another client on the same backend. */
  readonly other: Driver;
  /** A ttl short enough to be waited for: four units. */
  readonly short: number;
  /** A resource name that nobody else uses; it ends with `text`, or begins with it. */
  name(text?: string, where?: "front"): string;
  /** Lets so many quarters of `short` pass. */
  units(count: number): Promise<void>;
  /** More clients on the same backend. */
  clients(count: number): Promise<Driver[]>;
}

/** Makes a case of a law; `rule` is the number it has in the contract. */
export function law(
  rule: number,
  sentence: string,
  run: (scene: Scene) => Promise<void>,
  crowd = false,
): Case {
  return {
    name: `rule ${rule}: ${sentence}`,
    crowd,
    run: (backend) =>
      atPace(backend, async (watch) => await run(await open(measured(backend, watch, crowd)))),
  };
}

/** Makes a case of a law about many clients, or many operations, at once. */
export function crowdLaw(
  rule: number,
  sentence: string,
  run: (scene: Scene) => Promise<void>,
): Case {
  return law(rule, sentence, run, true);
}

/** The same backend at the pace of the machine. */
function measured(backend: Backend, watch: Watch, crowd: boolean): Backend {
  return {
    ...backend,
    // A crowd makes its own delays, which say nothing about the machine.
    connect: crowd ? backend.connect : async () => watch.driver(await backend.connect()),
    pass: (ms) => watch.pass(ms),
    // Whoever reads it depends on time, so it is not copied into another object before a law asks.
    get tick() {
      return watch.tick;
    },
  };
}

async function open(backend: Backend): Promise<Scene> {
  const clients = (count: number) =>
    Promise.all(Array.from({ length: count }, () => backend.connect()));
  const driver = await backend.connect();
  const other = await backend.connect();
  // Half a ttl is at least one tick, which is what the backend calls reliable. Whoever does not ask
  // does not depend on time.
  const unit = (): number =>
    Math.max(2, Math.ceil(backend.tick / 2), Math.ceil(driver.guarantees.minTtl / 4));
  return {
    backend,
    driver,
    other,
    get short() {
      return 4 * unit();
    },
    name: (text = "", where) => {
      const unique = `conformance:${crypto.randomUUID()}`;
      return where === "front" ? text + unique : unique + text;
    },
    units: (count) => backend.pass(Math.ceil(count * unit())),
    clients,
  };
}

/**
 * Lets time pass until nobody holds the seat. Asked for again and again, for a real clock may be a
 * little behind; after `units` (a ttl is four), and what the backend may be late, it has had its chance.
 */
export async function untilVacant(scene: Scene, place: Place, units: number): Promise<void> {
  const { resource, seat } = place;
  const most = units + 4 * (overrunOf(scene) - 1);
  for (let passed = 0;; passed += 0.5) {
    const { leases } = await step(scene.other, inspect(resource, seat));
    if (leases.length === 0) return;
    assert.ok(
      passed < most,
      `a lease is still held after another ${passed * scene.short / 4} ms: ${
        JSON.stringify(leases)
      }`,
    );
    await scene.units(0.5);
  }
}

/** How many times its ttl a lease may live here. */
export function overrunOf({ driver }: Scene): number {
  return driver.guarantees.overrun ?? 1;
}

/**
 * Lets time pass until every `short` lease granted before has ended, without looking at any of
 * them: a lease granted now is watched instead.
 */
export async function outlive(scene: Scene): Promise<void> {
  const twin = acquire(scene.name(), { ttl: scene.short });
  await granted(scene.driver, twin);
  await scene.units(4);
  await untilVacant(scene, twin, 4);
}
