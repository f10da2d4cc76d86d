/**
 * A Durable Object in a real workerd, whose binding a small Worker lends to drivers outside.
 *
 * @module
 */

import { durableObject as open } from "../../drivers/durable_object/durable_object.ts";
import { bindingAt, startObjects, startObjectsFront } from "../servers/objects.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { type Backend, wait } from "./backend.ts";

/** What a proxy answers in the place of a Worker. */
const NOT_REACHED = { status: 502, body: "<html><h1>Bad Gateway</h1></html>" };

/** It has no URL, so it is not among those with a wire. */
export const durableObject: Backend = {
  name: "durable-object",
  key: "durable-object",
  clock: "real",
  lanes: 16,
  has: {},
  async start() {
    const server = await startObjects();
    const front = await startObjectsFront(server).catch(async (error) => {
      await server.stop();
      throw error;
    });
    return {
      connect: () => open(bindingAt(front.url)),
      pass: wait,
      tick: 100,
      many: SIZES.listedLeases,
      async restart() {
        // As the machine's end would.
        await server.kill();
        await server.restart();
      },
      cut: (what) => front.faults.next(what === "request" ? NOT_REACHED : "truncate"),
      sent: () => front.faults.sent(),
      async stop() {
        await front.stop();
        await server.stop();
      },
    };
  },
};
