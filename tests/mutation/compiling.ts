/**
 * Which mutants a compiler refuses, before any test does.
 *
 * @module
 */

import { parse } from "@babel/parser";
import { applied, type Mutant } from "./mutant.ts";

/** So many are checked at once, with all that they import. */
const MOST = 400;

/**
 * The first of the mutants that compile, at most so many, and those before them that do not: so a sample
 * of three hundred is one of three hundred that run.
 */
export async function firstThatCompile(
  root: string,
  mutants: readonly Mutant[],
  most: number,
  signal?: AbortSignal,
): Promise<{ compile: Mutant[]; refused: Mutant[] }> {
  const [compile, refused]: [Mutant[], Mutant[]] = [[], []];
  for (let from = 0; from < mutants.length && compile.length < most;) {
    const group = mutants.slice(from, from += Math.min(MOST, most - compile.length));
    const wrong = await refusedOf(root, group, signal);
    for (const mutant of group) (wrong.has(mutant) ? refused : compile).push(mutant);
  }
  return { compile, refused };
}

/**
 * Those of the mutants whose types, or whose syntax, are wrong. Each is written into the copy at `root` as
 * a file of its own beside the one that it is of, so that the compiler starts once for all of them.
 *
 * No file has to wait for another: what a file imports never imports that file, so nothing expects a type
 * of it there. And every export has its type in writing, so a bug in a function changes it for nobody.
 *
 * @throws The signal's reason when it aborts meanwhile.
 */
export async function refusedOf(
  root: string,
  mutants: readonly Mutant[],
  signal?: AbortSignal,
): Promise<Set<Mutant>> {
  const refused = new Set<Mutant>();
  const written = new Map<string, Mutant>();
  try {
    for (const [n, mutant] of mutants.entries()) {
      const text = applied(mutant, await Deno.readTextFile(`${root}/${mutant.file}`));
      try {
        parse(text, { sourceType: "module", plugins: ["typescript"] });
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        refused.add(mutant);
        continue;
      }
      const file = mutant.file.replace(/\.ts$/, `__${n}.ts`);
      written.set(file, mutant);
      await Deno.writeTextFile(`${root}/${file}`, text);
    }
    for (const file of await wrongFiles(root, [...written.keys()], signal)) {
      refused.add(written.get(file) as Mutant);
    }
  } finally {
    for (const file of written.keys()) await Deno.remove(`${root}/${file}`);
  }
  return refused;
}

/** Those of the files in which the compiler finds errors. */
async function wrongFiles(
  root: string,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<Set<string>> {
  if (files.length === 0) return new Set();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "null",
    ...signal && { signal },
  }).output();
  signal?.throwIfAborted();
  if (code === 0) return new Set();
  const text = new TextDecoder().decode(stderr);
  const at = new Set(
    [...text.matchAll(/^ *at file:\/\/(\S+?):\d+:\d+$/gm)].map(([, path = ""]) =>
      path.slice(`${root}/`.length)
    ),
  );
  // It also shows what an error is about, such as the declaration of what is missing.
  const wrong = files.filter((file) => at.has(file));
  if (wrong.length === 0) throw new Error(`The compiler did not say where it stopped: ${text}`);
  return new Set(wrong);
}
