/**
 * The vendor's unmodified client, over Neon's HTTP protocol, on a real PostgreSQL.
 *
 * @module
 */

import process from "node:process";
import { neon as open, neonQuery } from "../../drivers/postgres/neon.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
import { migrate } from "../../drivers/postgres/schema.ts";
import { pointNeonAt, startNeon } from "../servers/neon.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { refuseOnPostgres } from "../servers/refusals.ts";
import type { Backend, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";
import { noteIn, type Table } from "./table.ts";

/** PostgreSQL, as Neon's users reach it. */
export const neon: Backend<"server" | "wire" | "table" | "steps"> = {
  name: "neon over a real PostgreSQL",
  key: "neon",
  clock: "real",
  lanes: 16,
  has: { server: true, wire: true, table: true, steps: "signals" },
  vendors: [{
    name: "neon",
    driver: (host, { user, password }, protocol) => {
      pointNeonAt(protocol);
      return open({ url: urlOf(host, user, password) });
    },
    pasted: (url) => [() => open({ url })],
    url: (host, { user, password }) => {
      pointNeonAt();
      return urlOf(host, user, password).replace(/^postgresql:/, "neon:");
    },
    migrate: (host, { user, password }) => migrate(neonQuery(urlOf(host, user, password))),
  }],
  async start({ clock } = {}) {
    const running = await startRemote({
      loses: "nothing",
      clock,
      start: startCrashing,
      refuse: refuseOnPostgres,
      front: wireTo,
    });
    return { ...running, table: tableOf(running.own), steps: true };
  },
};

function urlOf(host: string, user: string, password: string): string {
  return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}/db`;
}

/** It crashes in two ways: by an immediate stop, and by the end of every process at once. */
async function startCrashing(): Promise<PostgresServer> {
  const server = await startPostgres();
  const [version] = await server.query("select current_setting('server_version_num') as number");
  // To flush every file by itself after each crash takes longer than all else in a restart.
  if (Number(version?.["number"]) >= 140_000) {
    await server.query("alter system set recovery_init_sync_method = 'syncfs'");
  }
  const { kill } = server;
  return Object.assign(server, {
    kill: async (dice = 1) => {
      if (dice < 0.5) process.kill(server.pid, "SIGQUIT");
      await kill();
    },
  });
}

async function wireTo(server: PostgresServer): Promise<Wire> {
  const front = await startNeon(server);
  const { connectionString, faults } = front;
  pointNeonAt();
  return {
    url: connectionString.replace(/^postgres(ql)?:/, "neon:"),
    faults,
    get requests() {
      return front.requests;
    },
    connect: () => open({ url: connectionString }),
    migrate: () => migrate(neonQuery(connectionString)),
    another: () => wireTo(server),
    stop: () => front.stop(),
  };
}

const CLOCK = "extract(epoch from clock_timestamp()) * 1000";

function tableOf(server: PostgresServer): Table {
  const deadlocks = new Map<string, number>();
  const query = async () => {
    const client = await server.client();
    const note = noteIn(deadlocks);
    return async (text: string, params: string[]) =>
      (await client.query(text, params).catch(note)).rows;
  };
  return {
    login: { ...server.login, port: server.port },
    name: "baton.leases",
    sweeps: 128,
    deadlocks,
    direct: async () => postgres(await query()),
    async within() {
      const send = await query();
      return { driver: postgres(send), sql: (text) => send(text, []) };
    },
    sql: (text) => server.query(text),
    async session() {
      const send = await query();
      return (text, params = []) => send(text, [...params]);
    },
    waits: async () => (await server.query("select 1 from pg_locks where not granted")).length > 0,
    async put(resource, seats, ended, age) {
      await server.query(
        `insert into baton.leases select $1, n, '', ${CLOCK} - $4::float8, '',
clock_timestamp() - $3::float8 * interval '1 ms' from generate_series(1, $2::int) n`,
        [resource, seats, ended, age],
      );
    },
    rows: async () =>
      await server.query("select resource, seat, id, token::text from baton.leases") as never,
    async aging() {
      const send = await query();
      return async (resource, seat) => {
        await send(
          `update baton.leases set expires = expires - interval '3 hours', token = token - 10800000
where resource = $1 and seat = $2 and expires <= clock_timestamp()
and token < ${CLOCK} - 1 and token > ${CLOCK} - 3600000`,
          [resource, seat],
        );
      };
    },
    async sweeping() {
      const send = await query();
      const count = async () =>
        Number((await send("select count(*) as rows from baton.leases", []))[0]?.["rows"]);
      return async () => {
        const before = await count();
        await send("select baton.sweep_1()", []);
        return before - await count();
      };
    },
  };
}
