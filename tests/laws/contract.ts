/**
 * The driver's contract as steps of a test.
 *
 * @module
 */

import {
  type Backend,
  type Case,
  casesFor,
  cutCases,
  freezeCases,
  requestCases,
  restartCases,
} from "../conformance/mod.ts";
import { LONG } from "../conformance/operations.ts";
import type { Running } from "../backends/mod.ts";
import { listenerCase } from "./listeners.ts";
import { sideBySide } from "./side_by_side.ts";

/** A restart is one for all, a cut or a freeze meets whoever asks next, and what is sent is counted. */
export const ALONE: readonly Case[] = [
  ...restartCases,
  ...cutCases,
  ...freezeCases,
  ...requestCases,
];

/** On a real clock, so many laws wait at once. */
const LANES = 6;

/** Tries every law on a backend. */
export async function keepsContract(
  test: Deno.TestContext,
  backend: Backend & Pick<Running, "apart">,
  clock: "fake" | "real",
  side = LANES,
): Promise<void> {
  const all = [...await casesFor(backend), listenerCase];
  const lanes = clock === "real" ? side : 1;
  const on = (law: Case) => ({
    ...law,
    run: async () => {
      // A document of its own, on the same machine.
      await law.run(backend.apart ? { ...backend.apart(), pace: backend } : backend);
      // What a law leaves behind has ended before the next, where that costs nothing.
      if (clock === "fake") await backend.pass(2 * LONG);
    },
  });
  await sideBySide(test, all.filter((law) => !ALONE.includes(law)).map(on), lanes);
  await sideBySide(test, all.filter((law) => ALONE.includes(law)).map(on), 1);
}
