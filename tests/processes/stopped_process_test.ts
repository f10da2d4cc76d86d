/**
 * A real process, really stopped (SIGSTOP) past its ttl.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../mod.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { killed } from "../tools/killed.ts";

/** Long against whatever a busy machine adds to a first acquisition, in ms. */
const TTL = 2_000;

/** Takes the lock, waits for a line, and tells what its first look says before anything else ran. */
const HOLDER = `
import { readSync } from "node:fs";
import { Coordinator } from "${import.meta.resolve("../../mod.ts")}";
import { sqlite } from "${import.meta.resolve("../../drivers/sqlite/sqlite.ts")}";
const baton = new Coordinator(sqlite(Deno.args[0]), { memberId: "stopped" });
const lease = await baton.getLock("x").hold({ ttl: ${TTL} });
const { signal } = lease;
console.log("holding");
readSync(0, new Uint8Array(1)); // blocks the event loop: no timer fires before the look
const look = { aborted: signal.aborted, reason: signal.reason?.name };
console.log(JSON.stringify({ ...look, renewed: await lease.renew(), released: await lease.release() }));
`;

Deno.test("a holder stopped past its ttl finds its signal aborted at its first look, and harms nobody", async () => {
  const folder = await temporaryFolder("baton-stopped-");
  const file = `file:${folder}/leases.db`;
  const script = `${folder}/holder.ts`;
  await Deno.writeTextFile(script, HOLDER);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      script,
      file,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const stdin = child.stdin.getWriter();
  const driver = sqlite(file);
  try {
    assert.match((await lines.read()).value ?? "", /holding/);
    child.kill("SIGSTOP");
    const baton = new Coordinator(driver, { memberId: "successor" });
    const successor = await baton.getLock("x").hold({ ttl: 60_000 });
    await stdin.write(new TextEncoder().encode("\n"));
    child.kill("SIGCONT");
    const look = JSON.parse((await lines.read()).value ?? "");
    assert.deepEqual(look, { aborted: true, reason: "LeaseLost", renewed: false, released: false });
    const [holder] = await baton.getLock("x").holders();
    assert.deepEqual([holder?.memberId, holder?.token], ["successor", successor.token]);
    await successor.confirm();
    await baton[Symbol.asyncDispose]();
  } finally {
    await killed(child);
    await stdin.close().catch(() => {});
    await lines.cancel();
    driver.close();
    await removeFolder(folder);
  }
});
