/**
 * The drivers of `redis:`, `postgresql:` and `mysql:` URLs, with the clients that they open, are held to
 * the driver's contract.
 *
 * @module
 */

import { open } from "../backends/address.ts";
import { BY_REQUESTS, wait } from "../backends/backend.ts";
import { keepsContract } from "../laws/contract.ts";
import { OWN } from "./places.ts";

/** The servers have nothing else to do, and most laws wait. */
const LANES = 16;

for (const [scheme, start] of Object.entries(OWN)) {
  Deno.test(`the driver of a ${scheme} URL keeps the driver's contract`, async (test) => {
    const place = await start();
    const { [Symbol.asyncDispose]: close, ...driver } = await open(place.url);
    try {
      // One handle for all laws, as a process has it for all that it does.
      const connect = () => driver;
      const backend = { connect, pass: wait, tick: 100, ...BY_REQUESTS };
      await keepsContract(test, backend, "real", LANES);
    } finally {
      await close?.();
      await place.stop();
    }
  });
}
