/**
 * What Tooz calls the characteristics of a driver, told from what a driver promises.
 *
 * @module
 */

import type { Driver, Guarantees } from "./driver.ts";
import { DriverChosenPoorly } from "../errors.ts";

/**
 * - `NON_TIMEOUT_BASED`: does not depend on other clients' timeouts. No driver of Baton's has it.
 * - `DISTRIBUTED_ACROSS_THREADS`: works among concurrent tasks that share memory. A Worker has memory
 *   of its own, and so counts as a process.
 * - `DISTRIBUTED_ACROSS_PROCESSES`: works among processes of one host.
 * - `DISTRIBUTED_ACROSS_HOSTS`: works among hosts.
 * - `LINEARIZABLE`: each operation takes place at one instant between its call and its answer.
 * - `SEQUENTIAL`: operations take place in one order, which keeps each process's own.
 * - `CAUSAL`: operations of which one can have led to the other are seen in that order.
 * - `SERIALIZABLE`: what happened is what would have happened in some order, one by one.
 * - `SAME_VIEW_UNDER_PARTITIONS`: clients on two sides of a partition never see different things.
 * - `SAME_VIEW_ACROSS_CLIENTS`: whichever server they ask, clients never see different things.
 */
export const Characteristics = {
  NON_TIMEOUT_BASED: "NON_TIMEOUT_BASED",
  DISTRIBUTED_ACROSS_THREADS: "DISTRIBUTED_ACROSS_THREADS",
  DISTRIBUTED_ACROSS_PROCESSES: "DISTRIBUTED_ACROSS_PROCESSES",
  DISTRIBUTED_ACROSS_HOSTS: "DISTRIBUTED_ACROSS_HOSTS",
  LINEARIZABLE: "LINEARIZABLE",
  SEQUENTIAL: "SEQUENTIAL",
  CAUSAL: "CAUSAL",
  SERIALIZABLE: "SERIALIZABLE",
  SAME_VIEW_UNDER_PARTITIONS: "SAME_VIEW_UNDER_PARTITIONS",
  SAME_VIEW_ACROSS_CLIENTS: "SAME_VIEW_ACROSS_CLIENTS",
} as const;

/** One of {@link Characteristics}. */
export type Characteristic = keyof typeof Characteristics;

/** Who shares the leases: whose clock decides over them, tells how far they reach. */
const REACH: Readonly<Record<Guarantees["clock"], readonly Characteristic[]>> = {
  process: ["DISTRIBUTED_ACROSS_THREADS"],
  host: ["DISTRIBUTED_ACROSS_THREADS", "DISTRIBUTED_ACROSS_PROCESSES"],
  server: [
    "DISTRIBUTED_ACROSS_THREADS",
    "DISTRIBUTED_ACROSS_PROCESSES",
    "DISTRIBUTED_ACROSS_HOSTS",
  ],
};

/** Linearizability is the strongest of them, and brings the others with it. */
const ORDER: Readonly<Record<Guarantees["consistency"], readonly Characteristic[]>> = {
  linearizable: [
    "LINEARIZABLE",
    "SEQUENTIAL",
    "CAUSAL",
    "SERIALIZABLE",
    // Whoever is answered is told of the latest write; who cannot be told that is not answered.
    "SAME_VIEW_UNDER_PARTITIONS",
    "SAME_VIEW_ACROSS_CLIENTS",
  ],
  // A fail-over undoes what somebody has seen, so not even causes come before effects for sure. Tooz
  // claims CAUSAL for Redis all the same.
  "until-failover": [],
};

/**
 * The characteristics of a driver that promises these guarantees. `NON_TIMEOUT_BASED` is never among
 * them, for a lease is a timeout. (Tooz claims it for etcd, whose locks are leases too.)
 */
export function characteristicsOf(guarantees: Guarantees): ReadonlySet<Characteristic> {
  return new Set([...REACH[guarantees.clock], ...ORDER[guarantees.consistency]]);
}

/**
 * Refuses a driver that lacks any of the characteristics. No request.
 *
 * @throws {DriverChosenPoorly} naming what it lacks and what it has.
 */
export function requireCharacteristics(driver: Driver, wanted: Iterable<Characteristic>): void {
  const has = characteristicsOf(driver.guarantees);
  const lacks = [...wanted].filter((each) => !has.has(each));
  if (lacks.length === 0) return;
  throw new DriverChosenPoorly(
    `Cannot use driver ${driver.name}: it is not ${lacks.join(", ")}, but only ${
      [...has].join(", ")
    }`,
  );
}
