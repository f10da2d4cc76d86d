/**
 * Copies of the project with a bug in them: tests that still pass there are worth nothing.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { removeFolder, temporaryFolder } from "../servers/process.ts";

const PROJECT = new URL("../../", import.meta.url);

/** One bug, as a change of text. */
export interface Edit {
  /** What is broken, as a short sentence. */
  readonly name: string;
  /** The file's path from the root. */
  readonly file: string;
  /** Text that occurs exactly once in it. */
  readonly find: string;
  /** What stands there instead. */
  readonly put: string;
}

/** Edits of one file, each as its name, what it looks for and what it puts there. */
export function inFile(
  file: string,
  bugs: readonly (readonly [name: string, find: string, put: string])[],
): Edit[] {
  return bugs.map(([name, find, put]) => ({ name, file, find, put }));
}

/** A copy of the project in a temporary folder. */
export interface Copy {
  /** Its folder, without a slash at the end. */
  readonly root: string;
  /** Deletes it. */
  remove(): Promise<void>;
}

/** A copy of the project as it is: all but its history and what runs have left in it. */
export async function copied(): Promise<Copy> {
  const root = await temporaryFolder("baton-mutation-");
  const remove = (): Promise<void> => removeFolder(root);
  try {
    // Servers that refuse to run as root start in it as somebody else.
    await Deno.chmod(root, 0o755);
    await copyFolder(PROJECT, new URL(`file://${root}/`));
  } catch (error) {
    await remove();
    throw error;
  }
  return { root, remove };
}

/**
 * A copy of the project with one edit applied.
 *
 * @throws {Error} when `find` does not occur exactly once.
 */
export async function planted(edit: Edit): Promise<Copy> {
  const copy = await copied();
  try {
    await plant(copy.root, edit);
  } catch (error) {
    await copy.remove();
    throw error;
  }
  return copy;
}

/**
 * Applies an edit to a copy; the answer undoes it.
 *
 * @throws {Error} when `find` does not occur exactly once.
 */
export async function plant(root: string, edit: Edit): Promise<() => Promise<void>> {
  const path = `${root}/${edit.file}`;
  const before = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, await sealed(path, applied(edit, before)));
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
    return text.replace(old, createHash("sha1").update(script).digest("hex"));
  } finally {
    await Deno.remove(draft);
  }
}

/** The edit's file as it is in the project. */
export async function original({ file }: Edit): Promise<string> {
  return await Deno.readTextFile(new URL(file, PROJECT));
}

/**
 * A file's text with the edit applied.
 *
 * @throws {Error} when `find` does not occur exactly once in it.
 */
export function applied({ name, file, find, put }: Edit, text: string): string {
  const [before = "", after, ...more] = text.split(find);
  if (find === "" || after === undefined || more.length > 0) {
    const times = find === ""
      ? "has no text"
      : after === undefined
      ? "is not"
      : "is more than once";
    throw new Error(`Cannot plant "${name}": what it looks for ${times} in ${file}`);
  }
  return before + put + after;
}

/** Folders that no test reads. What packages were installed is as good where it is. */
const LEFT_OUT = new Set([".git", "coverage", ".cache"]);

async function copyFolder(from: URL, to: URL): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    const [source, target] = [
      new URL(encodeURIComponent(name), from),
      new URL(encodeURIComponent(name), to),
    ];
    if (LEFT_OUT.has(name)) continue;
    if (name === "node_modules") await Deno.symlink(source, target);
    else if (isFile) await Deno.copyFile(source, target);
    else if (isDirectory) {
      await Deno.mkdir(target);
      await copyFolder(new URL(`${source}/`), new URL(`${target}/`));
    }
  }
}
