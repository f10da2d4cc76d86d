/**
 * One Worker in a workerd of its own, which miniflare starts in Node with what the Worker is bound to. It
 * stands before something that is there inside of workerd alone.
 */
import { requireRuntimes } from "../runtimes/install.ts";
import { freePort, removeFolder, startProcess, temporaryFolder } from "./process.ts";
import { guardFamily, killFamily } from "./process_family.ts";

export interface MiniflareServer {
  /** Where the Worker is. */
  readonly url: string;
  /** Ends it, and removes what it has written. */
  stop(): Promise<void>;
}

export interface MiniflareOptions {
  /** A word for its folder and its record. */
  readonly name: string;
  /** The Worker, as a module. A GET without a query must answer `env.ID`. */
  readonly script: string;
  /** What it is bound to, as miniflare's options have it. */
  readonly bindings: Readonly<Record<string, unknown>>;
}

/**
 * Runs in Node. The program of workerd gets a name in the folder, so that its command line has the mark of
 * the family in it, as that of this program has.
 */
const PROGRAM = `
const { createRequire } = require("node:module");
const { existsSync, symlinkSync } = require("node:fs");
const [modules, folder, port, script, more] = process.argv.slice(1);
const needed = createRequire(modules + "/");
process.env.MINIFLARE_WORKERD_PATH = folder + "/workerd";
if (!existsSync(folder + "/workerd")) {
  symlinkSync(createRequire(needed.resolve("miniflare"))("workerd").default, folder + "/workerd");
}
const { Miniflare, supportedCompatibilityDate } = needed("miniflare");
new Miniflare({
  modules: true, script, compatibilityDate: supportedCompatibilityDate, cf: false,
  host: "127.0.0.1", port: Number(port), bindings: { ID: folder }, ...JSON.parse(more),
}).ready.catch((error) => { console.error(error); process.exit(1); });
`;

const ATTEMPTS = 10;

export async function startMiniflare(
  { name, script, bindings }: MiniflareOptions,
): Promise<MiniflareServer> {
  const { node, modules } = await requireRuntimes();
  const folder = await temporaryFolder(`baton-${name}-`);
  const guard = guardFamily(folder, folder);
  const end = async (): Promise<void> => {
    await killFamily(folder);
    await guard.dismiss();
    await removeFolder(folder);
  };
  try {
    for (let attempt = 1;; attempt++) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/`;
      try {
        const process = await startProcess({
          program: node,
          folder,
          log: `${name}.log`,
          args: ["-e", PROGRAM, "--", modules, folder, `${port}`, script, JSON.stringify(bindings)],
          ready: () => answers(url, folder),
        });
        const stop = async (): Promise<void> => {
          await killFamily(folder);
          await process.kill();
          await end();
        };
        return { url, stop };
      } catch (error) {
        await killFamily(folder);
        // Another test process may have taken the port between the look and the bind.
        if (attempt === ATTEMPTS || !/address already in use/i.test(String(error))) throw error;
      }
    }
  } catch (error) {
    await end();
    throw error;
  }
}

async function answers(url: string, id: string): Promise<boolean> {
  try {
    return await (await fetch(url)).text() === id;
  } catch {
    return false;
  }
}
