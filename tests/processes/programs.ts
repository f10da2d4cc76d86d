/**
 * Small programs that use the package in a process of their own, in Node and in Deno, from one bundle.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import * as esbuild from "../tools/bundler.ts";
import { bundleOptions } from "../runtimes/bundle.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";

/** How a program ended. */
export interface Ended {
  /** What it printed, by line. */
  readonly lines: readonly string[];
  /** What it printed to standard error, warnings of the runtime among it. */
  readonly errors: string;
  /** Its exit code. */
  readonly code: number;
  /** The signal that ended it; SIGKILL when it did not end by itself. */
  readonly signal: string | null;
}

/** A runtime, by its command. */
export const RUNTIMES = {
  Node: ["node"],
  Deno: [Deno.execPath(), "run", "-A", "--quiet", "--no-config"],
} as const;

/** No program here has anything to do for so long, in ms: then it is ended by force. */
export const PATIENCE = 300_000;

/**
 * Runs a program that may use `Coordinator`, `memory`, `shutdownSignal`, `systemRuntime`; `printed` is
 * called with each line and may send a signal.
 */
export async function runProgram(
  runtime: keyof typeof RUNTIMES,
  program: string,
  printed: (line: string, send: (signal: Deno.Signal) => void) => void = () => {},
): Promise<Ended> {
  const folder = await temporaryFolder("baton-program-");
  try {
    await bundle(`${folder}/baton.mjs`);
    const names = "Coordinator, memory, shutdownSignal, systemRuntime";
    await Deno.writeTextFile(
      `${folder}/program.mjs`,
      `import { ${names} } from "./baton.mjs";\n${program}`,
    );
    const [command, ...args] = RUNTIMES[runtime];
    const child = new Deno.Command(command, {
      args: [...args, `${folder}/program.mjs`],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const force = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    const errors = new Response(child.stderr).text();
    let text = "";
    let seen = 0;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (const line of text.split("\n").slice(seen, -1)) {
        seen++;
        printed(line, (signal) => child.kill(signal));
      }
    }
    const { code, signal } = await child.status;
    clearTimeout(force);
    return { lines: text.trimEnd().split("\n"), errors: await errors, code, signal };
  } finally {
    await removeFolder(folder);
  }
}

/** What a program may use. */
const MODULES = [
  import.meta.resolve("../../mod.ts"),
  import.meta.resolve("../../drivers/memory.ts"),
];

async function bundle(outfile: string): Promise<void> {
  const contents = MODULES.map((each) => `export * from "${fileURLToPath(each)}";`).join("\n");
  const resolveDir = fileURLToPath(new URL(".", import.meta.url));
  await esbuild.build({ ...bundleOptions(""), stdin: { contents, resolveDir }, outfile });
}
