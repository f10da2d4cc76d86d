/**
 * Which mutants a compiler refuses, before any test does.
 *
 * @module
 */

import type { Mutant } from "./mutant.ts";
import { plant } from "./plant.ts";

/**
 * The first of the mutants that compile, at most so many, and those before them that do not: so a sample
 * of three hundred is one of three hundred that run.
 */
export async function firstThatCompile(
  root: string,
  mutants: readonly Mutant[],
  most: number,
): Promise<{ compile: Mutant[]; refused: Mutant[] }> {
  const [compile, refused]: [Mutant[], Mutant[]] = [[], []];
  for (let from = 0; from < mutants.length && compile.length < most;) {
    const group = mutants.slice(from, from += Math.min(mutants.length, most - compile.length));
    const wrong = await refusedOf(root, group);
    for (const mutant of group) (wrong.has(mutant) ? refused : compile).push(mutant);
  }
  return { compile, refused };
}

/**
 * Those of the mutants whose types, or whose syntax, are wrong. Mutants of different files are checked
 * together in the copy at `root`: the compiler starts once for all of them, not once for each.
 */
export async function refusedOf(root: string, mutants: readonly Mutant[]): Promise<Set<Mutant>> {
  const refused = new Set<Mutant>();
  const waiting = new Set(mutants);
  while (waiting.size > 0) {
    const group = new Map([...waiting].map((mutant) => [mutant.file, mutant]));
    for (const mutant of group.values()) waiting.delete(mutant);
    for (const mutant of await refusedTogether(root, [...group.values()])) refused.add(mutant);
  }
  return refused;
}

async function refusedTogether(root: string, group: readonly Mutant[]): Promise<Mutant[]> {
  const planted: Mutant[] = [];
  const undo: (() => Promise<void>)[] = [];
  let wrong: ReadonlySet<string>;
  try {
    for (const mutant of group) {
      try {
        undo.push(await plant(root, mutant));
        planted.push(mutant);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }
    wrong = await wrongFiles(root, planted.map(({ file }) => file));
  } finally {
    for (const each of undo) await each();
  }
  const unread = group.filter((mutant) => !planted.includes(mutant));
  const here = planted.filter(({ file }) => wrong.has(file));
  // An error elsewhere, in a file that imports one of them, does not say whose it is.
  if (here.length === wrong.size) return [...unread, ...here];
  if (planted.length === 1) return [...unread, ...planted];
  const alone: Mutant[] = [];
  for (const mutant of planted) alone.push(...await refusedTogether(root, [mutant]));
  return [...unread, ...alone];
}

/** The files in which the compiler finds errors. */
async function wrongFiles(root: string, files: readonly string[]): Promise<Set<string>> {
  if (files.length === 0) return new Set();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  if (code === 0) return new Set();
  const text = new TextDecoder().decode(stderr);
  const at = [...text.matchAll(/^ *at file:\/\/(\S+?):\d+:\d+$/gm)].map(([, path = ""]) =>
    path.slice(`${root}/`.length)
  );
  if (at.length === 0) throw new Error(`The compiler did not say where it stopped: ${text}`);
  return new Set(at);
}
