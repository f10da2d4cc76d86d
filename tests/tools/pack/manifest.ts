/**
 * What `package.json` of the npm package says beside what `deno pack` has written into it.
 *
 * @module
 */

/** The address of the repository. None is known yet; npm's provenance needs one. */
export const REPOSITORY: string | undefined = undefined;

const DESCRIPTION =
  "Locks, leader election, group membership and run-once cron over the Redis, Postgres or MySQL " +
  "that you have, by plain HTTPS";

const KEYWORDS = [
  ...["lock", "distributed-lock", "leader-election", "cron", "semaphore", "fencing-token"],
  ...["serverless", "edge", "cloudflare-workers", "vercel", "deno"],
  ...["redis", "upstash", "postgres", "neon", "mysql", "planetscale", "sqlite", "consul"],
];

/** What is loaded when it is needed: hidden from bundlers, and so from `deno pack`. */
const LOADED = ["ioredis", "mysql2", "pg", "yaml"];

/** The command, by its name and by the file that `COMMAND` becomes. */
const BIN = { "baton-schema": "./cli/bin.js" } as const;

/** The command's file. Importing `@baton/baton/schema` runs nothing, so npm needs one that does. */
export const COMMAND = {
  path: BIN["baton-schema"],
  text: `#!/usr/bin/env node
import { main } from "./schema.js";

process.exitCode = await main(process.argv.slice(2));
`,
} as const;

/** The part of `package.json` that `deno pack` writes. */
export interface Packed {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Everything that a file imports from npm. */
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What else it is made of. */
export interface Source {
  /** `imports` of `deno.json`. */
  readonly imports: Readonly<Record<string, string>>;
  /** The names of the files and folders that are packed. */
  readonly files: readonly string[];
}

/** The finished `package.json`, as far as tests look at it. */
export interface Manifest extends Packed {
  readonly bin: Readonly<Record<string, string>>;
  readonly sideEffects: boolean;
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: true }>>;
}

/**
 * Finishes it. A user needs one vendor's client at most, and with most drivers none, so each is an optional peer, in the
 * version that `imports` of `deno.json` gives and SECURITY.md promises.
 *
 * @throws {Error} A client has no exact version there, or an entry has no types.
 */
export function finished(packed: Packed, { imports, files }: Source): Manifest {
  const { name, version, license, exports, dependencies = {}, ...rest } = packed;
  for (const [entry, { types }] of Object.entries(exports)) {
    if (!types) throw new Error(`The entry ${entry} would have no types.`);
  }
  const clients = [...new Set([...Object.keys(dependencies), ...LOADED])].toSorted();
  return {
    ...{ name, version, license, description: DESCRIPTION, keywords: KEYWORDS },
    ...(REPOSITORY !== undefined && { repository: { type: "git", url: REPOSITORY } }),
    // `sqlite` needs 22.13, and says so.
    ...{ engines: { node: ">=20" }, files, publishConfig: { access: "public" } },
    sideEffects: false,
    ...rest,
    exports,
    typesVersions: { "*": typesIn(exports) },
    bin: BIN,
    peerDependencies: Object.fromEntries(clients.map((each) => [each, exactly(each, imports)])),
    peerDependenciesMeta: Object.fromEntries(clients.map((each) => [each, { optional: true }])),
  };
}

/**
 * Where the types of each entry are, for compilers that do not read `exports`: `moduleResolution: node`,
 * which TypeScript has up to version 6, and which Next.js 15 writes into a new `tsconfig.json`.
 */
function typesIn(exports: Packed["exports"]): Record<string, readonly string[]> {
  const entries = Object.entries(exports).filter(([entry]) => entry !== ".");
  return Object.fromEntries(
    entries.map(([entry, { types = "" }]) => [entry.replace("./", ""), [types]]),
  );
}

function exactly(client: string, imports: Readonly<Record<string, string>>): string {
  const [, version] = /^npm:@?[^@]+@(\d+\.\d+\.\d+)$/.exec(imports[client] ?? "") ?? [];
  if (!version) {
    throw new Error(`deno.json gives ${client} no exact version, so a peer cannot have one.`);
  }
  return version;
}
