/**
 * What the runtimes need that Deno cannot import: Bun, workerd with miniflare, and the vendors'
 * packages as files for the bundler. npm puts them into a folder of the cache, once.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { cached, run } from "../servers/cache.ts";

/** Where things are. */
export interface Installation {
  readonly node: string;
  readonly bun: string;
  /** The folder that packages are looked up in. */
  readonly modules: string;
}

/** The runtimes; their versions are pinned, for another one is another test. */
const RUNTIMES = ["miniflare@4.20260730.0", "bun@1.4.5"];

/** Everything, or an error that says what is missing. */
export async function requireRuntimes(): Promise<Installation> {
  const wanted = [...RUNTIMES, ...vendorsPackages()];
  const hash = createHash("sha256").update(wanted.join()).digest("hex").slice(0, 12);
  const folder = await cached(`runtimes-${process.arch}-${hash}`, (folder) => fill(folder, wanted));
  const modules = join(folder, "node_modules");
  return { node: await requireNode(), bun: await requireBun(modules), modules };
}

/** The bench compares the start of a function with it. */
const COMPARED = "@upstash/redis";

/** The packages that drivers import, and that one, in the versions that `deno.json` gives. */
function vendorsPackages(): string[] {
  const root = new URL("../../", import.meta.url);
  const { imports } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
  const drivers = readdirSync(new URL("drivers/", root), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(new URL(`drivers/${file}`, root), "utf8"));
  const used = Object.entries<string>(imports)
    .filter(([name]) =>
      name === COMPARED || drivers.some((text) => text.includes(` from "${name}"`))
    )
    // Of one that is imported by a path inside it, the package is installed.
    .flatMap(([, specifier]) => /^npm:(@?[^@]+@[^/]+)/.exec(specifier)?.[1] ?? []);
  return [...new Set(used)];
}

async function fill(folder: string, wanted: readonly string[]): Promise<void> {
  // No package's own script runs: all programs come as files of their packages.
  const options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", "--prefix", folder, ...options, ...wanted]).catch((cause) => {
    const what =
      "the runtimes under test (Bun, workerd) could not be installed; npm, which comes " +
      "with Node, and its registry are needed";
    throw new Error(`${what}: ${cause.message}`, { cause });
  });
}

async function requireNode(): Promise<string> {
  // Where there is none, Deno runs itself under that name; it does not call itself v20.
  const said = await run("node", ["--version"]).catch(String);
  const version = Number(/^v(\d+)\./.exec(said)?.[1] ?? 0);
  if (version < 20) throw new Error(`Node 20 or later is needed, with npm; found: ${said.trim()}`);
  return "node";
}

/** The first Node that brings SQLite, which npm has as a package for each kind of machine. */
const WITH_SQLITE = "22.13.0";

/** A Node that brings SQLite: the one that is there if it is new enough. */
export async function requireNodeWithSqlite(): Promise<string> {
  const node = await requireNode();
  const has = await run(node, ["-e", "require('node:sqlite')"]).then(() => true, () => false);
  if (has) return node;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = await cached(`${name}-${WITH_SQLITE}`, async (folder) => {
    const options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["install", "--prefix", folder, ...options, `${name}@${WITH_SQLITE}`]);
  });
  return join(folder, "node_modules", name, "bin/node");
}

/** The package has a program for each kind of processor, of which npm has fetched what fits. */
async function requireBun(modules: string): Promise<string> {
  const arch = process.arch === "arm64" ? "aarch64" : "x64";
  const tried: string[] = [];
  // The second runs on processors without AVX2, too.
  for (const name of [`bun-${process.platform}-${arch}`, `bun-${process.platform}-x64-baseline`]) {
    const program = join(modules, "@oven", name, "bin/bun");
    if (!existsSync(program)) continue;
    const said = await run(program, ["--version"]).catch(String);
    if (/^\d+\.\d+\.\d+\s*$/.test(said)) return program;
    tried.push(said);
  }
  throw new Error(`Bun's package has no program that runs on this machine: ${tried.join("\n")}`);
}
