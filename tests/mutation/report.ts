/**
 * What came of every bug, as a table.
 *
 * @module
 */

import type { Edit } from "./plant.ts";
import { type Room, roomOf } from "./rooms.ts";

/** What came of one bug. */
export interface Verdict {
  readonly edit: Edit;
  /** How long all runs took, in seconds. */
  readonly seconds: number;
  /** The test that noticed it; `undefined` when none did. */
  readonly by?: string;
  /** Where that test was run. */
  readonly run?: string;
}

/** The share that must be noticed. */
const LEAST = 0.95;
const ROOMS: readonly Room[] = ["core", "drivers", "rest"];

/** One line for one bug. */
export function row({ edit, seconds, by, run }: Verdict): string {
  const bug = `${edit.file}: ${edit.name}`;
  const took = `${seconds.toFixed(1)} s`.padStart(8);
  return by === undefined
    ? `SURVIVED ${took}  ${bug}`
    : `killed   ${took}  ${bug}  <- ${by} (${run})`;
}

/** The survivors, and the shares of each room. */
export function verdicts(judged: readonly Verdict[]): string[] {
  const survivors = judged.filter(({ by }) => by === undefined);
  return [
    ...survivors.map(row),
    ...ROOMS.flatMap((room) => {
      const [killed, all] = counted(judged, room);
      if (all === 0) return [];
      const times = judged.filter(({ edit, by }) => by !== undefined && roomOf(edit.file) === room)
        .map(({ seconds }) => seconds).sort((a, b) => a - b);
      const median = times[Math.floor(times.length / 2)]?.toFixed(1) ?? "–";
      const share = (100 * killed / all).toFixed(1);
      return [`${room}: ${killed} of ${all} killed (${share} %), half of them within ${median} s`];
    }),
  ];
}

/** Whether enough was noticed in the core and the drivers. */
export function enough(judged: readonly Verdict[]): boolean {
  return (["core", "drivers"] as const).every((room) => {
    const [killed, all] = counted(judged, room);
    return killed >= all * LEAST;
  });
}

function counted(judged: readonly Verdict[], room: Room): [killed: number, all: number] {
  const here = judged.filter(({ edit }) => roomOf(edit.file) === room);
  return [here.filter(({ by }) => by !== undefined).length, here.length];
}
