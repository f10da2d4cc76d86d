/**
 * The target of a job: a plain HTTP server that writes down who came for which slot with which token.
 * It judges the job, so it knows nothing of Baton, and nothing that it answers is ever lost.
 *
 * @module
 */

import { createServer } from "node:http";

/** One run, as it arrived. */
export interface Entry {
  readonly slot: number;
  readonly token: number;
  /** The isolate. */
  readonly who: string;
  /** Whether it was told that all is well. */
  finished: boolean;
}

/** The server. */
export interface Ledger {
  /** Where an isolate sends its runs. */
  url(who: string): string;
  /** Every run, in the order of arrival. */
  readonly entries: readonly Entry[];
  /** The first run of this slot that arrives is never answered; answers with it when it is there. */
  hold(slot: number): Promise<Entry>;
  /** The first run of this slot fails. */
  refuse(slot: number): void;
  stop(): Promise<void>;
}

/** Starts one. */
export async function startLedger(): Promise<Ledger> {
  const entries: Entry[] = [];
  const held = new Map<number, (entry: Entry) => void>();
  const refused = new Set<number>();

  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const { "idempotency-key": slot, "fencing-token": token } = request.headers;
      const entry = {
        slot: Number(slot),
        token: Number(token),
        who: request.url?.slice(1) ?? "",
        finished: false,
      };
      entries.push(entry);
      const arrived = held.get(entry.slot);
      if (arrived) {
        held.delete(entry.slot);
        return arrived(entry);
      }
      entry.finished = !refused.delete(entry.slot);
      response.writeHead(entry.finished ? 200 : 503).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was assigned");

  return {
    url: (who) => `http://127.0.0.1:${address.port}/${who}`,
    entries,
    hold: (slot) => new Promise((resolve) => held.set(slot, resolve)),
    refuse: (slot) => void refused.add(slot),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
