/**
 * The driver over etcd's own JSON gateway, on a real etcd.
 *
 * @module
 */

import { etcd as open } from "../../drivers/etcd/etcd.ts";
import { type EtcdServer, startEtcd } from "../servers/etcd.ts";
import { startEtcdFront } from "../servers/etcd_front.ts";
import { refuseOnEtcd } from "../servers/refusals.ts";
import type { Backend, Wire } from "./backend.ts";
import { startRemote } from "./remote.ts";

/** The shortest ttl of the suite is twice this: the shortest that etcd keeps. */
const TICK = 1_000;

/** It has no clock to step: Go programs do not start under libfaketime. */
export const etcd: Backend<"server" | "wire"> = {
  name: "etcd",
  key: "etcd",
  clock: "real",
  lanes: 64,
  has: { server: true, wire: true },
  shared: (url) => url.includes("/lease/grant"),
  // A guard that looks at what was just written needs a request of its own.
  costs: { "joinGroupCreate, new": 2, "joinGroupCreate, there": 2, "deleteGroup": 3 },
  vendors: [{
    name: "etcd",
    driver: (host, { user, password }, protocol) =>
      open({ url: `${protocol}://${host}`, user, password }),
    pasted: (url, { user, password }) => [
      () => open({ url, user, password }),
      () => open({ url: "https://h.example", user: `${user} ${url}`, password }),
    ],
    url: (host, { user, password }) =>
      `etcd://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}`,
  }],
  async start() {
    const running = await startRemote({
      loses: "nothing",
      start: () => startEtcd(),
      refuse: refuseOnEtcd,
      front: wireTo,
    });
    return { ...running, tick: TICK };
  },
};

async function wireTo(server: EtcdServer): Promise<Wire> {
  const front = await startEtcdFront(server);
  return {
    url: front.url.replace("http:", "etcd:"),
    faults: front.faults,
    get requests() {
      return front.requests;
    },
    connect: () => open({ url: front.url }),
    another: () => wireTo(server),
    stop: () => front.stop(),
  };
}
