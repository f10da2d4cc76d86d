/**
 * A real Consul, over its HTTP API.
 *
 * @module
 */

import { consul as open } from "../../drivers/consul/consul.ts";
import { sweptBy } from "../../drivers/consul/sweep.ts";
import { type ConsulServer, type ConsulServerOptions, startConsul } from "../servers/consul.ts";
import { startConsulFront } from "../servers/consul_front.ts";
import { refuseOnConsul } from "../servers/refusals.ts";
import type { Backend, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";

/** What the servers under test allow; users wait for ten seconds. */
export const MIN_TTL = 100;
/** That of the tests themselves. */
const TOKEN = "5fb4ba94-6b5e-4d1c-9d5e-1f2b3c4d5e6f";

/**
 * What costs more here. A transaction answers nothing when it is refused, so a refusal is asked for its
 * reason. What is neither vacant nor our own, as far as we know, is looked at before it is written. The
 * first lease of a ttl needs a session. Leases of many sessions move into one at their first heartbeat.
 */
const COSTS: Readonly<Record<string, number>> = {
  "acquire a free lock": 2,
  "be refused, with the holder": 3,
  "break a lock that somebody has": 3,
  with: 4,
  "heartbeat of ten leases": 2,
  "lose a campaign": 2,
  "claim and run a cron slot": 2,
  // Each slot that is remembered has a session of its own.
  "catch up where nothing was missed, and run": 3,
  "catch up on one slot, and run": 6,
  "claim, run and finish with retry": 3,
  "lose with retry": 2,
  joinGroup: 2,
  "joinGroupCreate, new": 2,
  "joinGroupCreate, there": 2,
  updateCapabilities: 2,
  "runWatchers, two groups and two elections": 3,
  "tick: fourteen leases, two groups, two elections": 3,
  leaveGroup: 2,
  "stop with everything held": 2,
  // Its farewells have a ttl, and so a session, of their own.
  deleteGroup: 4,
};

/** Everybody may do everything, until the server is told to refuse. */
export const OPTIONS: ConsulServerOptions = {
  minTtl: `${MIN_TTL}ms`,
  token: TOKEN,
  settings: { acl: { enabled: true, default_policy: "allow", tokens: { master: TOKEN } } },
};

/** One server, which keeps all that it acknowledged. */
export const consul: Backend<"server" | "wire"> = {
  name: "consul",
  key: "consul",
  clock: "real",
  lanes: 16,
  has: { server: true, wire: true },
  costs: COSTS,
  // It lists names and looks at some; here none of them has ended.
  byChance: (ops, outcomes) => sweptBy(ops, outcomes) ? 2 : 0,
  vendors: [{
    name: "consul",
    driver: (host, { token }, protocol) =>
      open({ url: `${protocol}://${host}`, token, minTtl: MIN_TTL }),
    pasted: (url, { token }) => [
      () => open({ url, token }),
      () => open({ url: "https://h.example", token: `${token} ${url}` }),
    ],
    url: (host, { token }) => `consul://:${encodeURIComponent(token)}@${host}?minTtl=${MIN_TTL}`,
  }],
  start: () =>
    startRemote({
      loses: "nothing",
      start: () => startConsul(OPTIONS),
      refuse: refuseOnConsul,
      front: (server) => wireTo([server]),
    }),
};

/** A front end over servers of which each can answer. */
export async function wireTo(servers: readonly ConsulServer[]): Promise<Wire> {
  const front = await startConsulFront(...servers.map(({ url }) => url));
  const { url, faults } = front;
  return {
    url: `consul://${new URL(url).host}?minTtl=${MIN_TTL}`,
    faults,
    get requests() {
      return front.requests;
    },
    connect: () => open({ url, minTtl: MIN_TTL }),
    another: () => wireTo(servers),
    stop: () => front.stop(),
  };
}
