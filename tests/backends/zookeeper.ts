/**
 * The driver over ZooKeeper's own protocol, on a real ZooKeeper.
 *
 * @module
 */

import { zookeeper as open } from "../../drivers/zookeeper/zookeeper.ts";
import { flightsOf } from "../servers/flights.ts";
import { refuseOnZookeeper } from "../servers/refusals.ts";
import { startZookeeper } from "../servers/zookeeper.ts";
import { type Backend, BY_REQUESTS, wait } from "./backend.ts";

/** One server, which keeps all that it acknowledged. */
export const zookeeper: Backend<"server"> = {
  name: "zookeeper",
  key: "zookeeper",
  clock: "real",
  lanes: 16,
  has: { server: true },
  async start() {
    const server = await startZookeeper();
    const flights = flightsOf();
    const handles: AsyncDisposable[] = [];
    return {
      connect() {
        const driver = open({ servers: server.host, connect: flights.connect });
        handles.push(driver as AsyncDisposable);
        return driver;
      },
      pass: wait,
      tick: 50,
      ...BY_REQUESTS,
      server: {
        loses: "nothing",
        kill: () => server.kill(),
        restart: () => server.restart(),
        pause: () => server.pause(),
        resume: () => server.resume(),
        refuse: () => refuseOnZookeeper(server),
      },
      async restart() {
        await server.kill();
        await server.restart();
      },
      cut: (what) => flights.lose(what),
      sent: () => flights.sent(),
      async stop() {
        for (const each of handles) await each[Symbol.asyncDispose]();
        await server.stop();
      },
    };
  },
};
