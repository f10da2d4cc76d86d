/**
 * What the first signal to a process does, and what the second.
 *
 * @module
 */

import assert from "node:assert/strict";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { PATIENCE } from "./programs.ts";

const PROGRAM = `
  import { shutdownSignal } from "${new URL("../../coordination/shutdown.ts", import.meta.url)}";
  const signal = shutdownSignal();
  signal.addEventListener("abort", () => console.log("told", signal.reason.name));
  setInterval(() => {}, 60_000);
  console.log("ready");
`;

for (
  const [first, second] of [
    ["SIGINT", "SIGINT"],
    ["SIGTERM", "SIGTERM"],
    ["SIGINT", "SIGTERM"],
    ["SIGTERM", "SIGINT"],
  ] as const
) {
  Deno.test(`the first signal, ${first}, only tells; the second, ${second}, ends the process`, async () => {
    const folder = await temporaryFolder("baton-signals-");
    try {
      await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--no-config", `${folder}/program.ts`],
        stdout: "piped",
      }).spawn();
      // Whoever goes on all the same is ended by force, and its status says so.
      const force = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
      const lines: string[] = [];
      for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
        lines.push(...chunk.trim().split("\n"));
        child.kill(lines.length === 1 ? first : second);
      }
      const status = await child.status;
      clearTimeout(force);
      assert.deepEqual(lines, ["ready", "told AbortError"]);
      assert.equal(status.signal, second);
    } finally {
      await removeFolder(folder);
    }
  });
}
