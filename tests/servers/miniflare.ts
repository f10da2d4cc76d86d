/**
 * One Worker in a workerd of its own, which miniflare starts in Node with what the Worker is bound to. It
 * stands before something that is there inside of workerd alone.
 */
import { requireRuntimes } from "../runtimes/install.ts";
import { onFreePort } from "./ports.ts";
import { removeFolder, temporaryFolder } from "./folders.ts";
import { type RunningProcess, type Server, startProcess } from "./process.ts";
import { freezeFamily, guardFamily, killFamily, signalFamily } from "./process_family.ts";

export interface MiniflareServer extends Server {
  /** Where the Worker is. */
  readonly url: string;
}

export interface MiniflareOptions {
  /** A word for its folder and its record. */
  readonly name: string;
  /** The Worker, as a module. A GET without a query must answer `env.ID`. */
  readonly script: string;
  /** What it is bound to, as miniflare's options have it; what is to outlive a restart is in its folder. */
  bindings(folder: string): Readonly<Record<string, unknown>>;
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

export async function startMiniflare(
  { name, script, bindings }: MiniflareOptions,
): Promise<MiniflareServer> {
  const { node, modules } = await requireRuntimes();
  const folder = await temporaryFolder(`baton-${name}-`);
  const guard = guardFamily(folder, folder);
  const more = JSON.stringify(bindings(folder));
  const launch = (port: number): Promise<RunningProcess> =>
    startProcess({
      program: node,
      folder,
      log: `${name}.log`,
      args: ["-e", PROGRAM, "--", modules, folder, `${port}`, script, more],
      ready: () => answers(urlAt(port), folder),
    });
  const end = async (): Promise<void> => {
    await killFamily(folder);
    await guard.dismiss();
    await removeFolder(folder);
  };
  try {
    return await onFreePort(async (port) => {
      let current = await launch(port).catch(async (error) => {
        await killFamily(folder);
        throw error;
      });
      // At once, as a machine fails: neither workerd nor what started it can put anything in order.
      const kill = async (): Promise<void> => {
        await killFamily(folder);
        await current.kill();
      };
      return {
        url: urlAt(port),
        async stop() {
          await kill();
          await end();
        },
        kill,
        async restart() {
          await kill();
          current = await launch(port);
        },
        pause: () => freezeFamily(folder),
        resume: () => signalFamily(folder, "SIGCONT"),
      };
    });
  } catch (error) {
    await end();
    throw error;
  }
}

function urlAt(port: number): string {
  return `http://127.0.0.1:${port}/`;
}

async function answers(url: string, id: string): Promise<boolean> {
  try {
    return await (await fetch(url)).text() === id;
  } catch {
    return false;
  }
}
