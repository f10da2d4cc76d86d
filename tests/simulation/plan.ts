/**
 * What one seed stands for: who takes part, what can go wrong, and what is promised then.
 *
 * @module
 */

import type { ClockKind } from "./clock.ts";
import { between, type Dice, oneOf, type Stream } from "./dice.ts";
import { drawn, type Fault, HOST_FAULTS, REQUEST_FAULTS, SERVER_FAULTS } from "./faults.ts";
import type { Scope } from "./laws.ts";

/** What a member can be at. */
export const WORKS = [
  "locks",
  "breaks",
  "semaphores",
  "elections",
  "observers",
  "once",
  "retry",
  "members",
  "founders",
  "watchers",
  "waiters",
] as const;

/** Something a member can be at. */
export type WorkName = (typeof WORKS)[number] | "edges";

/** One run. */
export interface Plan {
  /** Everybody's ttl, in ms. */
  readonly ttl: number;
  /** What each member is at. */
  readonly members: readonly (readonly WorkName[])[];
  /** How probable each kind of fault is at each chance that it gets. */
  readonly odds: ReadonlyMap<Fault, number>;
  /** What is promised all the same. */
  readonly scope: Scope;
  /** For how long things go wrong, in ms. */
  readonly chaos: number;
  /** How fast the backend's clock runs. */
  readonly rate: number;
  /** Whether slots are triggered again at the edge of `retain`, by wall clocks a minute apart. */
  readonly edges: boolean;
  /** From one step of the backend's clock to the next, in ms, at least. */
  readonly stepsApart: number;
  /** By how much clocks differ in speed, at most. */
  readonly drift: number;
  /** Whether all share a namespace. */
  readonly namespace: string | undefined;
}

/** Within bounds a clock is at most half of the 1 % off, so that two differ by 1 % at most. */
const WITHIN = 0.0049;

/** Draws a plan: each seed another subset of faults, one in ten without any, one in ten out of bounds. */
export function draw(dice: Dice): Plan {
  const random = dice.of("plan");
  const kind = random();
  const beyond = kind < 0.2;
  const odds = kind > 0.9 ? new Map<Fault, number>() : faults(random, beyond);
  const drift = odds.size === 0 ? 0 : odds.has("clock step beyond bounds") ? 0.04 : WITHIN;
  const lossy = odds.has("data lost");
  const astray = odds.has("clock step beyond bounds");
  const edges = random() < 0.05;
  // Not more than a minute is allowed for in all.
  if (edges) odds.delete("wall clock step");
  // Short, for it is a part of the margin: a fast backend must be able to use up all of it.
  const ttl = edges ? 1_100 : Math.round(between(random, 1_100, 3_000));
  const long = edges || (odds.has("refusals") && random() < 0.2);
  const chaos = long ? between(random, 100_000, 120_000) : between(random, 4_000, 12_000);
  const backendDrift = edges ? 0.01 : drift;
  const extreme = edges && random() < 0.5;
  return {
    ttl,
    members: Array.from({ length: 2 + Math.floor(random() * 3) }, () => {
      const [first = "once", ...rest] = works(random);
      return edges ? [first, "edges"] : [first, ...rest];
    }),
    odds,
    scope: {
      exclusive: !lossy && !astray,
      growing: !lossy || (!astray && !odds.has("clock step")),
      fresh: !odds.has("stale reads"),
    },
    chaos: Math.round(chaos),
    edges,
    stepsApart: edges ? chaos : 3 * ttl,
    rate: 1 + (extreme ? backendDrift : between(random, -backendDrift, backendDrift)),
    drift: edges ? 0 : drift,
    namespace: random() < 0.2 ? "app" : undefined,
  };
}

function faults(random: Stream, beyond: boolean): Map<Fault, number> {
  const odds = new Map([
    ...drawn(random, REQUEST_FAULTS),
    ...drawn(random, HOST_FAULTS),
    ...drawn(random, SERVER_FAULTS.filter((fault) => !/lost|beyond/.test(fault))),
  ]);
  if (!beyond) return odds;
  odds.set(random() < 0.5 ? "data lost" : "clock step beyond bounds", 0.3);
  return odds;
}

function works(random: Stream): WorkName[] {
  const wanted = Array.from({ length: 1 + Math.floor(random() * 3) }, () => oneOf(random, WORKS));
  // Whoever breaks locks holds none, so that no break is its own.
  const names = new Set(wanted);
  if (names.has("breaks")) names.delete("locks");
  return [...names];
}

/** Draws the clocks of one machine. */
export function clocks(random: Stream, { drift, edges }: Plan): ClockKind {
  const kind = random();
  const offset = between(random, -30_000, 30_000);
  return {
    rate: 1 + between(random, -drift, drift),
    // At the edge they are a minute apart, and the backend alone is fast or slow.
    offset: edges ? Math.sign(offset) * 30_000 : offset,
    frozen: kind < 0.15,
    stopsAsleep: kind > 0.7,
  };
}
