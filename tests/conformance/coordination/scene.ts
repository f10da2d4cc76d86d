/**
 * What each case starts from: members over wires of their own, in a namespace nobody else uses.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../../drivers/driver.ts";
import { namespaced } from "../../../drivers/decorators/namespaced.ts";
import { Coordinator, type CoordinatorOptions, type Runtime, systemRuntime } from "../../../mod.ts";
import { atPace, type Watch } from "../pace.ts";
import type { CoordinationCase, Place } from "./place.ts";
import { Wire } from "./wire.ts";

/** A ttl that does not end while a case runs. */
export const LONG = 60_000;

/** How often is looked whether something is done, in ms. */
const LOOK = 50;

/** Makes a case of a law. */
export function law(name: string, run: (on: Scene) => Promise<void>): CoordinationCase {
  return toozLaw([], name, run);
}

/** Makes a case of a law about many members, or very many names, at once. */
export function crowdLaw(name: string, run: (on: Scene) => Promise<void>): CoordinationCase {
  return toozLaw([], name, run, true);
}

/** Makes a case of a law that Tooz's own suite asks for too, in tests of these names. */
export function toozLaw(
  tooz: readonly string[],
  name: string,
  run: (on: Scene) => Promise<void>,
  crowd = false,
): CoordinationCase {
  return {
    name,
    tooz,
    crowd,
    run: (place) =>
      atPace(place, async (watch) => {
        const scene = new Scene(place, watch, crowd);
        try {
          await run(scene);
        } finally {
          await scene.close();
        }
      }),
  };
}

/** The surroundings of one case. */
export class Scene {
  /** Clocks and timers of every member. */
  readonly runtime: Runtime;
  /** The namespace of all members, which nobody else uses. */
  readonly name: string = `t-${crypto.randomUUID()}`;
  readonly #place: Place;
  readonly #watch: Watch;
  readonly #crowd: boolean;
  readonly #wires = new Map<Coordinator, Wire>();
  /** How many times its ttl a lease may live here. */
  #overrun = 1;

  /** Made by {@link law}. */
  constructor(place: Place, watch: Watch, crowd: boolean) {
    this.#place = place;
    this.#watch = watch;
    this.#crowd = crowd;
    this.runtime = place.runtime ?? systemRuntime();
  }

  /** A quarter of {@link Scene.short}, in ms; short enough to be waited for. */
  get unit(): number {
    return Math.max(50, this.#watch.tick);
  }

  /** A ttl short enough to be outlived. */
  get short(): number {
    return 4 * this.unit;
  }

  /** How many members a large group has. */
  get many(): number {
    return this.#place.many ?? 100;
  }

  /** How many rounds a race has. */
  get rounds(): number {
    return this.#place.rounds ?? 20;
  }

  /** One more process. It holds for {@link LONG} unless told otherwise. */
  async member(memberId: string, options: CoordinatorOptions = {}): Promise<Coordinator> {
    const driver = await this.#place.driver();
    this.#overrun = driver.guarantees.overrun ?? 1;
    // A crowd makes its own delays, which say nothing about the machine.
    const wire = new Wire(this.#crowd ? driver : this.#watch.driver(driver));
    const member = new Coordinator(wire, {
      memberId,
      namespace: this.name,
      ttl: LONG,
      // A test's machine has one clock, which nobody sets: without this, ttls had to be longer.
      clocks: { step: 0 },
      runtime: this.runtime,
      ...options,
    });
    this.#wires.set(member, wire);
    return member;
  }

  /** As many processes, called "m0" and so on. */
  members(count: number, options: CoordinatorOptions = {}): Promise<Coordinator[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.member(`m${i}`, options)));
  }

  /** A member's connection. */
  wire(member: Coordinator): Wire {
    const wire = this.#wires.get(member);
    assert.ok(wire);
    return wire;
  }

  /** How many requests the member sends while `work` runs. */
  async requests(member: Coordinator, work: () => Promise<unknown>): Promise<number> {
    const before = this.wire(member).requests;
    await work();
    return this.wire(member).requests - before;
  }

  /** The process dies: from now on nothing of it reaches the backend, not even a release. */
  async crash(member: Coordinator): Promise<void> {
    this.wire(member).weather = "refuse";
    await member[Symbol.asyncDispose]();
  }

  /** The case's part of the backend itself, with nothing in between. */
  async backend(): Promise<Driver> {
    return namespaced(await this.#place.driver(), this.name);
  }

  /** Lets so many quarters of {@link Scene.short} pass. */
  pass(units: number): Promise<void> {
    return this.#watch.pass(Math.ceil(units * this.unit));
  }

  /**
   * Lets time pass until `work` is done, which must be within four ttls, or `ms` if that is longer; on a
   * slow machine it is longer.
   */
  async during<T>(work: Promise<T>, ms?: number): Promise<T> {
    const most = Math.max(4 * this.short, (ms ?? 0) * this.#watch.stretch);
    let done = false;
    const settle = (): void => void (done = true);
    work.then(settle, settle);
    await Promise.resolve();
    for (let passed = 0; !done; passed += LOOK) {
      assert.ok(passed <= most, `not done within ${most} ms`);
      await this.#watch.pass(LOOK);
    }
    return await work;
  }

  /**
   * Lets time pass until `condition` holds, which must be within two short ttls, and what the backend may
   * be late besides.
   */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const most = 8 + 4 * (this.#overrun - 1);
    for (let units = 0; !await condition(); units += 1 / 2) {
      assert.ok(units <= most, `not within ${most * this.unit} ms: ${what}`);
      await this.pass(1 / 2);
    }
  }

  /** Ends every member, and with it every timer of the case. */
  async close(): Promise<void> {
    for (const [member, wire] of this.#wires) {
      wire.fates.length = 0;
      if (wire.weather !== "refuse") wire.weather = "pass";
      await member[Symbol.asyncDispose]();
    }
  }
}
