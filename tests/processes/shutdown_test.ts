/**
 * What is given back when a process is asked to end.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";

const LEADER = `
  import { Coordinator, shutdownSignal } from "${new URL("../../mod.ts", import.meta.url)}";
  import { sqlite } from "${new URL("../../drivers/sqlite/sqlite.ts", import.meta.url)}";
  using driver = sqlite(Deno.args[0]);
  const baton = new Coordinator(driver, { memberId: "leader", ttl: 600_000 });
  await baton.lead("g", ({ signal }) => new Promise((resolve) => {
    console.log("leads");
    signal.addEventListener("abort", () => resolve("told"));
  }), { signal: shutdownSignal() });
  console.log("stood down");
`;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`on ${signal} leadership is handed over at once, and the process ends by itself`, async () => {
    const folder = await temporaryFolder("baton-shutdown-");
    try {
      const file = `${folder}/leases.db`;
      await Deno.writeTextFile(`${folder}/leader.ts`, LEADER);
      const config = new URL("../../deno.json", import.meta.url).pathname;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", config, `${folder}/leader.ts`, file],
        stdout: "piped",
      }).spawn();
      let said = "";
      for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
        said += chunk;
        if (said === "leads\n") child.kill(signal);
      }
      assert.equal((await child.status).code, 0);
      assert.equal(said, "leads\nstood down\n");
      // Its ttl is ten minutes.
      using driver = sqlite(file);
      const other = new Coordinator(driver, { memberId: "other" });
      assert.equal(await other.getLeader("g"), null);
    } finally {
      await removeFolder(folder);
    }
  });
}

Deno.test("what is asked for after the first signal is aborted already, and the second still ends the process", async () => {
  const script = `
    import { shutdownSignal } from "${new URL("../../mod.ts", import.meta.url)}";
    const first = shutdownSignal();
    setInterval(() => {}, 1_000);
    first.addEventListener("abort", () => {
      const late = shutdownSignal();
      console.log("late", late.aborted, late.reason.name);
    });
    console.log("ready", first.aborted);
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--ext=ts", script],
    stdout: "piped",
  }).spawn();
  let said = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (said === "ready false\n" || said.endsWith("AbortError\n")) child.kill("SIGTERM");
  }
  assert.equal(said, "ready false\nlate true AbortError\n");
  assert.equal((await child.status).signal, "SIGTERM");
});
