/**
 * What Tooz calls the characteristics of a driver, derived from what the driver promises.
 *
 * @module
 */

import type { Driver, Guarantees } from "./driver.ts";
import { DriverChosenPoorly } from "../errors.ts";

/**
 * - `NON_TIMEOUT_BASED`: does not depend on other clients' timeouts. No driver of Baton has it.
 * - `DISTRIBUTED_ACROSS_THREADS`: works among concurrent tasks that share memory. A Worker has
 *   memory of its own, so it counts as a process.
 * - `DISTRIBUTED_ACROSS_PROCESSES`: works among processes of one host.
 * - `DISTRIBUTED_ACROSS_HOSTS`: works among hosts.
 * - `LINEARIZABLE`: each operation takes place at one instant between its call and its answer.
 * - `SEQUENTIAL`: operations take place in one order, in which each process's own order is kept.
 * - `CAUSAL`: if one operation can have led to another, everyone sees them in that order.
 * - `SERIALIZABLE`: the result is the same as if the operations had run one by one, in some order.
 * - `SAME_VIEW_UNDER_PARTITIONS`: clients on two sides of a partition never see different things.
 * - `SAME_VIEW_ACROSS_CLIENTS`: clients never see different things, whichever server they ask.
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

/** Who shares the leases. The clock that decides about them shows how far they reach. */
const REACH: Readonly<Record<Guarantees["clock"], readonly Characteristic[]>> = {
  process: ["DISTRIBUTED_ACROSS_THREADS"],
  host: ["DISTRIBUTED_ACROSS_THREADS", "DISTRIBUTED_ACROSS_PROCESSES"],
  server: [
    "DISTRIBUTED_ACROSS_THREADS",
    "DISTRIBUTED_ACROSS_PROCESSES",
    "DISTRIBUTED_ACROSS_HOSTS",
  ],
};

/** Linearizability is the strongest of these, and includes the others. */
const ORDER: Readonly<Record<Guarantees["consistency"], readonly Characteristic[]>> = {
  linearizable: [
    "LINEARIZABLE",
    "SEQUENTIAL",
    "CAUSAL",
    "SERIALIZABLE",
    // A client that gets an answer sees the latest write; one that could not see it gets no answer.
    "SAME_VIEW_UNDER_PARTITIONS",
    "SAME_VIEW_ACROSS_CLIENTS",
  ],
  // A fail-over can undo what somebody has seen, so not even CAUSAL is certain. Tooz claims it for
  // Redis all the same.
  "until-failover": [],
};

/**
 * The characteristics of a driver that promises these guarantees. `NON_TIMEOUT_BASED` is never
 * among them, because a lease is a timeout. (Tooz claims it for etcd, whose locks are leases, too.)
 */
export function characteristicsOf(guarantees: Guarantees): ReadonlySet<Characteristic> {
  return new Set([...REACH[guarantees.clock], ...ORDER[guarantees.consistency]]);
}

/**
 * Throws if a driver lacks any of the characteristics. It makes no request.
 *
 * @throws {DriverChosenPoorly} which names what the driver lacks and what it has.
 */
export function requireCharacteristics(driver: Driver, wanted: Iterable<Characteristic>): void {
  const has = characteristicsOf(driver.guarantees);
  const lacks = [...wanted].filter((each) => !has.has(each));
  if (lacks.length === 0) return;
  throw new DriverChosenPoorly(
    `Cannot use driver ${driver.name}: it lacks ${lacks.join(", ")} and has only ${
      [...has].join(", ")
    }`,
  );
}
