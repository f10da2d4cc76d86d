/// <reference lib="dom" />

/**
 * The worker of a tab. Of all of them, in all tabs, one keeps the connection to the server.
 *
 * It is a worker because the timers of a page that nobody looks at run once a minute. Those of a worker go
 * on, so the leader renews in time, and a ttl of some seconds will do.
 */

import { Coordinator } from "@baton/baton";
import { browser } from "@baton/baton/drivers/browser";

/** What the leader tells all tabs. */
export interface Price {
  /** The fencing token of the leader: the tabs ignore one that is smaller than they have seen. */
  readonly term: number;
  /** What the server has sent. */
  readonly data: string;
}

const baton = new Coordinator(browser("browser-tabs"), { ttl: 6_000 });
const tabs = new BroadcastChannel("prices");

await baton.lead("connection", async ({ term, signal }) => {
  postMessage(term);
  const source = new EventSource("/events");
  source.onmessage = ({ data }) => {
    // The event "abort" may come late to a worker that was frozen; this looks at the clock.
    if (!signal.aborted) tabs.postMessage({ term, data } satisfies Price);
  };
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  source.close();
  postMessage(undefined);
});
