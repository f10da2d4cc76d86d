/**
 * Projects of users: folders into which npm has installed the package, and commands that run there.
 *
 * @module
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { pack } from "../tools/pack/pack.ts";
import type { Manifest } from "../tools/pack/manifest.ts";

/** What users and the checks need beside the clients; pinned, for another version is another test. */
const TOOLS = [
  ...["typescript@5.9.3", "@types/node@22.19.1", "hono@4.13.19"],
  ...["publint@0.3.25", "@arethetypeswrong/cli@0.18.5"],
];

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  /** Both outputs, for a message. */
  readonly said: string;
}

/** A folder with the package in its `node_modules`. */
export interface Project {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Runs a program in the folder; never rejects because of its status. */
  run(program: string, ...args: string[]): Promise<Ended>;
  write(file: string, text: string): Promise<void>;
}

/** What a test is about. */
export interface Packed {
  readonly tarball: string;
  /** The package alone. */
  readonly bare: Project;
  /** The package with every vendor's client in the promised version, and `TOOLS`. */
  readonly full: Project;
}

/** Packs what lies in the working tree, installs it, and removes everything afterwards. */
export async function withPackage<T>(work: (packed: Packed) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder("baton-package-");
  try {
    const tarball = await pack(folder, { dirty: true });
    const bare = await install(join(folder, "bare"), [tarball]);
    const clients = Object.entries(bare.manifest.peerDependencies)
      .map(([name, version]) => `${name}@${version}`);
    const full = await install(join(folder, "full"), [tarball, ...clients, ...TOOLS]);
    return await work({ tarball, bare, full });
  } finally {
    await removeFolder(folder);
  }
}

/** What npm names a dependency's folder by. */
const NAME = "@baton/baton";

async function install(folder: string, packages: readonly string[]): Promise<Project> {
  await mkdir(folder);
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  await write("package.json", '{ "private": true, "type": "module" }\n');
  const run = (program: string, ...args: string[]) => runIn(folder, program, args);
  // No package's own script runs; none of these needs one.
  const options = ["--no-audit", "--no-fund", "--ignore-scripts"];
  const { code, said } = await run("npm", "install", ...options, ...packages);
  if (code !== 0) throw new Error(`npm could not install the package: ${said}`);
  const manifest = await readFile(join(folder, "node_modules", NAME, "package.json"), "utf8");
  return { folder, manifest: JSON.parse(manifest), run, write };
}

async function runIn(cwd: string, program: string, args: readonly string[]): Promise<Ended> {
  const env = { NO_COLOR: "1", FORCE_COLOR: "0", DATABASE_URL: OUT_OF_REACH };
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd, env })
    .output();
  const [out = "", complaint = ""] = [stdout, stderr].map((each) => new TextDecoder().decode(each));
  return { code, out, said: out + complaint };
}

/** No program here may reach a database, whatever the environment of the tests says. */
const OUT_OF_REACH = "postgresql://app:none@invalid.neon.tech/db";
