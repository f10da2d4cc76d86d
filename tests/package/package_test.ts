/**
 * The npm package, installed as a user installs it: every entry, the command, types, bundles, sizes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import * as esbuild from "../tools/bundler.ts";
import { examples, typesOf } from "./examples.ts";
import { CONFIG, IMPORTS, LOADED, LOCK, TYPED } from "./programs.ts";
import { type Packed, type Project, withPackage } from "./project.ts";
import { PLATFORMS, readPage, sizesOfPage, sizesOn } from "./sizes.ts";

Deno.test("the npm package does what the pages say", async (test) => {
  await withPackage(async (packed) => {
    for (const [name, work] of STEPS) await test.step(name, () => work(packed));
  });
});

const STEPS: readonly (readonly [name: string, work: (packed: Packed) => Promise<void>])[] = [
  ["publint finds nothing", async ({ full, tarball }) => {
    const { code, said } = await full.run("npx", "--no-install", "publint", "--strict", tarball);
    assert.equal(code, 0, said);
    assert.match(said, /All good/);
  }],
  ["the types resolve as ESM, for every entry", async ({ full, tarball }) => {
    const options = ["--profile", "esm-only", "--no-emoji"];
    const { code, said } = await full.run("npx", "--no-install", "attw", tarball, ...options);
    assert.equal(code, 0, said);
    for (const entry of entriesOf(full)) assert.ok(said.includes(`"${entry}"`), entry);
  }],
  ["every entry of deno.json is there, types first, and no source map", async ({ full }) => {
    const config = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
    const { exports } = full.manifest;
    assert.deepEqual(Object.keys(exports), Object.keys(JSON.parse(config).exports));
    for (const each of Object.values(exports)) assert.equal(Object.keys(each)[0], "types");
    const { out } = await full.run("grep", "-rl", "sourceMappingURL", `node_modules/${NAME}`);
    assert.equal(out, "");
  }],
  ["README.md says which client to install", async ({ bare: { manifest } }) => {
    const page = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    const shown = [...page.matchAll(/^npm install (\S+)@(\d\S*)/gm)];
    const clients = shown.map(([, name = "", version]) => [name, version]);
    assert.deepEqual(Object.fromEntries(clients), manifest.peerDependencies);
  }],
  ["nobody installs a client that they do not use", async ({ bare }) => {
    const { out } = await bare.run("npm", "ls", "--all", "--parseable");
    assert.deepEqual(out.trim().split("\n").slice(1), [join(bare.folder, "node_modules", NAME)]);
  }],
  ["Node imports every entry, and no import does anything", async ({ full }) => {
    assert.deepEqual(await imported(full), { failed: {}, exitCode: 0 });
  }],
  ["an entry whose client is missing names it, and all others need none", async ({ bare }) => {
    const { failed } = await imported(bare);
    const named = Object.entries(failed).map(([entry, message]) => {
      const [, client] = /Cannot find package '(.+?)'/.exec(message) ?? [];
      return [entry, client];
    });
    assert.deepEqual(Object.fromEntries(named), {
      [`${NAME}/drivers/neon`]: "@neondatabase/serverless",
      [`${NAME}/drivers/planetscale`]: "@planetscale/database",
      [`${NAME}/drivers/s3`]: "aws4fetch",
    });
  }],
  ["a URL and a kubeconfig load their client, or say what to install", async ({ bare, full }) => {
    const { peerDependencies } = bare.manifest;
    const clients = [
      ...["ioredis", "pg", "mysql2", "aws4fetch", "@neondatabase/serverless"],
      ...["@planetscale/database", "yaml"],
    ].map((name) => `${name}@${peerDependencies[name]}`);
    const told = clients.map((each) => ["not-supported", each]);
    for (const [project, wanted] of [[bare, told], [full, clients.map(() => "made")]] as const) {
      await project.write("config", CONFIG);
      await project.write("loaded.mjs", LOADED);
      const { code, out, said } = await project.run("node", "loaded.mjs");
      assert.equal(code, 0, said);
      assert.deepEqual(JSON.parse(out), wanted);
    }
  }],
  ["a Worker by URL bundles with no client but those of HTTPS", async ({ full }) => {
    const { metafile, warnings } = await bundle(full, `export * from "@baton/baton/url";`);
    assert.deepEqual(warnings, []);
    const packages = Object.keys(metafile.inputs).flatMap((path) =>
      /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []
    );
    assert.deepEqual([...new Set(packages)].sort(), [
      NAME,
      ...["@neondatabase/serverless", "@planetscale/database", "aws4fetch"],
    ]);
  }],
  ["Node takes a lock over memory", async ({ bare }) => {
    await bare.write("lock.mjs", LOCK);
    const { code, out, said } = await bare.run("node", "lock.mjs");
    assert.equal(code, 0, said);
    assert.deepEqual(JSON.parse(out), { refused: null, newer: true });
  }],
  ["npx runs the schema command", async ({ bare }) => {
    const command = (...args: string[]) => bare.run("npx", "--no-install", "baton-schema", ...args);
    for (const kind of ["postgres", "mysql"]) {
      const { code, out, said } = await command(kind);
      assert.equal(code, 0, said);
      assert.match(out, /create table if not exists baton[._]leases/);
    }
    assert.equal((await command("redis")).code, 2);
    const { code, said } = await command("postgres", "--apply");
    assert.equal(code, 1);
    assert.match(said, /The package @neondatabase\/serverless is needed.*npm install @neon/);
  }],
  ["a strict user's program type-checks, the package's declarations, too", async ({ full }) => {
    await full.write("user.ts", TYPED);
    await full.write("tsconfig.user.json", JSON.stringify(STRICT));
    const { code, said } = await full.run("npx", "--no-install", "tsc", "-p", "tsconfig.user.json");
    assert.equal(code, 0, said);
  }],
  ["it type-checks also for a compiler that does not read exports", async ({ full }) => {
    await full.write("user.ts", TYPED);
    const old = { moduleResolution: "node10", module: "esnext", ignoreDeprecations: OLD };
    const { compilerOptions, files } = STRICT;
    const config = { compilerOptions: { ...compilerOptions, ...old }, files };
    await full.write("tsconfig.old.json", JSON.stringify(config));
    const { code, said } = await full.run("npx", "--no-install", "tsc", "-p", "tsconfig.old.json");
    assert.equal(code, 0, said);
  }],
  ["the examples of Node and Workers type-check, and install what they use", async ({ full }) => {
    const found = await examples();
    assert.ok(found.length >= 3, `${found.map(({ name }) => name)}`);
    await typesOf(found, full);
  }],
  ["a Worker bundles, and needs nothing of Node", async ({ full }) => {
    const [worker] = (await examples()).filter(({ name }) => name === "worker-cron-upstash");
    assert.ok(worker);
    const { metafile, warnings } = await bundle(full, await worker.read("src/index.ts"));
    assert.deepEqual(warnings, []);
    assert.deepEqual(Object.values(metafile.outputs).flatMap(({ imports }) => imports), []);
  }],
  ["a bundle has nothing of an entry that it does not use", async ({ full }) => {
    for (const entry of entriesOf(full)) {
      // A command, and suites that need node:assert, are in no bundle.
      if (/\/(schema$|testing)/.test(entry)) continue;
      const { outputFiles: [output] } = await bundle(full, `import "${entry}";`);
      assert.equal(output?.text.trim(), "", entry);
    }
  }],
  ["docs/coordinators.md tells the sizes that are shipped on every platform", async ({ full }) => {
    const shown = sizesOfPage(await readPage());
    for (const platform of Object.keys(PLATFORMS) as (keyof typeof PLATFORMS)[]) {
      const sizes = await sizesOn(platform, full);
      assert.deepEqual([...shown.keys()], [...sizes.keys()]);
      for (const [name, { baton, client, together, plain }] of sizes) {
        for (const [i, bytes] of [baton, client, together, plain].entries()) {
          const said = shown.get(name)?.[i] ?? NaN;
          const near = Math.abs(said - bytes) <= Math.max(TOLERANCE * bytes, ROUNDED);
          assert.ok(
            near,
            `${name} on ${platform} is ${bytes} bytes, and the page says ${said}: ` +
              "run tests/package/sizes.ts",
          );
        }
      }
    }
  }],
];

const NAME = "@baton/baton";
/** Without Node's types, as in a Worker: they declare much that the package must not lean on. */
const STRICT = {
  compilerOptions: {
    ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ target: "es2022", lib: ["es2022", "dom"], module: "nodenext", types: [] },
  },
  files: ["user.ts"],
};
/** What a compiler wants to read before it resolves as Node 10 did. */
const OLD = "5.0";
/** Of each size; a change that nobody notices need not be written down. */
const TOLERANCE = 0.05;
/** Bytes that the page's rounding, and another gzip, may make. */
const ROUNDED = 150;

function entriesOf({ manifest }: Project): string[] {
  return Object.keys(manifest.exports).map((key) => `${NAME}${key.slice(1)}`);
}

async function imported(
  project: Project,
): Promise<{ failed: Record<string, string>; exitCode: number }> {
  await project.write("imports.mjs", IMPORTS);
  const { code, out, said } = await project.run("node", "imports.mjs", ...entriesOf(project));
  assert.equal(code, 0, said);
  return JSON.parse(out);
}

/** As wrangler bundles it. */
function bundle({ folder }: Project, contents: string) {
  return esbuild.build({
    ...{ ...PLATFORMS["Cloudflare Workers"], conditions: ["workerd", "worker", "browser"] },
    stdin: { contents, resolveDir: folder, loader: "ts" },
    ...{ bundle: true, write: false, metafile: true, logLevel: "silent", format: "esm" },
  });
}
