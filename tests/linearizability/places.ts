/**
 * Every backend with a way to it on which requests and replies are lost: the front end's faults where
 * there is one, and a driver in between elsewhere.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { etcdCluster } from "../backends/etcd_cluster.ts";
import { type Backend, BACKENDS, DECORATORS, having, type RunningWith } from "../backends/mod.ts";
import type { Fault } from "../servers/faults.ts";
import { chance } from "../tools/chance.ts";
import { distant, type Losses } from "./lossy.ts";
import { pick, type Random } from "./random_history.ts";

/** A backend far away. */
export interface Place {
  /** A client of its own. */
  connect(): Promise<Driver>;
  /** From now on things get lost, as these dice say. */
  lose(random: Random, how: Losses): void;
  /** How many connections were cut so far. */
  cuts(): number;
  /** Nothing is lost any more, and what is late has arrived. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** An entry. */
export interface PlaceEntry {
  readonly name: string;
  /** Whether each call takes its time. */
  readonly slow: boolean;
  start(): Promise<Place>;
}

const NOTHING: Losses = { requests: 0, replies: 0, late: 0 };

/** A backend in this process, behind a driver that loses things. */
export function inProcess(
  connect: () => Driver | Promise<Driver>,
  stop: () => Promise<void> = () => Promise.resolve(),
): Place {
  let [random, losses]: [Random, Losses] = [chance(0), NOTHING];
  const late: (() => Promise<void>)[] = [];
  return {
    async connect() {
      const { driver, settled } = distant(await connect(), losses, random);
      late.push(settled);
      return driver;
    },
    lose: (dice, how) => [random, losses] = [dice, how],
    cuts: () => 0,
    async settle() {
      for (const settled of late.splice(0)) await settled();
    },
    stop,
  };
}

/** A backend behind a front end, which counts the connections that it is made to cut. */
export function overHttp(running: RunningWith<"wire">): Place {
  const { faults } = running.wire;
  let cuts = 0;
  return {
    connect: async () => await running.connect(),
    lose: (random, { requests, replies }) =>
      faults.always((): Fault => {
        const dice = random() * 100;
        if (dice >= requests + replies) return "pass";
        // A connection is cut now and then only, for all calls under way are suspected of it.
        const cut = random() < 0.05;
        if (cut) cuts++;
        if (dice < requests) return cut ? "drop-request" : { status: 503, body: "later" };
        return cut ? "drop-reply" : pick<Fault>([
          "truncate",
          { statusAfter: 502, body: "<html>bad gateway</html>" },
        ], random);
      }),
    cuts: () => cuts,
    settle: () => Promise.resolve(faults.clear()),
    stop: () => running.stop(),
  };
}

const WIRED = having("wire");

function entryOf(backend: Backend): PlaceEntry {
  const { name, key, clock } = backend;
  const wired = WIRED.find((each) => each.key === key);
  return {
    name,
    slow: clock === "real",
    async start() {
      if (!wired) {
        const running = await backend.start();
        return inProcess(() => running.connect(), () => running.stop());
      }
      return overHttp(await wired.start());
    },
  };
}

/** For longer than it takes the others to elect another leader. In ms. */
const DEPOSED = 3_000;

/** A cluster whose leader is frozen in the first run, and cut off in the second. */
function deposing({ name, start }: Backend<"server" | "wire">): PlaceEntry {
  return {
    name: `${name} that depose their leader`,
    slow: true,
    async start() {
      const running = await start();
      let back = Promise.resolve();
      const place = overHttp(running);
      return {
        ...place,
        lose(random, how) {
          place.lose(random, how);
          running.server.pause();
          back = new Promise((resolve) =>
            setTimeout(() => resolve(running.server.resume()), DEPOSED)
          );
        },
        async settle() {
          await back;
          await place.settle();
        },
        async stop() {
          await back;
          await place.stop();
        },
      };
    },
  };
}

/** Every backend and decorator, and a cluster. */
export const PLACES: readonly PlaceEntry[] = [
  ...[...BACKENDS, ...DECORATORS].map(entryOf),
  deposing(etcdCluster),
];
