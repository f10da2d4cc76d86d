/**
 * Who follows `docs/write-a-driver.md` to the letter has a driver that keeps every law of both suites.
 *
 * @module
 */

import assert from "node:assert/strict";
import { coordinationCases } from "../conformance/coordination/mod.ts";
import { cutCases, driverCases, noPushCases } from "../conformance/mod.ts";
import { filesOfPage, writePage } from "./try_page.ts";

const LAWS = [...driverCases, ...noPushCases, ...cutCases, ...coordinationCases].length;

/** Runs the tests of the page in an empty folder; what Deno says, without its colours. */
async function tryPage(
  files: ReadonlyMap<string, string>,
  ...args: string[]
): Promise<{ code: number; said: string }> {
  const cwd = await Deno.makeTempDir({ prefix: "baton-page-" });
  try {
    await writePage(cwd, files);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", ...args],
      cwd,
      env: { NO_COLOR: "1" },
    }).output();
    return { code, said: [stdout, stderr].map((each) => new TextDecoder().decode(each)).join("") };
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("the driver of the page compiles, and keeps every law of both suites", async () => {
  const { code, said } = await tryPage(await filesOfPage());
  assert.equal(code, 0, said);
  assert.ok(said.includes(`ok | ${LAWS} passed | 0 failed`), said.slice(-1_000));
});

Deno.test("the laws find it when the driver does not end what has ended", async () => {
  const files = new Map(await filesOfPage());
  const sound = files.get("documents.ts") ?? "";
  const line = "this.#keep(({ ends }) => ends === null || ends > now);";
  assert.ok(sound.includes(line));
  files.set("documents.ts", sound.replace(line, ""));
  const { code, said } = await tryPage(files, "--no-check", "--filter", "/lives until its ttl/");
  assert.equal(code, 1, said);
  assert.match(said, /a live lease has time left, not -?\d/);
});
