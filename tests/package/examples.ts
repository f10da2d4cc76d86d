/**
 * The examples for Node and Workers, as projects that use the npm package.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Project } from "./project.ts";

const FOLDER = fileURLToPath(new URL("../../examples/", import.meta.url));

/** An example that npm installs. */
export interface Example {
  readonly name: string;
  read(file: string): Promise<string>;
  /** Its TypeScript files, without its tests, which are Deno's. */
  readonly files: readonly string[];
}

/** All that have a `package.json`. */
export async function examples(): Promise<Example[]> {
  const all = await Promise.all((await readdir(FOLDER)).map(async (name) => {
    const folder = join(FOLDER, name);
    const found = await readdir(folder, { recursive: true });
    const files = found.filter((file) => file.endsWith(".ts") && !file.endsWith("_test.ts"));
    const read = (file: string) => readFile(join(folder, file), "utf8");
    return found.includes("package.json") ? [{ name, files, read }] : [];
  }));
  return all.flat();
}

/** Checks their types within a project, and that the `package.json` of each names all that it needs. */
export async function typesOf(examples: readonly Example[], project: Project): Promise<void> {
  for (const { name, files } of examples) {
    assert.ok(files.length > 0, name);
    await cp(join(FOLDER, name), join(project.folder, name), {
      recursive: true,
      filter: (path) => !path.endsWith("_test.ts"),
    });
    const own = (await readdir(join(FOLDER, name))).includes("tsconfig.json");
    if (!own) await project.write(join(name, "tsconfig.json"), JSON.stringify({ ...PLAIN, files }));
  }
  // One compiler for all, which reads what they share once.
  const names = examples.map(({ name }) => name);
  const { code, said } = await project.run("npx", "--no-install", "tsc", "--build", ...names);
  assert.equal(code, 0, said);
  for (const example of examples) {
    const text = (await Promise.all(example.files.map(example.read))).join("\n");
    const { dependencies } = JSON.parse(await example.read("package.json"));
    assertInstalls(example.name, text, dependencies, project);
  }
}

/** Of those that have no settings of their own. */
const PLAIN = {
  compilerOptions: {
    ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, target: "es2022" },
    // The declarations of the package are checked with a strict program of their own.
    ...{ module: "esnext", moduleResolution: "bundler", skipLibCheck: true },
  },
};

function assertInstalls(
  name: string,
  text: string,
  dependencies: Record<string, string>,
  { manifest }: Project,
): void {
  assert.equal(dependencies[manifest.name], `^${manifest.version}`, name);
  for (const [, specifier = ""] of text.matchAll(/ from "([^."][^"]*)"/g)) {
    const [owner, own] = specifier.split("/");
    const needed = specifier.startsWith("@") ? `${owner}/${own}` : owner ?? "";
    assert.ok(needed.startsWith("node:") || dependencies[needed], `${name} needs ${needed}`);
    // `@baton/baton/drivers/planetscale` needs `@planetscale/database`.
    const [, driver] = /\/drivers\/(\w+)$/.exec(specifier) ?? [];
    for (const [client, version] of Object.entries(manifest.peerDependencies)) {
      if (driver && client.startsWith(`@${driver}`)) {
        assert.equal(dependencies[client], version, `${name}: ${client}`);
      }
    }
  }
}
