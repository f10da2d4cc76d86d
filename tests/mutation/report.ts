/**
 * What came of every bug, as a table.
 *
 * @module
 */

import { type Mutant, titleOf } from "./mutant.ts";

/**
 * How it ended: a test failed; none did; a run had no end that has one without the bug; a run had no end that
 * may have none without the bug either, in that time; or the compiler refuses it.
 */
export type Fate = "found" | "survived" | "hung" | "not judged" | "did not compile";

/** What came of one bug. */
export interface Verdict {
  readonly mutant: Mutant;
  readonly fate: Fate;
  /** How long all runs took, in seconds. */
  readonly seconds: number;
  /** The test that noticed it, and the run that it was in. */
  readonly by?: string;
  /** What changes, as a diff shows it. */
  readonly diff: string;
}

const FATES: readonly Fate[] = ["found", "survived", "hung", "not judged", "did not compile"];
/** The share that must be found. */
const LEAST = 0.95;

/** One line for one bug, and the diff of a survivor. */
export function row({ mutant, fate, seconds, by, diff }: Verdict): string {
  const line = `${fate.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s  ${titleOf(mutant)}`;
  if (fate === "survived") return `${line}\n${diff.replace(/^/gm, "    ")}`;
  return by === undefined ? line : `${line}  <- ${by}`;
}

/** The survivors, and what came of each room's bugs. */
export function summary(verdicts: readonly Verdict[]): string[] {
  const rooms = [...new Set(verdicts.map(roomOf))].sort();
  return [
    ...verdicts.filter(({ fate }) => fate !== "found" && fate !== "did not compile").map(row),
    ...rooms.map((room) => {
      const here = verdicts.filter((verdict) => roomOf(verdict) === room);
      const counts = FATES.map((fate) =>
        `${here.filter((each) => each.fate === fate).length} ${fate}`
      );
      const minutes = here.reduce((all, { seconds }) => all + seconds, 0) / 60;
      const share = (100 * shareOf(here)).toFixed(1);
      return `${room}: ${counts.join(", ")}: ${share} %, in ${minutes.toFixed(1)} minutes of runs`;
    }),
  ];
}

/** Whether enough was found in every room. */
export function enough(verdicts: readonly Verdict[]): boolean {
  const rooms = new Set(verdicts.map(roomOf));
  return [...rooms].every((room) =>
    shareOf(verdicts.filter((verdict) => roomOf(verdict) === room)) >= LEAST
  );
}

/** What was noticed of what compiles; a run that hangs because of the bug has noticed it, too. */
function shareOf(verdicts: readonly Verdict[]): number {
  const real = verdicts.filter(({ fate }) => fate !== "did not compile");
  const noticed = real.filter(({ fate }) => fate === "found" || fate === "hung");
  return real.length === 0 ? 1 : noticed.length / real.length;
}

function roomOf({ mutant }: Verdict): string {
  return mutant.file.split("/")[0] ?? "";
}
