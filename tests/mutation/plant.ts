/**
 * Plants a bug in a copy of the project, and takes it out again.
 *
 * @module
 */

import { parse } from "@babel/parser";
import { createHash } from "node:crypto";
import { applied, type Mutant } from "./mutant.ts";
import { copied, type Copy, productOf, sources } from "./project.ts";
import { type Story, told } from "./stories.ts";

/**
 * A copy of the project with a story's bug in it.
 *
 * @throws {Error} when the story is nowhere, or in more than one place.
 */
export async function planted(story: Story): Promise<Copy> {
  const [mutant] = told([story], productOf(await sources())) as [Mutant];
  const copy = await copied();
  try {
    await plant(copy.root, mutant);
  } catch (error) {
    await copy.remove();
    throw error;
  }
  return copy;
}

/**
 * Plants a bug in the copy at `root`; the answer undoes it.
 *
 * @throws {SyntaxError} when what comes of it is no TypeScript, or a module that cannot be loaded.
 */
export async function plant(root: string, mutant: Mutant): Promise<() => Promise<void>> {
  const path = `${root}/${mutant.file}`;
  const before = await Deno.readTextFile(path);
  const after = applied(mutant, before);
  parse(after, { sourceType: "module", plugins: ["typescript"] });
  await Deno.writeTextFile(path, await sealed(path, after));
  return () => Deno.writeTextFile(path, before);
}

/** A script of Redis's goes by its SHA-1: whoever changes the one by mistake has changed the other. */
async function sealed(path: string, text: string): Promise<string> {
  const constant = /export const (\w*SCRIPT)_SHA1 = "(\w+)"/.exec(text);
  if (!constant) return text;
  const [, name = "", old = ""] = constant;
  // Under a name that nobody has asked for before.
  const draft = `${path.replace(/\.ts$/, "")}_${crypto.randomUUID()}.ts`;
  await Deno.writeTextFile(draft, text);
  try {
    const script = (await import(`file://${draft}`))[name];
    return text.replace(old, createHash("sha1").update(String(script)).digest("hex"));
  } catch (error) {
    throw new SyntaxError(`the script's module does not load: ${error}`);
  } finally {
    await Deno.remove(draft);
  }
}
