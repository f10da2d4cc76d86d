/**
 * The driver over R2's binding: a bucket in this process, which is quick, and workerd's own. Outside of
 * Workers there is no binding, so the tests' one asks a Worker there.
 *
 * @module
 */

import { r2 as open } from "../../drivers/document/r2.ts";
import type { Backend as Place } from "../conformance/mod.ts";
import { startR2 } from "../servers/r2.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { type Backend, wait } from "./backend.ts";
import { Freezer } from "./document.ts";
import { HELD } from "./documents.ts";
import { onClock } from "./fake_clock.ts";
import { OwnBucket } from "./own_bucket.ts";
import { NOT_REACHED } from "./remote.ts";

/** On a fake clock. */
export const r2InProcess: Backend = {
  name: "r2 in this process",
  key: "r2-in-process",
  clock: "fake",
  lanes: 1,
  has: {},
  holds: HELD,
  contended: true,
  start({ time } = {}) {
    const place = (): Place => {
      const freezer = new Freezer();
      const backend = onClock(time, (now) => {
        const bucket = new OwnBucket(now, freezer);
        return () => open(bucket);
      });
      return { ...backend, many: SIZES.documentLeases, freeze: (after) => freezer.freeze(after) };
    };
    return Promise.resolve({ ...place(), apart: place, stop: () => Promise.resolve() });
  },
};

/** It has no wire: what a Worker sends to its binding, nobody sees. */
export const r2: Backend = {
  name: "r2 of workerd",
  key: "r2",
  clock: "real",
  lanes: 1,
  has: {},
  holds: HELD,
  contended: true,
  async start() {
    const { bucket, faults, stop } = await startR2();
    let documents = 0;
    const place = (key: string): Place => ({
      connect: () => open(bucket, { key }),
      pass: wait,
      tick: 100,
      // A round of sixteen takes 81 calls, and each of them is a request to miniflare.
      many: 100,
      rounds: 20,
      cut: (what) => faults.next(what === "request" ? NOT_REACHED : "truncate"),
      freeze: (after) => faults.freeze(after),
    });
    return { ...place("baton.json"), apart: () => place(`${documents++}.json`), stop };
  },
};
