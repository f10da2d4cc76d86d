/**
 * The vendor's unmodified client, over PlanetScale's HTTP protocol, on a real MySQL and on a real
 * MariaDB.
 *
 * @module
 */

import { mysql as overConnection } from "../../drivers/mysql/mysql.ts";
import { planetscale as open, planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { migrate } from "../../drivers/mysql/schema.ts";
import { Statements } from "../../drivers/mysql/statements.ts";
import { sweep } from "../../drivers/mysql/sweep.ts";
import { cleanUpsAfter } from "../drivers/mysql/clean_ups.ts";
import { type MysqlKind, type MysqlServer, startMysql } from "../servers/mysql.ts";
import { answerOf } from "../servers/mysql_query.ts";
import { startPlanetscale } from "../servers/planetscale.ts";
import { refuseOnMysql } from "../servers/refusals.ts";
import type { Backend, Vendor, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";
import { isNoted, noteIn, type Table } from "./table.ts";

/**
 * What costs more on MySQL, which neither branches within a request nor reads back what it writes: a
 * refusal is asked for its reason.
 */
const COSTS: Readonly<Record<string, number>> = {
  "be refused, with the holder": 2,
  // One of the eleven was broken, and a look tells which.
  "heartbeat of ten leases": 2,
  "lose a campaign": 2,
  "lose a cron slot": 2,
  "claim, run and finish with retry": 3,
  "lose with retry": 2,
  "joinGroupCreate, new": 2,
  "joinGroupCreate, there": 3,
  "runWatchers, two groups and two elections": 3,
  "tick: fourteen leases, two groups, two elections": 3,
  leaveGroup: 2,
  "stop with everything held": 16,
  deleteGroup: 3,
};

const VENDOR: Vendor = {
  name: "planetscale",
  driver: (host, { user, password }, protocol) =>
    open({ url: `${protocol}://${accountOf(user, password)}@${host}` }),
  pasted: (url, { user, password }) => [
    () => open({ url }),
    () => open({ host: url, username: user, password }),
  ],
  url: (host, { user, password }) => `planetscale+http://${accountOf(user, password)}@${host}`,
  migrate: (host, { user, password }) =>
    migrate(planetscaleQuery({ url: `http://${accountOf(user, password)}@${host}` })),
};

function accountOf(user: string, password: string): string {
  return `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
}

function over(
  kind: MysqlKind,
  product: string,
): Backend<"server" | "wire" | "table" | "steps"> {
  return {
    name: `planetscale over a real ${product}`,
    key: kind,
    clock: "real",
    lanes: 16,
    has: { server: true, wire: true, table: true, steps: "threads" },
    costs: COSTS,
    byChance: cleanUpsAfter,
    vendors: [VENDOR],
    async start({ clock } = {}) {
      const running = await startRemote({
        loses: "nothing",
        clock,
        start: () => startMysql(kind),
        refuse: refuseOnMysql,
        front: wireTo,
      });
      const connect = () => open({ url: webUrl(running.wire.url) });
      return { ...running, connect, table: tableOf(running.own), steps: true };
    },
  };
}

/** MySQL, as PlanetScale's users reach it. */
export const planetscaleOverMysql: ReturnType<typeof over> = over("mysql", "MySQL");
/** MariaDB, in the same way. */
export const planetscaleOverMariadb: ReturnType<typeof over> = over("mariadb", "MariaDB");

function webUrl(url: string): string {
  return url.replace(/^planetscale\+http:/, "http:");
}

async function wireTo(server: MysqlServer): Promise<Wire> {
  const front = await startPlanetscale(server);
  const { databaseUrl: url, faults } = front;
  return {
    url: url.replace(/^http:/, "planetscale+http:"),
    faults,
    get requests() {
      return front.requests;
    },
    connect: () => open({ url }),
    migrate: () => migrate(planetscaleQuery({ url })),
    another: () => wireTo(server),
    stop: () => front.stop(),
  };
}

const CLOCK = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000";

/** What a database undoes to end a deadlock has done nothing. */
function undone(error: unknown): 0 {
  if (isNoted(error)) return 0;
  throw error;
}

function tableOf(server: MysqlServer): Table {
  const { port, user, password, database } = server;
  const deadlocks = new Map<string, number>();
  const query = async () => {
    const client = await server.client();
    return async (sql: string) => answerOf(await client.query(sql).catch(noteIn(deadlocks)));
  };
  return {
    login: { port, user, password, database },
    name: "baton_leases",
    sweeps: 100,
    deadlocks,
    direct: async () => overConnection(await query()),
    async within() {
      const send = await query();
      return { driver: overConnection(send), sql: send };
    },
    sql: (text) => server.query(text),
    async session() {
      const send = await query();
      return (text) => send(text);
    },
    waits: () => server.waits(),
    async put(resource, seats, ended, age) {
      const rows = Array.from(
        { length: seats },
        (_, n) =>
          `('${resource}', '${n + 1}', '', ${CLOCK} - ${age}, '',
utc_timestamp(6) - interval ${ended * 1_000} microsecond)`,
      );
      await server.query(
        `insert into baton_leases (resource, seat, id, token, value, expires) values ${rows}`,
      );
    },
    rows: async () =>
      await server.query(
        `select convert(resource using utf8mb4) as resource, convert(seat using utf8mb4) as seat,
convert(id using utf8mb4) as id, cast(token as char) as token from baton_leases`,
      ) as never,
    async aging() {
      const client = await server.client();
      return async (resource, seat) => {
        await client.query(
          `update baton_leases set expires = expires - interval 3 hour, token = token - 10800000
where resource = ? and seat = ? and expires <= utc_timestamp(6)
and token < ${CLOCK} - 1 and token > ${CLOCK} - 3600000`,
          [resource, seat],
        ).catch(undone);
      };
    },
    async sweeping() {
      const send = await query();
      return () =>
        // The driver, too, leaves it to the next one.
        sweep(new Statements("baton_leases"), send).catch(undone);
    },
  };
}
