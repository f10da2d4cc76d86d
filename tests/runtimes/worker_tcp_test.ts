/**
 * The Workers of `docs/clients.md` that open connections run in workerd, against real servers: Postgres
 * through a binding of Hyperdrive, and Redis.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { filesOfPage } from "../pages/try_page.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import * as esbuild from "../tools/bundler.ts";
import { aPostgres, aRedis } from "../url/places.ts";
import { requireRuntimes } from "./install.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Runs in Node: a Worker, asked so many times; it prints what was answered. */
const RUN = `
import { createRequire } from "node:module";
const [modules, path, bindings, times] = process.argv.slice(2);
const { Miniflare, supportedCompatibilityDate } = createRequire(modules + "/")("miniflare");
const worker = new Miniflare({
  modules: [{ type: "ESModule", path }],
  modulesRoot: "/",
  compatibilityDate: supportedCompatibilityDate,
  compatibilityFlags: ["nodejs_compat"],
  cf: false,
  ...JSON.parse(bindings),
});
await worker.ready;
const asked = Array.from({ length: Number(times) }, () => worker.dispatchFetch("http://worker/"));
const answers = await Promise.all(asked.map(async (each) => (await each).text()));
console.log(JSON.stringify(answers));
await worker.dispose();
`;

/** As wrangler bundles with \`nodejs_compat\`. */
async function bundle(code: string, outfile: string, modules: string): Promise<void> {
  const { exports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  await esbuild.build({
    stdin: { contents: code, resolveDir: ROOT, loader: "ts" },
    ...{ bundle: true, format: "esm", target: "es2022", outfile, logLevel: "silent" },
    ...{ platform: "browser", conditions: ["workerd", "worker", "browser"], nodePaths: [modules] },
    mainFields: ["module", "main"],
    define: { "process.env.NODE_ENV": '"production"' },
    external: ["cloudflare:*", "node:*"],
    plugins: [{
      name: "nodejs_compat",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^@baton\/baton(\/|$)/ }, ({ path }) => ({
          path: join(ROOT, exports[path.replace("@baton/baton", ".")]),
        }));
        onResolve(
          { filter: /^[a-z_/]+$/ },
          ({ path }) => isBuiltin(path) ? { path, namespace: "builtin" } : undefined,
        );
        onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
          contents: `import it from "node:${path}"; module.exports = it;`,
        }));
      },
    }],
  });
}

/** The tokens that so many requests at once got, each while it held the lock. */
async function tokens(file: string, bindings: unknown, times: number): Promise<number[]> {
  const { node, modules } = await requireRuntimes();
  const folder = await temporaryFolder("baton-tcp-");
  try {
    const worker = join(folder, "worker.mjs");
    const code = (await filesOfPage("docs/clients.md")).get(file);
    assert(code, file);
    await bundle(code, worker, modules);
    await Deno.writeTextFile(join(folder, "run.mjs"), RUN);
    const { code: status, stdout, stderr } = await new Deno.Command(node, {
      args: [join(folder, "run.mjs"), modules, worker, JSON.stringify(bindings), `${times}`],
    }).output();
    assert.equal(status, 0, new TextDecoder().decode(stderr));
    const answers: string[] = JSON.parse(new TextDecoder().decode(stdout));
    return answers.map((each) => {
      assert.match(each, /^\{"token":\d+\}$/);
      return JSON.parse(each).token;
    });
  } finally {
    await removeFolder(folder);
  }
}

for (
  const [file, start, bindingsOf] of [
    ["workers-hyperdrive.ts", aPostgres, (url: string) => ({ hyperdrives: { HYPERDRIVE: url } })],
    ["workers-redis.ts", aRedis, (url: string) => ({ bindings: { REDIS_URL: url } })],
  ] as const
) {
  Deno.test(`${file} of docs/clients.md holds a lock in workerd, over TCP`, async () => {
    const place = await start();
    try {
      const got = await tokens(file, bindingsOf(place.url), 4);
      // One after the other, each with a token of its own.
      assert.equal(new Set(got).size, 4, `${got}`);
    } finally {
      await place.stop();
    }
  });
}
