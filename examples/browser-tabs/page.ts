/// <reference lib="dom" />

/** The page of a tab: it shows what the leader, in whichever tab, receives. */

import type { Price } from "./worker.ts";

const worker = new Worker("worker.js", { type: "module" });
/** The largest term that was seen. */
let latest = 0;

show("role", "waits");
worker.onmessage = ({ data: term }: MessageEvent<number | undefined>) => {
  show("role", term === undefined ? "waits" : "keeps the connection");
};

new BroadcastChannel("prices").onmessage = ({ data: { term, data } }: MessageEvent<Price>) => {
  // From a leader that was paused and does not know yet that another one leads.
  if (term < latest) return;
  latest = term;
  show("term", `${term}`);
  show("price", data);
};

function show(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}
