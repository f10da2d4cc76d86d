/**
 * A real Consul, over its HTTP API.
 *
 * @module
 */

import { consul as open } from "../../drivers/consul/consul.ts";
import { type ConsulServer, startConsul } from "../servers/consul.ts";
import { startConsulFront } from "../servers/consul_front.ts";
import type { Backend, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";

/** What the servers under test allow; users wait for ten seconds. */
const MIN_TTL = 100;

/** One server, which keeps all that it acknowledged. */
export const consul: Backend<"server" | "wire"> = {
  name: "consul",
  key: "consul",
  clock: "real",
  lanes: 16,
  has: { server: true, wire: true },
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
      start: () => startConsul({ minTtl: `${MIN_TTL}ms` }),
      front: wireTo,
    }),
};

async function wireTo(server: ConsulServer): Promise<Wire> {
  const front = await startConsulFront(server.url);
  const { url, faults } = front;
  return {
    url: `consul://${new URL(url).host}?minTtl=${MIN_TTL}`,
    faults,
    get requests() {
      return front.requests;
    },
    connect: () => open({ url, minTtl: MIN_TTL }),
    another: () => wireTo(server),
    stop: () => front.stop(),
  };
}
