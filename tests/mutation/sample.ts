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
  /** The share of generated mutants, from 0 to 1. Default: 0.05. */
  readonly share: number;
  /** Parts of titles; those that have one of them are tried. Default: all. */
  readonly parts: readonly string[];
  /** Whether the stories are tried. Default: in a run of everything. */
  readonly stories: boolean;
  /** Whether generated mutants are tried. Default: yes. */
  readonly generated: boolean;
  /** Whether tests that wait for servers and real clocks are left out, where others may notice. */
  readonly quick: boolean;
}

/**
 * Reads the command line.
 *
 * @throws {Error} when an option is not known, or no number.
 */
export function asked(args: readonly string[]): Asked {
  let [seed, share, stories, generated, quick] = [1, 0.05, false, true, false];
  const parts: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--seed") seed = number(arg, args[++i], Infinity);
    else if (arg === "--share") share = number(arg, args[++i], 1);
    else if (arg === "--all") share = 1;
    else if (arg === "--stories") [stories, generated] = [true, false];
    else if (arg === "--quick") quick = true;
    else if (arg.startsWith("--")) throw new Error(`There is no option ${arg}`);
    else parts.push(arg);
  }
  return { seed, share, parts, stories: stories || parts.length === 0, generated, quick };
}

function number(name: string, text: string | undefined, most: number): number {
  const value = Number(text);
  if (text === undefined || !(value >= 0 && value <= most)) {
    throw new Error(`${name} is followed by a number from 0 to ${most}`);
  }
  return value;
}

/** Whether it is one of the sample: each mutant by itself, so that no other can change that. */
export function isChosen(mutant: Mutant, { seed, share }: Pick<Asked, "seed" | "share">): boolean {
  const hash = createHash("sha1").update(`${seed} ${titleOf(mutant)}`).digest();
  return hash.readUInt32BE() / 2 ** 32 < share;
}
