/**
 * What chaos runs on: every backend with a server and a wire, once for each way it writes to disk, once
 * behind a proxy that answers from memory, and once more behind one that renames keys and with its clock
 * stepped where that can be done.
 *
 * @module
 */

import { type Backend, having, type RunningWith } from "../backends/mod.ts";
import { consulCluster } from "../backends/consul_cluster.ts";
import { etcdCluster } from "../backends/etcd_cluster.ts";
import type { FakedClock, Looks } from "../servers/faked_clock.ts";

/** A running one. A table is there where applications can open transactions. */
export type Running = RunningWith<"server" | "wire"> & Partial<RunningWith<"table">>;

/** One of them. */
export interface Target {
  /** As it is given on the command line. */
  readonly name: string;
  /** What looks at the server's clock, where that is to be stepped, and some clients' with it. */
  readonly stepped?: Looks;
  /** Whether some operations take several requests, so that clients must leave the server time. */
  readonly costly: boolean;
  /** Starts it, with its schema. A stepped one needs the clock that is stepped. */
  start(clock?: FakedClock): Promise<Running>;
}

function targetsOf(backend: Backend<"server" | "wire">): Target[] {
  const { key, costs, flushes = [undefined] } = backend;
  return flushes.map((flush) => ({
    name: flush === undefined ? key : `${key}-${flush}`,
    costly: costs !== undefined,
    start: () => backend.start({ flush }),
  }));
}

function steppedOf(backend: Backend<"server" | "wire" | "steps">): Target {
  const { key, costs, has } = backend;
  return {
    name: `${key}-stepped`,
    stepped: has.steps,
    costly: costs !== undefined,
    start: (clock) => backend.start({ clock }),
  };
}

/** Behind a proxy that answers equal requests from memory. */
function cachedOf(backend: Backend<"server" | "wire">): Target {
  const { key, costs } = backend;
  return {
    name: `${key}-cached`,
    costly: costs !== undefined,
    async start() {
      const running = await backend.start();
      running.wire.faults.cacheAnswers();
      return running;
    },
  };
}

/** Behind a proxy that renames keys. */
function renamedOf(backend: Backend<"server" | "wire" | "renames">): Target {
  const { key, costs } = backend;
  return {
    name: `${key}-renamed`,
    costly: costs !== undefined,
    start: () => backend.start({ keyPrefix: "app:" }),
  };
}

/** In the order in which they are run. */
export const TARGETS: readonly Target[] = [
  ...having("server", "wire").flatMap(targetsOf),
  // Only here: they keep the same laws as one server, and take a second for each election.
  ...[etcdCluster, consulCluster].flatMap(targetsOf),
  ...having("server", "wire").map(cachedOf),
  ...having("server", "wire", "renames").map(renamedOf),
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
