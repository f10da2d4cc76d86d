/**
 * The driver over Turso's HTTP protocol, on libSQL's own engine.
 *
 * @module
 */

import { migrate } from "../../drivers/sqlite/migration.ts";
import { turso as open, tursoQuery } from "../../drivers/sqlite/turso.ts";
import { type LibsqlServer, startLibsql } from "../servers/libsql.ts";
import { startProxy } from "../servers/proxy.ts";
import { refuseOnSqlite } from "../servers/refusals.ts";
import type { Backend, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";

/** A server that keeps all that it acknowledged. */
export const turso: Backend<"server" | "wire"> = {
  name: "turso",
  key: "turso",
  clock: "real",
  lanes: 16,
  has: { server: true, wire: true },
  vendors: [{
    name: "turso",
    driver: (host, { token }, protocol) => open({ url: `${protocol}://${host}`, authToken: token }),
    pasted: (url, { token }) => [
      () => open({ url, authToken: token }),
      () => open({ url: "libsql://h.example", authToken: `${token} ${url}` }),
    ],
    url: (host, { token }) => `libsql://${host}?tls=0&authToken=${encodeURIComponent(token)}`,
    migrate: (host, { token }) => migrate(tursoQuery({ url: `http://${host}`, authToken: token })),
  }],
  start: () =>
    startRemote({
      loses: "nothing",
      start: () => startLibsql(),
      refuse: (server) => refuseOnSqlite(tursoQuery(addressOf(server.url, server))),
      front: wireTo,
    }),
};

function addressOf(url: string, { token }: LibsqlServer): { url: string; authToken: string } {
  return { url, authToken: token };
}

async function wireTo(server: LibsqlServer): Promise<Wire> {
  const front = await startProxy(server.url);
  const { url, faults } = front;
  const address = addressOf(url, server);
  return {
    url: `libsql://${new URL(url).host}?tls=0&authToken=${server.token}`,
    faults,
    get requests() {
      return front.requests;
    },
    connect: () => open(address),
    migrate: () => migrate(tursoQuery(address)),
    another: () => wireTo(server),
    stop: () => front.stop(),
  };
}
