/**
 * The driver over D1, on workerd's own. Outside of Workers there is no binding, so the tests' one sends
 * each batch to a Worker.
 *
 * @module
 */

import { d1 as open, d1Query } from "../../drivers/sqlite/d1.ts";
import { migrate } from "../../drivers/sqlite/migration.ts";
import { startD1 } from "../servers/d1.ts";
import type { MiniflareServer } from "../servers/miniflare.ts";
import { databaseAt, queriesIn } from "../servers/d1_binding.ts";
import { startProxy } from "../servers/proxy.ts";
import { refuseOnSqlite } from "../servers/refusals.ts";
import type { Backend, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";

/** It has no wire: what a Worker sends to its binding, nobody sees. */
export const d1: Backend<"server"> = {
  name: "d1",
  key: "d1",
  clock: "real",
  lanes: 16,
  has: { server: true },
  async start() {
    const { wire: _, sent, ...running } = await startRemote({
      loses: "nothing",
      start: startD1,
      refuse: ({ url }) => refuseOnSqlite(d1Query(databaseAt(url))),
      front: wireTo,
    });
    return { ...running, sent: async () => (await sent?.() ?? []).flatMap(queriesIn) };
  },
};

async function wireTo(server: MiniflareServer): Promise<Wire> {
  const front = await startProxy(server.url);
  const { url, faults } = front;
  return {
    url,
    faults,
    get requests() {
      return front.requests;
    },
    connect: () => open(databaseAt(url)),
    migrate: () => migrate(d1Query(databaseAt(url))),
    another: () => wireTo(server),
    stop: () => front.stop(),
  };
}
