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

/** Checks its types within a project, and that its `package.json` names all that it needs. */
export async function typesOfExample(example: Example, project: Project): Promise<void> {
  const { name, files } = example;
  assert.ok(files.length > 0, name);
  await cp(join(FOLDER, name), join(project.folder, name), {
    recursive: true,
    filter: (path) => !path.endsWith("_test.ts"),
  });
  const own = (await readdir(join(FOLDER, name))).includes("tsconfig.json");
  const plain = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  const options = own ? ["--project", name] : [
    ...[...plain, "--noEmit", "--module", "esnext", "--moduleResolution", "bundler"],
    ...files.map((file) => join(name, file)),
  ];
  const { code, said } = await project.run("npx", "--no-install", "tsc", ...options);
  assert.equal(code, 0, `${name}: ${said}`);
  const text = (await Promise.all(files.map(example.read))).join("\n");
  const { dependencies } = JSON.parse(await example.read("package.json"));
  assertInstalls(name, text, dependencies, project);
}

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
