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
  requestCases,
  restartCases,
} from "../conformance/mod.ts";
import { sideBySide } from "./side_by_side.ts";

/** A restart is one for all, a cut meets whoever asks next, and what is sent is counted. */
export const ALONE: readonly Case[] = [...restartCases, ...cutCases, ...requestCases];

/** On a real clock, so many laws wait at once. */
const LANES = 6;

/** Tries every law on a backend. */
export async function keepsContract(
  test: Deno.TestContext,
  backend: Backend,
  clock: "fake" | "real",
  side = LANES,
): Promise<void> {
  const all = await casesFor(backend);
  const on = (law: Case) => ({ ...law, run: () => law.run(backend) });
  const lanes = clock === "real" ? side : 1;
  await sideBySide(test, all.filter((law) => !ALONE.includes(law)).map(on), lanes);
  await sideBySide(test, all.filter((law) => ALONE.includes(law)).map(on), 1);
}
