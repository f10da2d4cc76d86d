/** Numbers that noise cannot move far. */

/** The middle of many, and how far apart they lie. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The middle value, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("there is no median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}

/** The median with the smallest and the largest. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/**
 * How many times as long as its neighbour each measurement took. The median is taken of the rounds'
 * ratios, not of the times: what slows the machine for a while slows both sides of a round.
 */
export function ratios(subject: readonly number[], baseline: readonly number[]): Spread {
  if (subject.length !== baseline.length) throw new Error("every round needs both sides");
  return spread(subject.map((value, round) => value / (baseline[round] ?? NaN)));
}
