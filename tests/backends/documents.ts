/**
 * What backends of one document over HTTP have in common: their front end is in this process, so its clock
 * is the test's, and nothing is waited for.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { type Backend as Place, FakeClock } from "../conformance/mod.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import type { Backend, Wire } from "./backend.ts";
import { NOT_REACHED } from "./remote.ts";
import { unhurried } from "./unhurried.ts";

/** How many leases of some hundred bytes tests put into a document, each change of which writes them all. */
export const HELD = 1_200;

/** Each write takes a look first, however many operations are in it. */
const COSTS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    [
      ...["acquire a free lock", "renew", "confirm", "release", "acquire shared", "win a campaign"],
      ...["heartbeat of ten leases", "stand down", "claim and run a cron slot", "createGroup"],
      ...["joinGroup", "joinGroupCreate, new", "joinGroupCreate, there", "updateCapabilities"],
      ...["runWatchers, two groups and two elections", "leaveGroup", "stop with everything held"],
      "tick: fourteen leases, two groups, two elections",
    ].map((what) => [what, 2]),
  ),
  "break a lock that somebody has": 3,
  with: 4,
  "catch up where nothing was missed, and run": 3,
  "catch up on one slot, and run": 6,
  "claim, run and finish with retry": 4,
  deleteGroup: 3,
};

/** The part of an entry that is the same for all. */
export function documentOverHttp<S>(
  open: (now: () => number) => Promise<S>,
  wireTo: (server: S) => Wire,
  apart?: (server: S) => () => Driver,
): Pick<Backend<"wire">, "clock" | "lanes" | "has" | "holds" | "contended" | "costs" | "start"> {
  return {
    clock: "fake",
    lanes: 1,
    has: { wire: true },
    holds: HELD,
    contended: true,
    costs: COSTS,
    async start({ time } = {}) {
      const clock = new FakeClock();
      const server = await open(time?.now ?? clock.now);
      const wire = wireTo(server);
      const place = (connect: () => Driver): Place =>
        unhurried({
          connect,
          pass: (ms) =>
            time ? Promise.reject(new Error("the clock is the caller's")) : clock.pass(ms),
          tick: 1,
          many: SIZES.documentLeases,
          rounds: SIZES.documentRounds,
          cut: (what) => wire.faults.next(what === "request" ? NOT_REACHED : "truncate"),
          freeze: (after) => wire.faults.freeze(after),
          sent: () => wire.faults.sent(),
        });
      return {
        ...place(() => wire.connect()),
        ...apart && { apart: () => place(apart(server)) },
        wire,
        stop: () => wire.stop(),
      };
    },
  };
}
