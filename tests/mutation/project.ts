/**
 * The project as the mutants see it: its files, what imports what, and copies to plant bugs in.
 *
 * @module
 */

import { removeFolder, temporaryFolder } from "../servers/folders.ts";

const PROJECT = new URL("../../", import.meta.url);

/** What mutants are made of; `mod.ts` only hands on. */
const PRODUCT = ["coordination", "drivers", "http", "fencing", "cli", "errors.ts", "url.ts"];
/** Folders that no test reads. What packages were installed is as good where it is. */
const LEFT_OUT = new Set([".git", "coverage", ".cache"]);

/** Every TypeScript file of the project, by its path from the root. */
export async function sources(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const read = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder || ".", PROJECT))) {
      if (LEFT_OUT.has(name) || name === "node_modules") continue;
      if (isDirectory) await read(`${folder}${name}/`);
      else if (name.endsWith(".ts")) {
        texts.set(
          `${folder}${name}`,
          await Deno.readTextFile(new URL(`${folder}${name}`, PROJECT)),
        );
      }
    }
  };
  await read("");
  return new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Those of them that mutants are made of. */
export function productOf(texts: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...texts].filter(([file]) => PRODUCT.includes(file.split("/")[0] ?? "")));
}

/**
 * What each file imports when it runs, types excepted, what it may load later, and what it gives to another
 * process.
 */
export function importsOf(texts: ReadonlyMap<string, string>): Map<string, string[]> {
  const statements =
    /^(?:import|export)\s+(?!type\s)(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  const given = /\bimport\.meta\.resolve\("([^"]+)"\)|\bnew URL\("([^"]+)", import\.meta\.url\)/g;
  return new Map([...texts].map(([file, text]) => {
    const names = [...text.matchAll(statements)].map(([, now, later]) => now ?? later ?? "");
    const local = [
      ...names.filter((name) => name.startsWith(".")),
      ...[...text.matchAll(given)].map(([, resolved, url]) => resolved ?? url ?? "")
        .filter((name) => name.endsWith(".ts")),
    ];
    return [file, local.map((name) => new URL(name, `file:///${file}`).pathname.slice(1))];
  }));
}

/** Everything that a file imports, directly or not; itself too. */
export function reachOf(file: string, imports: ReadonlyMap<string, string[]>): Set<string> {
  const reached = new Set([file]);
  // A set is walked to its end, what is added on the way included.
  for (const each of reached) for (const next of imports.get(each) ?? []) reached.add(next);
  return reached;
}

/** A copy of the project in a temporary folder. */
export interface Copy {
  /** Its folder, without a slash at the end. */
  readonly root: string;
  /** Deletes it. */
  remove(): Promise<void>;
}

/**
 * A copy of the project as it is: all but its history and what runs have left in it.
 *
 * @throws The signal's reason when it aborts before the copy is complete. Then nothing is left of it.
 */
export async function copied(signal?: AbortSignal): Promise<Copy> {
  const root = await temporaryFolder("baton-mutation-");
  const remove = (): Promise<void> => removeFolder(root);
  try {
    // Servers that refuse to run as root start in it as somebody else.
    await Deno.chmod(root, 0o755);
    await copyFolder(PROJECT, new URL(`file://${root}/`), signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return { root, remove };
}

async function copyFolder(from: URL, to: URL, signal?: AbortSignal): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    signal?.throwIfAborted();
    const [source, target] = [
      new URL(encodeURIComponent(name), from),
      new URL(encodeURIComponent(name), to),
    ];
    if (LEFT_OUT.has(name)) continue;
    if (name === "node_modules") await Deno.symlink(source, target);
    else if (isFile) await Deno.copyFile(source, target);
    else if (isDirectory) {
      await Deno.mkdir(target);
      await copyFolder(new URL(`${source}/`), new URL(`${target}/`), signal);
    }
  }
}
