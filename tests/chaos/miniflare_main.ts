/**
 * Runs in Node, beside workerd: sends one long request after the other to a Worker, and hands on what
 * it answers. It ends when standard input closes.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";
import type { Settings } from "./client.ts";

interface Package {
  readonly Miniflare: new (options: Readonly<Record<string, unknown>>) => {
    readonly ready: Promise<URL>;
    dispatchFetch(url: string, init: { method: string; body?: string }): Promise<Response>;
    dispose(): Promise<void>;
  };
  readonly supportedCompatibilityDate: string;
}

/** How long a request works, in ms. */
const REQUEST = 6_000;

const [json = "", modules = "", script = ""] = process.argv.slice(2);
const settings = JSON.parse(json) as Settings;
const load = createRequire(`${modules}/`);
const { Miniflare, supportedCompatibilityDate } = load("miniflare") as Package;
const miniflare = new Miniflare({
  modules: [{ type: "ESModule", path: script }],
  modulesRoot: "/",
  compatibilityDate: supportedCompatibilityDate,
  host: "127.0.0.1",
  port: 0,
  // Else it would ask a machine of Cloudflare's where we are.
  cf: false,
});

let ending = false;
const end = (): void => {
  ending = true;
  // What it still has to tell comes before its end.
  miniflare.dispatchFetch("http://worker/", { method: "DELETE" }).catch(() => {});
};
process.stdin.on("end", end).on("error", end).resume();
await miniflare.ready;
for (let request = 0; !ending; request++) {
  // Each request is a life of its own: nothing is kept from the one before.
  const own: Settings = {
    ...settings,
    life: settings.life * 1_000 + request,
    seed: settings.seed + request,
  };
  const body = JSON.stringify({ settings: own, ms: REQUEST });
  const response = await miniflare.dispatchFetch("http://worker/", { method: "POST", body });
  if (!response.body) throw new Error(`status ${response.status}`);
  for await (const chunk of response.body) process.stdout.write(chunk);
}
await miniflare.dispose();
process.exit(0);
