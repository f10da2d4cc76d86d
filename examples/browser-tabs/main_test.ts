import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Chromium, startChromium, type Tab } from "../../tests/servers/chromium.ts";
import { removeFolder, temporaryFolder } from "../../tests/servers/folders.ts";
import { until } from "../../tests/servers/process.ts";
import * as esbuild from "../../tests/tools/bundler.ts";
import config from "../../deno.json" with { type: "json" };

const exports: Readonly<Record<string, string>> = config.exports;
const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Builds and serves it, as `npm start` does, and opens a browser. */
async function withExample(
  work: (chromium: Chromium, url: string) => Promise<void>,
): Promise<void> {
  const folder = await temporaryFolder("baton-tabs-");
  try {
    await esbuild.build({
      entryPoints: [path("page.ts"), path("worker.ts")],
      bundle: true,
      format: "esm",
      target: "es2022",
      outdir: folder,
      logLevel: "silent",
      plugins: [{
        name: "baton",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^@baton\/baton(\/|$)/ }, ({ path: name }) => ({
            path: path(`../../${exports[name.replace("@baton/baton", ".")]}`),
          })),
      }],
    });
    for (const file of ["index.html", "server.js", "package.json"]) {
      await copyFile(path(file), `${folder}/${file}`);
    }
    const server = new Deno.Command("node", {
      args: ["server.js"],
      cwd: folder,
      env: { PORT: "0" },
      stdout: "piped",
    }).spawn();
    const chromium = await startChromium();
    try {
      const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
      const { value = "" } = await reader.read();
      await work(chromium, value.trim());
      await reader.cancel();
    } finally {
      await chromium.stop();
      server.kill();
      await server.status;
    }
  } finally {
    await removeFolder(folder);
  }
}

interface Shown {
  readonly tab: Tab;
  readonly role: string;
  readonly term: string;
  readonly price: string;
}

async function shownBy(tab: Tab): Promise<Shown> {
  const said = await tab.ask<Omit<Shown, "tab">>(`Object.fromEntries(
    ["role", "term", "price"].map((id) => [id, document.getElementById(id).textContent]))`);
  return { tab, ...said };
}

/** Waits until one of the tabs leads, and all show what it receives. */
async function oneLeads(tabs: readonly Tab[], before: number): Promise<Shown> {
  let leaders: Shown[] = [];
  await until("one leads, and all know", async () => {
    const shown = await Promise.all(tabs.map(shownBy));
    leaders = shown.filter(({ role }) => role === "keeps the connection");
    return leaders.length === 1 &&
      shown.every(({ term, price }) => Number(term) > before && /to 1 of the tabs/.test(price));
  });
  return leaders[0]!;
}

Deno.test("one of three tabs keeps the connection, and when it is closed another one does", async () => {
  await withExample(async (chromium, url) => {
    const tabs = await Promise.all([1, 2, 3].map(() => chromium.open(url)));
    const first = await oneLeads(tabs, 0);
    await first.tab.close();
    const others = tabs.filter((tab) => tab !== first.tab);
    const second = await oneLeads(others, Number(first.term));
    assert.ok(others.includes(second.tab));
  });
});
