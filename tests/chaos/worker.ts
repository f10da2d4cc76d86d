/**
 * A client in a Worker: a request is its life, and the notes are the answer, line by line as they
 * come. On Workers no timer outlives that.
 *
 * @module
 */

import { runClient, type Settings } from "./client.ts";
import type { Note } from "./history.ts";

/** What a request asks for. */
export interface Order {
  readonly settings: Settings;
  /** How long to work, in ms. */
  readonly ms: number;
}

/** Whether the run is over; every request looks at it by itself, for none may wake another. */
let over = false;

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === "DELETE") {
      over = true;
      return new Response();
    }
    const { settings, ms } = await request.json() as Order;
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        const stop = new AbortController();
        const end = Date.now() + ms;
        const looking = setInterval(() => {
          if (!over && Date.now() < end) return;
          clearInterval(looking);
          stop.abort();
        }, 100);
        const tell = (note: Note) =>
          controller.enqueue(encoder.encode(`${JSON.stringify(note)}\n`));
        await runClient(settings, stop.signal, tell, Date.now);
        controller.close();
      },
    });
    return new Response(body);
  },
};
