/** Things that do the same, timed side by side. */
import { ratios, type Spread } from "./statistics.ts";

/** One side: a name, and what it does once. */
export type Contestant = readonly [name: string, once: () => unknown];

/** How long to look. */
export interface Effort {
  readonly rounds: number;
  /** How often each contestant goes before the next one's turn. */
  readonly turns: number;
}

/** A contestant against the baseline. */
export interface Standing extends Spread {
  readonly name: string;
}

/**
 * How many times as long as the first contestant each other one takes. They take turns within every
 * round and in another order each time, so that none is always the one after a pause or a collection
 * of garbage; many short rounds, so that a slow second of the machine spoils few of them.
 */
export async function contest(
  baseline: Contestant,
  others: readonly Contestant[],
  { rounds, turns }: Effort,
): Promise<Standing[]> {
  const all = [baseline, ...others];
  const times = all.map((): number[] => []);
  const warmUp = Math.ceil(rounds / 10);
  for (let round = -warmUp; round < rounds; round++) {
    for (let place = 0; place < all.length; place++) {
      const who = (place + round + warmUp) % all.length;
      const took = await timeOf(all[who]?.[1], turns);
      if (round >= 0) times[who]?.push(took);
    }
  }
  const [base = [], ...rest] = times;
  return others.map(([name], i) => ({ name, ...ratios(rest[i] ?? [], base) }));
}

/** Every answer is awaited, a bare statement's too, so that both sides pay for the same turns. */
export async function timeOf(
  once: (() => unknown) | undefined,
  turns: number,
): Promise<number> {
  const start = performance.now();
  for (let turn = 0; turn < turns; turn++) await once?.();
  return performance.now() - start;
}
