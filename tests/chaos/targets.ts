/**
 * What chaos runs on: every backend with a server and a wire, once for each way it writes to disk, and
 * once more with its clock stepped where that can be done.
 *
 * @module
 */

import { type Backend, having, type RunningWith } from "../backends/mod.ts";
import { etcdCluster } from "../backends/etcd_cluster.ts";
import type { FakedClock } from "../servers/faked_clock.ts";

/** A running one. */
export type Running = RunningWith<"server" | "wire">;

/** One of them. */
export interface Target {
  /** As it is given on the command line. */
  readonly name: string;
  /** Whether the server's clock is to be stepped, and some clients' with it. */
  readonly stepped: boolean;
  /** Whether some operations take several requests, so that clients must leave the server time. */
  readonly costly: boolean;
  /** Starts it, with its schema. A stepped one needs the clock that is stepped. */
  start(clock?: FakedClock): Promise<Running>;
}

function targetsOf(backend: Backend<"server" | "wire">): Target[] {
  const { key, costs, flushes = [undefined] } = backend;
  return flushes.map((flush) => ({
    name: flush === undefined ? key : `${key}-${flush}`,
    stepped: false,
    costly: costs !== undefined,
    start: () => backend.start({ flush }),
  }));
}

function steppedOf(backend: Backend<"server" | "wire" | "steps">): Target {
  const { key, costs } = backend;
  return {
    name: `${key}-stepped`,
    stepped: true,
    costly: costs !== undefined,
    start: (clock) => backend.start({ clock }),
  };
}

/** In the order in which they are run. */
export const TARGETS: readonly Target[] = [
  ...having("server", "wire").flatMap(targetsOf),
  // Only here: it keeps the same laws as one etcd, and takes a second for each election.
  ...targetsOf(etcdCluster),
  ...having("server", "wire", "steps").map(steppedOf),
];

/** Backends with a server whose clock cannot be stepped. */
export const UNSTEPPED: readonly string[] = having("server", "wire")
  .filter(({ has }) => !("steps" in has)).map(({ key }) => key);

/**
 * The one of this name.
 *
 * @throws {Error} when there is none.
 */
export function targetOf(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found) return found;
  throw new Error(`"${name}" is not one of ${TARGETS.map((target) => target.name).join(", ")}`);
}
