/** Two that measure their own time, in turns. */
import { median } from "./statistics.ts";

/** How the first stands to the second. */
export interface Duel {
  /** The ratio of their medians. */
  readonly ratio: number;
  /** A quarter of the rounds' own ratios is below. */
  readonly low: number;
  /** A quarter of the rounds' own ratios is above. */
  readonly high: number;
  /** The ratio of their shortest times, which a busy machine moves least. */
  readonly best: number;
}

/** Runs what answers a time; who begins changes with each round. A tenth more is for warming up. */
export async function duel(
  one: () => Promise<number>,
  other: () => Promise<number>,
  rounds: number,
): Promise<Duel> {
  const times: [one: number[], other: number[]] = [[], []];
  for (let round = -Math.ceil(rounds / 10); round < rounds; round++) {
    const took = [0, 0];
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      took[which] = await (which === 0 ? one() : other());
    }
    if (round < 0) continue;
    times[0].push(took[0] ?? NaN);
    times[1].push(took[1] ?? NaN);
  }
  const each = times[0].map((time, round) => time / (times[1][round] ?? NaN)).sort((a, b) => a - b);
  const at = (part: number): number => each[Math.floor(part * (each.length - 1))] ?? NaN;
  return {
    ratio: median(times[0]) / median(times[1]),
    low: at(0.25),
    high: at(0.75),
    best: Math.min(...times[0]) / Math.min(...times[1]),
  };
}
