/**
 * Every backend of `../backends/mod.ts` with a way to it on which requests and replies are lost: for those
 * that are reached over HTTP the front end of their vendor with its faults, for the others a driver in
 * between.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import { BACKENDS } from "../backends/mod.ts";
import { chance } from "../tools/chance.ts";
import type { Fault, Faults } from "../servers/faults.ts";
import { startRedis } from "../servers/redis.ts";
import { startUpstash } from "../servers/upstash.ts";
import { SQL_DATABASES } from "../backends/sql_databases.ts";
import { distant, type Losses } from "./lossy.ts";
import { pick, type Random } from "./random_history.ts";

/** A backend far away. */
export interface Place {
  /** A client of its own. */
  connect(): Promise<Driver>;
  /** From now on things get lost, as these dice tell. */
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

/** A front end; what it is told to do to a request is written down when it cuts a connection. */
function overHttp(faults: Faults, connect: () => Driver, stop: () => Promise<void>): Place {
  let cuts = 0;
  return {
    connect: () => Promise.resolve(connect()),
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
    stop,
  };
}

async function startOnUpstash(): Promise<Place> {
  const redis = await startRedis();
  const server = await startUpstash(redis);
  const connect = () => upstash({ url: server.url, token: server.token });
  return overHttp(server.faults, connect, async () => {
    await server.stop();
    await redis.stop();
  });
}

function startOn(database: string): () => Promise<Place> {
  return async () => {
    const found = SQL_DATABASES.find(({ name }) => name === database);
    if (!found) throw new Error(`There is no ${database}`);
    const place = await found.start();
    return overHttp(place.faults, () => place.front(), () => place.stop());
  };
}

/** The backends reached over HTTP, by their names in the table of all. */
export const OVER_HTTP: ReadonlyMap<string, () => Promise<Place>> = new Map([
  ["upstash over a real Redis", startOnUpstash],
  ["neon over a real PostgreSQL", startOn("PostgreSQL")],
  ["planetscale over a real MySQL", startOn("MySQL")],
  ["planetscale over a real MariaDB", startOn("MariaDB")],
]);

/** The table: every entry of the other one. */
export const PLACES: readonly PlaceEntry[] = BACKENDS.map(({ name, start }) => ({
  name,
  start: OVER_HTTP.get(name) ?? (async () => {
    const backend = await start();
    return inProcess(() => backend.connect(), () => backend.stop());
  }),
}));
