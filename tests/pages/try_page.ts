/**
 * Does what `docs/write-a-driver.md` tells its readers to do, in a folder of its own.
 *
 * `deno run -A tests/pages/try_page.ts FOLDER` writes the page's files there, so that `deno test` can be
 * run in it against this checkout, as if the package had been installed.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** The files of the page, by their names, as they stand there. */
export async function filesOfPage(): Promise<ReadonlyMap<string, string>> {
  const page = await Deno.readTextFile(new URL("docs/write-a-driver.md", ROOT));
  const blocks = page.matchAll(/^```ts (\S+)\n([^]*?)^```$/gm);
  return new Map([...blocks].map(([, name = "", code = ""]) => [name, code]));
}

/** Writes them into a folder, and what makes `@baton/baton` mean this checkout there. */
export async function writePage(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, code] of files) await Deno.writeTextFile(`${folder}/${name}`, code);
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const imports = Object.entries<string>(exports).map(([key, path]) => [
    `@baton/baton${key.slice(1)}`,
    new URL(path, ROOT).href,
  ]);
  const config = JSON.stringify({ imports: Object.fromEntries(imports) });
  await Deno.writeTextFile(`${folder}/deno.json`, config);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (!folder) throw new Error("say in which folder");
  await writePage(folder, await filesOfPage());
}
