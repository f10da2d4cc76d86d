/**
 * The pages that people read say nothing that is not there: their code compiles and, where it can,
 * runs; and every link leads somewhere.
 *
 * @module
 */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** A page, by its path from the root. */
interface Page {
  readonly path: string;
  readonly text: string;
}

async function* pagesUnder(folder: string): AsyncGenerator<Page> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder || ".", ROOT))) {
    if (/^\.|node_modules/.test(name)) continue;
    const path = `${folder}${name}`;
    if (isDirectory) yield* pagesUnder(`${path}/`);
    else if (name.endsWith(".md")) {
      yield { path, text: await Deno.readTextFile(new URL(path, ROOT)) };
    }
  }
}

const PAGES = await Array.fromAsync(pagesUnder(""));

/** The TypeScript of a page as one program, for later blocks use what earlier ones have declared. */
function programOf({ text }: Page): string {
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code).join("\n");
}

async function deno(...args: string[]): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, said: [stdout, stderr].map((each) => new TextDecoder().decode(each)).join("") };
}

Deno.test("the code on every page compiles as it stands there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const programs = PAGES.map((page) => ({ page, program: programOf(page) }))
      .filter(({ program }) => program !== "");
    assert.ok(programs.some(({ page }) => page.path === "README.md"), "README.md has code");
    assert.ok(programs.length > 8, "and so have the guides");
    const files = programs.map(({ page, program }) => {
      const file = `${folder}/${page.path.replaceAll("/", "_")}.ts`;
      // A page without imports would be a script, which all others see.
      Deno.writeTextFileSync(file, `${program}\nexport {};\n`);
      return file;
    });
    const { code, said } = await deno("check", "--quiet", "--config", "deno.json", ...files);
    assert.equal(code, 0, said);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the tests that docs/testing.md shows pass, and fail without the lock, or with a lenient memory", async () => {
  const page = PAGES.find(({ path }) => path === "docs/testing.md");
  assert.ok(page);
  const program = programOf(page);
  const held = 'const lease = await one.getLock("account:42").hold();';
  assert.ok(program.includes(held));
  const broken = program.replace(held, "const lease = { release: () => Promise.resolve() };");
  const strict = 'import { memory } from "@baton/baton/testing"';
  assert.ok(program.includes(strict));
  const lenient = program.replace(strict, 'import { memory } from "@baton/baton/drivers/memory"');
  for (const [text, ends] of [[program, 0], [broken, 1], [lenient, 1]] as const) {
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, text);
      const { code, said } = await deno("run", "--quiet", "-A", "--config", "deno.json", file);
      assert.equal(code, ends, said);
    } finally {
      await Deno.remove(file);
    }
  }
});

/** How a heading is reached by a link, as GitHub has it. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
}

/** Pages that others are writing; to be emptied when they have landed. */
const COMING: readonly string[] = [];

Deno.test("every link on a page leads to a file or a heading that is there", async () => {
  const missing: string[] = [];
  let links = 0;
  for (const { path, text } of PAGES) {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      const [file = "", anchor] = target.split("#");
      const at = file ? new URL(file, new URL(path, ROOT)) : new URL(path, ROOT);
      const info = await Deno.stat(at).catch(() => undefined);
      const headings = anchor && info?.isFile
        ? [...(await Deno.readTextFile(at)).matchAll(/^#+ (.*)$/gm)].map(([, line = ""]) => line)
        : [];
      const found = info && (!anchor || headings.some((line) => anchorOf(line) === anchor));
      const coming = COMING.some((each) => at.href === new URL(each, ROOT).href);
      if (!found && !coming) missing.push(`${path}: ${target}`);
    }
  }
  assert.ok(links > 50, `only ${links} links were found`);
  assert.deepEqual(missing, []);
});

Deno.test("no page uses the words that style has ruled out", () => {
  const out = /\b(unless given|told|whoever|anew|for ever)\b/gi;
  const used = PAGES.flatMap(({ path, text }) =>
    [...text.matchAll(out)].map(([word]) => `${path}: ${word}`)
  );
  assert.deepEqual(used, []);
});
