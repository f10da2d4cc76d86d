/**
 * A Durable Object in a real workerd, whose binding a small Worker lends to drivers outside.
 *
 * @module
 */

import { durableObject as open } from "../../drivers/durable_object/durable_object.ts";
import { Faults } from "../servers/faults.ts";
import { bindingAt, startObjects } from "../servers/objects.ts";
import { type Backend, BY_REQUESTS, wait } from "./backend.ts";

/** It has no URL, so it is not among those with a wire. */
export const durableObject: Backend = {
  name: "durable-object",
  key: "durable-object",
  clock: "real",
  lanes: 16,
  has: {},
  async start() {
    const server = await startObjects();
    const faults = new Faults();
    return {
      connect: () => open(bindingAt(server.url, faults)),
      pass: wait,
      tick: 100,
      ...BY_REQUESTS,
      async restart() {
        // As the machine's end would.
        await server.kill();
        await server.restart();
      },
      cut: (what) => faults.next(what === "request" ? "drop-request" : "truncate"),
      sent: () => faults.sent(),
      stop: () => server.stop(),
    };
  },
};
