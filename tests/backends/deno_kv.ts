/**
 * Deno KV, in a file; one handle for all, as in one process.
 *
 * @module
 */

import { denoKv as open } from "../../drivers/document/deno_kv.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import type { Backend as Place } from "../conformance/mod.ts";
import type { Backend } from "./backend.ts";
import { HELD } from "./documents.ts";
import { onClock } from "./fake_clock.ts";
import { unhurried } from "./unhurried.ts";

/** On a fake clock. */
export const denoKv: Backend = {
  name: "deno-kv",
  key: "deno-kv",
  clock: "fake",
  lanes: 1,
  has: {},
  holds: HELD,
  contended: true,
  async start({ time } = {}) {
    const folder = await temporaryFolder("baton-deno-kv-");
    const path = `${folder}/leases.db`;
    let kv = await Deno.openKv(path);
    let documents = 0;
    const place = (prefix: string): Place =>
      unhurried({
        ...onClock(time, (now) => () => open(kv, { now, prefix: [prefix] })),
        many: SIZES.documentLeases,
        rounds: SIZES.documentRounds,
        async restart() {
          kv.close();
          kv = await Deno.openKv(path);
        },
      });
    return {
      ...place("baton"),
      // What laws leave behind would not fit into one of them.
      apart: () => place(`baton ${documents++}`),
      stop() {
        kv.close();
        return removeFolder(folder);
      },
    };
  },
};
