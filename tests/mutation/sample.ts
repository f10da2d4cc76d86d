/**
 * Which mutants are tried: a share that is the same in every run, whatever else is changed.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Mutant, titleOf } from "./mutant.ts";

/** What was asked for on the command line. */
export interface Asked {
  /** Another seed is another sample. Default: 1. */
  readonly seed: number;
  /** The share of generated mutants, from 0 to 1. Default: 0.05; for a sample, all there are. */
  readonly share: number;
  /** How many of them at most, of those that compile. Default: all. */
  readonly sample: number;
  /** How many copies are tried at once. Default: 2, for most runs wait for servers and clocks. */
  readonly copies: number;
  /** Parts of titles; those that have one of them are tried. Default: all. */
  readonly parts: readonly string[];
  /** Whether the stories are tried. Default: in a run of everything. */
  readonly stories: boolean;
  /** Whether generated mutants are tried. Default: yes. */
  readonly generated: boolean;
  /** Whether tests that wait for servers and real clocks are left out, where others may notice. */
  readonly quick: boolean;
  /** Whether all tests are known to pass without a bug, so that none need be tried without one. */
  readonly trust: boolean;
}

/** What the command line of `deno task mutate` says. */
export interface Given {
  readonly seed: number;
  readonly copies: number;
  readonly share?: number | undefined;
  readonly sample?: number | undefined;
  readonly all: boolean;
  readonly stories: boolean;
  readonly quick: boolean;
  readonly trust: boolean;
}

/** What that means. */
export function asked(given: Given, parts: readonly string[]): Asked {
  const { seed, copies, quick, trust, sample = Infinity } = given;
  // A sample of so many is a measure of what is generated.
  const isAll = parts.length === 0 && sample === Infinity;
  const share = given.share ?? (given.all || sample < Infinity ? 1 : 0.05);
  const [stories, generated] = [given.stories || isAll, !given.stories];
  return { seed, share, sample, copies, parts, stories, generated, quick, trust };
}

/**
 * The sample, in an order that depends on the seed, so that what a run that is cut short has tried is a
 * sample, too. Each mutant is chosen by itself, whatever others there are.
 */
export function sampled(
  mutants: readonly Mutant[],
  { seed, share }: Pick<Asked, "seed" | "share">,
): Mutant[] {
  return mutants.map((mutant) => ({ mutant, lot: lotOf(mutant, seed) }))
    .filter(({ lot }) => lot < share)
    .sort((a, b) => a.lot - b.lot)
    .map(({ mutant }) => mutant);
}

/** A number from 0 up to 1. */
function lotOf(mutant: Mutant, seed: number): number {
  const hash = createHash("sha1").update(`${seed} ${titleOf(mutant)}`).digest();
  return hash.readUInt32BE() / 2 ** 32;
}
