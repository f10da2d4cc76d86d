/**
 * The real databases, and a front end of each for every runtime: what one of them meets on the wire
 * is no other's business.
 *
 * @module
 */

import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { neonQuery } from "../../drivers/postgres/neon.ts";
import { planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import type { Faults } from "../servers/faults.ts";
import { startMysql } from "../servers/mysql.ts";
import { pointNeonAt, startNeon } from "../servers/neon.ts";
import { startPlanetscale } from "../servers/planetscale.ts";
import { startPostgres } from "../servers/postgres.ts";
import { startRedis } from "../servers/redis.ts";
import { startUpstash } from "../servers/upstash.ts";
import type { Address } from "./package.ts";

/** A front end. */
export interface Place {
  readonly address: Address;
  readonly faults: Faults;
  stop(): Promise<void>;
}

/** A database. */
export interface Database {
  readonly name: string;
  front(): Promise<Place>;
  stop(): Promise<void>;
}

/** Starts all three, each with its table. */
export async function startDatabases(): Promise<readonly Database[]> {
  const started = await Promise.allSettled([redis(), postgres(), mariadb()]);
  const databases = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const failed = started.find((each) => each.status === "rejected");
  if (failed) {
    await Promise.all(databases.map((each) => each.stop()));
    throw failed.reason;
  }
  return databases;
}

async function redis(): Promise<Database> {
  const redis = await startRedis();
  return {
    name: "Upstash over a real Redis",
    async front() {
      const { url, token, faults, stop } = await startUpstash(redis);
      return { address: { vendor: "upstash", url, token }, faults, stop };
    },
    stop: () => redis.stop(),
  };
}

async function postgres(): Promise<Database> {
  const postgres = await startPostgres();
  const front = async (): Promise<Place> => {
    const { connectionString, faults, stop } = await startNeon(postgres);
    return { address: { vendor: "neon", url: connectionString }, faults, stop };
  };
  return await migrated("Neon over a real PostgreSQL", front, () => postgres.stop(), (url) => {
    pointNeonAt();
    return migratePostgres(neonQuery(url));
  });
}

async function mariadb(): Promise<Database> {
  const mysql = await startMysql("mariadb");
  const front = async (): Promise<Place> => {
    const { databaseUrl, faults, stop } = await startPlanetscale(mysql);
    return { address: { vendor: "planetscale", url: databaseUrl }, faults, stop };
  };
  const migrate = (url: string) => migrateMysql(planetscaleQuery({ url }));
  return await migrated("PlanetScale over a real MariaDB", front, () => mysql.stop(), migrate);
}

async function migrated(
  name: string,
  front: () => Promise<Place>,
  stop: () => Promise<void>,
  migrate: (url: string) => Promise<unknown>,
): Promise<Database> {
  try {
    const place = await front();
    try {
      await migrate(place.address.url);
    } finally {
      await place.stop();
    }
    return { name, front, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
