/**
 * A real D1: that of workerd, the runtime of Cloudflare Workers, in a process of its own and on a
 * temporary folder. A Worker in front of it runs batches that come over HTTP.
 */
import { requireRuntimes } from "../runtimes/install.ts";
import {
  freePort,
  removeFolder,
  type RunningProcess,
  type Server,
  startProcess,
  temporaryFolder,
} from "./process.ts";
import {
  type FamilyGuard,
  freezeFamily,
  guardFamily,
  killFamily,
  signalFamily,
} from "./process_family.ts";

export interface D1Server extends Server {
  /** Where the Worker takes batches: see {@link batchAt}. */
  readonly url: string;
}

/** A statement, as the Worker takes it. */
export interface Asked {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** What became of a statement, as D1 says it. */
export interface Answered {
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly meta: { readonly rows_read: number; readonly rows_written: number };
}

/** The Worker. What D1 throws is answered in D1's words; the id tells it from a stranger's on its port. */
const WORKER = `export default {
  async fetch(request, env) {
    if (request.method === "GET") return new Response(env.ID);
    const { constraint, statements } = await request.json();
    try {
      const session = constraint ? env.DB.withSession(constraint) : env.DB;
      const batch = statements.map(({ sql, params }) => session.prepare(sql).bind(...params));
      return Response.json({ answers: await session.batch(batch) });
    } catch ({ message }) {
      return Response.json({ error: message }, { status: 400 });
    }
  },
};`;

/**
 * Runs in Node. The program of workerd gets a name in the folder, so that its command line has the mark of
 * the family in it, as that of this program has.
 */
const PROGRAM = `
const { createRequire } = require("node:module");
const { existsSync, symlinkSync } = require("node:fs");
const [modules, folder, port, script] = process.argv.slice(1);
const needed = createRequire(modules + "/");
process.env.MINIFLARE_WORKERD_PATH = folder + "/workerd";
if (!existsSync(folder + "/workerd")) {
  symlinkSync(createRequire(needed.resolve("miniflare"))("workerd").default, folder + "/workerd");
}
const { Miniflare, supportedCompatibilityDate } = needed("miniflare");
new Miniflare({
  modules: true, script, compatibilityDate: supportedCompatibilityDate, cf: false,
  host: "127.0.0.1", port: Number(port), bindings: { ID: folder },
  d1Databases: ["DB"], d1Persist: folder + "/d1",
}).ready.catch((error) => { console.error(error); process.exit(1); });
`;

const ATTEMPTS = 10;

export async function startD1(): Promise<D1Server> {
  const { node, modules } = await requireRuntimes();
  const folder = await temporaryFolder("baton-d1-");
  const guard = guardFamily(folder, folder);
  const launch = (port: number): Promise<RunningProcess> =>
    startProcess({
      program: node,
      folder,
      log: "d1.log",
      args: ["-e", PROGRAM, "--", modules, folder, `${port}`, WORKER],
      ready: () => answers(port, folder),
    });
  try {
    for (let attempt = 1;; attempt++) {
      const port = await freePort();
      try {
        return serverOf(folder, port, guard, () => launch(port), await launch(port));
      } catch (error) {
        await killFamily(folder);
        // Another test process may have taken the port between the look and the bind.
        if (attempt === ATTEMPTS || !/address already in use/i.test(String(error))) throw error;
      }
    }
  } catch (error) {
    await killFamily(folder);
    await guard.dismiss();
    await removeFolder(folder);
    throw error;
  }
}

async function answers(port: number, folder: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    return await response.text() === folder;
  } catch {
    return false;
  }
}

function serverOf(
  folder: string,
  port: number,
  guard: FamilyGuard,
  launch: () => Promise<RunningProcess>,
  first: RunningProcess,
): D1Server {
  let current = first;
  // At once, as a machine fails: neither workerd nor what started it can put anything in order.
  const kill = async (): Promise<void> => {
    await killFamily(folder);
    await current.kill();
  };
  return {
    url: `http://127.0.0.1:${port}/`,
    async stop() {
      await kill();
      await guard.dismiss();
      await removeFolder(folder);
    },
    kill,
    async restart() {
      await kill();
      current = await launch();
    },
    pause: () => freezeFamily(folder),
    resume: () => signalFamily(folder, "SIGCONT"),
  };
}
