/**
 * Does what `docs/write-a-driver.md` tells its readers to do, in a folder of its own.
 *
 * `deno run -A tests/pages/try_page.ts FOLDER` writes the page's files there, so that `deno test` can be
 * run in it against this checkout, as if the package had been installed.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** The files of a page, by their names, as they stand there. */
export async function filesOfPage(
  path = "docs/write-a-driver.md",
): Promise<ReadonlyMap<string, string>> {
  const page = await Deno.readTextFile(new URL(path, ROOT));
  const blocks = page.matchAll(/^```ts (\S+)\n([^]*?)^```$/gm);
  return new Map([...blocks].map(([, name = "", code = ""]) => [name, code]));
}

/**
 * Writes them into a folder, and what makes `@baton/baton` mean this checkout there, and each package of
 * others the version that this checkout pins.
 */
export async function writePage(
  folder: string,
  files: ReadonlyMap<string, string>,
  compilerOptions: Readonly<Record<string, boolean>> = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, code] of files) await Deno.writeTextFile(`${folder}/${name}`, code);
  const { exports, imports: pinned } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const own = Object.entries<string>(exports).map(([key, path]) => [
    `@baton/baton${key.slice(1)}`,
    new URL(path, ROOT).href,
  ]);
  const imports = { ...pinned, ...Object.fromEntries(own) };
  const config = JSON.stringify({ imports, compilerOptions });
  await Deno.writeTextFile(`${folder}/deno.json`, config);
  // Without it a package whose types are in another one, as those of pg are, would have none.
  await Deno.copyFile(new URL("deno.lock", ROOT), `${folder}/deno.lock`);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (!folder) throw new Error("say in which folder");
  await writePage(folder, await filesOfPage());
}
