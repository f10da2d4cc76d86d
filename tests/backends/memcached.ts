/**
 * The driver over memcached's own protocol, on a real memcached whose clock is the test's.
 *
 * @module
 */

import { memcached as open } from "../../drivers/document/memcached.ts";
import { connect } from "../../drivers/kit/sockets.ts";
import { type Backend as Place, FakeClock } from "../conformance/mod.ts";
import { flightsOf, observed } from "../servers/flights.ts";
import { startMemcached } from "../servers/memcached.ts";
import { refuseOnMemcached } from "../servers/refusals.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import type { Backend } from "./backend.ts";
import { Freezer } from "./document.ts";
import { HELD } from "./documents.ts";
import { unhurried } from "./unhurried.ts";

/** One server, which forgets everything when it ends. */
export const memcached: Backend<"server"> = {
  name: "memcached",
  key: "memcached",
  clock: "fake",
  lanes: 1,
  has: { server: true },
  holds: HELD,
  contended: true,
  async start({ time } = {}) {
    const clock = new FakeClock();
    const now = time?.now ?? clock.now;
    const server = await startMemcached({ now });
    const freezer = new Freezer();
    const flights = flightsOf(
      async (address) =>
        observed(await connect("test", address), async () => {
          await freezer.come();
          await server.sync();
          return undefined;
        }),
      0,
    );
    const handles: AsyncDisposable[] = [];
    let documents = 0;
    const restart = async (): Promise<void> => {
      await server.restart();
      // It takes its time.
      if (!time) await clock.pass(1);
    };
    const place = (key: string): Place =>
      unhurried({
        connect() {
          const driver = open({ server: server.host, key, now, connect: flights.connect });
          handles.push(driver as AsyncDisposable);
          return driver;
        },
        pass: (ms) =>
          time ? Promise.reject(new Error("the clock is the caller's")) : clock.pass(ms),
        tick: 1,
        many: SIZES.documentLeases,
        rounds: SIZES.documentRounds,
        restart,
        cut: (what) => flights.lose(what),
        freeze: (after) => freezer.freeze(after),
        sent: () => flights.sent(),
      });
    return {
      ...place("baton"),
      apart: () => place(`baton-${documents++}`),
      server: {
        loses: "everything",
        kill: () => server.kill(),
        restart,
        pause: () => server.pause(),
        resume: () => server.resume(),
        refuse: () => refuseOnMemcached(server),
      },
      async stop() {
        for (const each of handles) await each[Symbol.asyncDispose]();
        await server.stop();
      },
    };
  },
};
