/**
 * Every law of the coordinator, on every backend.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { type Backend, BACKENDS, having, type Running } from "../backends/mod.ts";
import { counted } from "../backends/unhurried.ts";
import {
  type CoordinationCase,
  coordinationCases,
  type Place,
  TOOZ_TESTS,
} from "../conformance/coordination/mod.ts";
import { FakeRuntime } from "../core/fake_runtime.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import { sideBySide } from "./side_by_side.ts";

/** On a real clock, so many laws wait at once. */
const LANES = 8;

/** Runs all cases as steps, so many at once. */
function runAll(test: Deno.TestContext, place: () => Place, lanes: number): Promise<void> {
  const on = (law: CoordinationCase) => ({ ...law, run: () => law.run(place()) });
  return sideBySide(test, coordinationCases.map(on), lanes);
}

/** Where all writes conflict, each member more makes the requests of all the others more. */
const crowdsOf = ({ contended }: Backend): Pick<Place, "many" | "rounds"> =>
  contended ? { many: SIZES.documentMembers, rounds: SIZES.documentRaces } : {};

for (const entry of BACKENDS.filter(({ clock }) => clock === "fake")) {
  const { name, start } = entry;
  Deno.test(`coordinators on ${name} keep their laws`, async (test) => {
    // One clock for the backend and for all members, which only the cases set on.
    const runtime = new FakeRuntime();
    const backend = await start({ time: { now: runtime.wall, after: runtime.after } });
    let underWay = 0;
    runtime.busy = () => underWay > 0;
    const driverOf = ({ connect }: Pick<Running, "connect">) => async (): Promise<Driver> => {
      const inner = await connect();
      // What waits for its grant waits for time to pass.
      if (inner.guarantees.push) return inner;
      return counted(inner, (by) => underWay += by);
    };
    const pass = (ms: number) => runtime.advance(ms);
    try {
      const placeOf = (part: Pick<Running, "connect">): Place => {
        return { driver: driverOf(part), runtime, pass, tick: 250, ...crowdsOf(entry) };
      };
      const place = placeOf(backend);
      await runAll(test, () => backend.apart ? placeOf(backend.apart()) : place, 1);
      assert.equal(runtime.timers, 0, "a case left a timer behind");
    } finally {
      await backend.stop();
    }
  });
}

const SERVERS = new Set(having("server").map(({ key }) => key));

for (
  const entry of BACKENDS.filter(({ clock, key, contended }) =>
    clock === "real" && (SERVERS.has(key) || contended)
  )
) {
  const { name, start } = entry;
  Deno.test(`coordinators on ${name}, and on a real clock, keep their laws`, async (test) => {
    const backend = await start();
    try {
      const placeOf = ({ connect, pass, tick }: Omit<Running, "stop">): Place => {
        return { driver: () => connect(), pass, tick, pace: backend, ...crowdsOf(entry) };
      };
      const place = placeOf(backend);
      await runAll(test, () => backend.apart ? placeOf(backend.apart()) : place, LANES);
    } finally {
      await backend.stop();
    }
  });
}

Deno.test("every law of the coordinator has a name of its own", () => {
  const names = coordinationCases.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

Deno.test("everything that Tooz's own suite asks for is asked for here", () => {
  const asked = coordinationCases.flatMap(({ tooz }) => tooz);
  assert.deepEqual(asked.toSorted(), TOOZ_TESTS.toSorted());
});
