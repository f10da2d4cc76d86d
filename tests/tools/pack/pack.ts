/**
 * Makes the npm package: `deno pack` writes ESM and declarations of the sources that JSR gets, too;
 * then `manifest.ts` finishes its `package.json`, and npm packs it again.
 *
 * @module
 */

import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../servers/cache.ts";
import { removeFolder, temporaryFolder } from "../../servers/folders.ts";
import { withLibrary } from "./declarations.ts";
import { COMMAND, finished } from "./manifest.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Makes the tarball, and answers where it is.
 *
 * @param into The folder to put it into.
 * @param dirty Whether what is not committed may be packed, too. Default: false.
 * @throws {Error} Something is not committed, or does not pack; it carries what the tool said.
 */
export async function pack(into: string, { dirty = false } = {}): Promise<string> {
  const folder = await temporaryFolder("baton-pack-");
  try {
    const draft = join(folder, "draft.tgz");
    const options = ["--no-source-maps", ...(dirty ? ["--allow-dirty"] : [])];
    const config = ["--config", join(ROOT, "deno.json")];
    await run(Deno.execPath(), ["pack", ...options, ...config, "--output", draft]);
    await run("tar", ["-xzf", draft, "-C", folder]);
    await finish(join(folder, "package"));
    const packing = ["pack", "--ignore-scripts", "--json", "--pack-destination", into];
    const said = await run("npm", [...packing, join(folder, "package")]);
    const [{ filename }] = JSON.parse(said);
    return join(into, filename);
  } finally {
    await removeFolder(folder);
  }
}

async function finish(folder: string): Promise<void> {
  const manifest = join(folder, "package.json");
  const { imports } = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
  const packed = JSON.parse(await readFile(manifest, "utf8"));
  const files = (await readdir(folder)).filter((name) => name !== "package.json").sort();
  const text = JSON.stringify(finished(packed, { imports, files }), null, 2);
  await writeFile(manifest, `${text}\n`);
  await writeFile(join(folder, COMMAND.path), COMMAND.text);
  await chmod(join(folder, COMMAND.path), 0o755);
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(folder, name);
    await writeFile(file, withLibrary(await readFile(file, "utf8")));
  }
}
