/**
 * The driver over R2's binding, on workerd's own. Outside of Workers there is no binding, so the tests'
 * one asks a Worker.
 *
 * @module
 */

import { r2 as open } from "../../drivers/document/r2.ts";
import type { Backend as Place } from "../conformance/mod.ts";
import { startR2 } from "../servers/r2.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { type Backend, wait } from "./backend.ts";
import { HELD } from "./documents.ts";
import { NOT_REACHED } from "./remote.ts";

/** It has no wire: what a Worker sends to its binding, nobody sees. */
export const r2: Backend = {
  name: "r2",
  key: "r2",
  clock: "real",
  lanes: 1,
  has: {},
  holds: HELD,
  contended: { like: "document" },
  async start() {
    const { bucket, faults, stop } = await startR2();
    let documents = 0;
    const place = (key: string): Place => ({
      connect: () => open(bucket, { key }),
      pass: wait,
      tick: 100,
      many: SIZES.documentLeases,
      rounds: SIZES.documentRounds,
      cut: (what) => faults.next(what === "request" ? NOT_REACHED : "truncate"),
      freeze: (after) => faults.freeze(after),
    });
    return { ...place("baton.json"), apart: () => place(`${documents++}.json`), stop };
  },
};
