/**
 * A site whose page has `page.ts`, on loopback.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import * as esbuild from "../../tools/bundler.ts";

/** A running site. */
export interface Site extends AsyncDisposable {
  /** Where its page is. */
  readonly url: string;
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The script is the same for all. */
let built: Promise<string> | undefined;

/** Starts one. Each is an origin of its own. */
export async function startSite(): Promise<Site> {
  const script = await (built ??= build());
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/page.js") {
      return new Response(script, { headers: { "content-type": "text/javascript" } });
    }
    const page = `<!doctype html><title>tab</title><script src="/page.js"></script>`;
    return new Response(page, { headers: { "content-type": "text/html" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function build(): Promise<string> {
  const { outputFiles: [script] } = await esbuild.build({
    entryPoints: [path("page.ts")],
    bundle: true,
    format: "iife",
    globalName: "baton",
    target: "es2022",
    platform: "browser",
    // Clients of vendors, which are loaded when their URLs are used.
    packages: "external",
    write: false,
    logLevel: "silent",
    plugins: [{
      name: "assert",
      setup: ({ onResolve }) =>
        onResolve(
          { filter: /^node:assert\/strict$/ },
          () => ({ path: path("../../runtimes/assert.ts") }),
        ),
    }],
  });
  if (!script) throw new Error("nothing came out of page.ts");
  return script.text;
}
