/**
 * Who follows `docs/local.md` reaches a server on this machine by each vendor's protocol: every program
 * of the page runs under `deno task local`, as it stands there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { filesOfPage, writePage } from "./try_page.ts";

const FILES = await filesOfPage("docs/local.md");
const PAGE = await Deno.readTextFile(new URL("../../docs/local.md", import.meta.url));
const MAIN = new URL("../servers/local_main.ts", import.meta.url);

async function run(args: readonly string[]): Promise<{ code: number; out: string; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1" },
  }).output();
  const [out = "", err = ""] = [stdout, stderr].map((each) => new TextDecoder().decode(each));
  return { code, out, said: `${err}${out}` };
}

/** Runs a program under `deno task local`. */
async function tryLocally(vendor: string, code: string) {
  const folder = await Deno.makeTempDir({ prefix: "baton-local-" });
  try {
    await writePage(folder, new Map([["app.ts", code]]), { strict: true });
    const app = ["run", "-A", "--check", "--config", `${folder}/deno.json`, `${folder}/app.ts`];
    return await run([
      ...["run", "--quiet", "-A", MAIN.pathname, "--", vendor, "--port", "0"],
      ...["--", Deno.execPath(), ...app],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const vendor of ["upstash", "neon", "planetscale"]) {
  Deno.test(`the program that docs/local.md has for ${vendor} runs on the local server`, async () => {
    const code = FILES.get(`${vendor}.ts`);
    assert.ok(code);
    const { code: status, said, out } = await tryLocally(vendor, code);
    assert.equal(status, 0, said);
    assert.match(out, /^done under lock:report$/m);
  });
}

Deno.test("the command's own status is the status, and what is no vendor is refused", async () => {
  const failed = await tryLocally("upstash", "process.exit(3);");
  assert.equal(failed.code, 3, failed.said);
  for (const args of [["redis"], ["neon", "--port", "x"], ["neon", "--prt", "1"], []]) {
    const { code, said } = await run(["run", "--quiet", "-A", MAIN.pathname, "--", ...args]);
    assert.equal(code, 2, said);
    assert.match(said, /usage: deno task local -- upstash\|neon\|planetscale/);
  }
});

Deno.test("the page names every server, and its port", async () => {
  const source = await Deno.readTextFile(MAIN);
  const ports = [...source.matchAll(/^ {2}(\w+): \{\n[^]*?^ {4}port: (\d+),$/gm)];
  assert.equal(ports.length, 3);
  for (const [, vendor, port] of ports) {
    assert.match(PAGE, new RegExp(`^\\| \`${vendor}\` +\\|.*\\| ${port} +\\|`, "m"));
  }
});

Deno.test("without a command it prints variables in the form of a .env file, and ends when asked to", async () => {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", MAIN.pathname, "upstash", "--port", "0"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (text.split("\n").length < 3) {
    const { value, done } = await reader.read();
    assert.ok(!done, text);
    text += value;
  }
  assert.match(
    text,
    /^UPSTASH_REDIS_REST_URL="http:\/\/127\.0\.0\.1:\d+"\nUPSTASH_REDIS_REST_TOKEN="[\w-]+"\n$/,
  );
  server.kill("SIGTERM");
  await reader.cancel();
  assert.equal((await server.status).code, 0);
});

Deno.test("the command is asked to end when the task is", async () => {
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "-A", MAIN.pathname, "upstash", "--port", "0", "--"],
      ...["sh", "-c", "echo up; exec sleep 600"],
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "up\n");
  server.kill("SIGTERM");
  await reader.cancel();
  assert.equal((await server.status).code, 143);
});
