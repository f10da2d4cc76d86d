/**
 * The options of the project's own tasks. Whatever is wrong is said before a long run begins, with how the
 * task is used.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is what commands say

import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

const HELP = { help: { type: "boolean", short: "h", default: false } } as const;

/** Says what is wrong, and how it is right, and ends with 2. */
export function misused(usage: string, why: string): never {
  console.error(`${why}\n\n${usage}`);
  Deno.exit(2);
}

/** What was asked for on the command line; `--help` shows the usage and ends. */
export function taskOptions<const O extends ParseArgsOptionsConfig>(usage: string, options: O) {
  const { values, positionals } = parsed(usage, options);
  if ((values as { help?: boolean }).help) {
    console.log(usage);
    Deno.exit(0);
  }
  return { values, positionals };
}

function parsed<const O extends ParseArgsOptionsConfig>(usage: string, options: O) {
  try {
    return parseArgs({ allowPositionals: true, options: { ...options, ...HELP } });
  } catch (error) {
    // The rest is advice on minus signs.
    misused(usage, (error as Error).message.split(". ", 1)[0] ?? "");
  }
}

/** A whole number that was given as an option. */
export function whole(usage: string, name: string, text: string, least = 0): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
  misused(usage, `--${name} is a whole number from ${least} on, not "${text}"`);
}
