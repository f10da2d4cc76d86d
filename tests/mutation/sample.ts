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
  /** The share of generated mutants, from 0 to 1. Default: 0.05, or all there are for a sample. */
  readonly share: number;
  /** How many of them at most. Default: all. */
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

/**
 * Reads the command line.
 *
 * @throws {Error} when an option is not known, or no number.
 */
export function asked(args: readonly string[]): Asked {
  let [seed, share, sample, copies] = [1, 0.05, Infinity, 2];
  let [stories, generated, quick, trust] = [false, true, false, false];
  const parts: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--seed") seed = number(arg, args[++i], Infinity);
    else if (arg === "--share") share = number(arg, args[++i], 1);
    else if (arg === "--all") share = 1;
    else if (arg === "--sample") [sample, share] = [number(arg, args[++i], Infinity), 1];
    else if (arg === "--copies") copies = number(arg, args[++i], Infinity);
    else if (arg === "--stories") [stories, generated] = [true, false];
    else if (arg === "--quick") quick = true;
    else if (arg === "--trust") trust = true;
    else if (arg.startsWith("--")) throw new Error(`There is no option ${arg}`);
    else parts.push(arg);
  }
  // A sample of so many is a measure of what is generated.
  const isAll = parts.length === 0 && sample === Infinity;
  return { seed, share, sample, copies, parts, stories: stories || isAll, generated, quick, trust };
}

function number(name: string, text: string | undefined, most: number): number {
  const value = Number(text);
  if (text === undefined || !(value >= 0 && value <= most)) {
    throw new Error(
      `${name} is followed by a number from 0${most < Infinity ? ` to ${most}` : ""}`,
    );
  }
  return value;
}

/**
 * The sample, in an order that depends on the seed, so that what a run that is cut short has tried is a
 * sample, too. Each mutant is chosen by itself, whatever others there are.
 */
export function sampled(
  mutants: readonly Mutant[],
  { seed, share, sample }: Pick<Asked, "seed" | "share" | "sample">,
): Mutant[] {
  return mutants.map((mutant) => ({ mutant, lot: lotOf(mutant, seed) }))
    .filter(({ lot }) => lot < share)
    .sort((a, b) => a.lot - b.lot)
    .slice(0, sample)
    .map(({ mutant }) => mutant);
}

/** A number from 0 up to 1. */
function lotOf(mutant: Mutant, seed: number): number {
  const hash = createHash("sha1").update(`${seed} ${titleOf(mutant)}`).digest();
  return hash.readUInt32BE() / 2 ** 32;
}
