/**
 * The resource behind the locks: one register for each name, which lets nobody in whose token is
 * below the highest it has seen. It knows nothing of Baton, and nothing that it answers is ever lost.
 *
 * @module
 */

import { createServer, type IncomingMessage } from "node:http";
import type { RegisterEntry } from "./history.ts";

/** The server. */
export interface Register {
  readonly url: string;
  /** Every request, in the order in which they were served. */
  readonly log: readonly RegisterEntry[];
  stop(): Promise<void>;
}

interface Question extends Omit<RegisterEntry, "at" | "accepted"> {
  readonly nonce: string;
}

/** Starts one. */
export async function startRegister(): Promise<Register> {
  const log: RegisterEntry[] = [];
  const cells = new Map<string, { token: number; value: number }>();
  const answers = new Map<string, string>();

  const serve = ({ name, verb, token, who, value = 0, nonce }: Question): string => {
    const known = answers.get(nonce);
    if (known !== undefined) return known;
    const cell = cells.get(name) ?? { token: 0, value: 0 };
    cells.set(name, cell);
    const accepted = token >= cell.token;
    if (accepted) cell.token = token;
    if (accepted && verb === "write") cell.value = value;
    const seen = verb === "write" ? value : cell.value;
    log.push({ at: Date.now(), who, name, verb, token, value: seen, accepted });
    const answer = JSON.stringify({ accepted, value: cell.value });
    answers.set(nonce, answer);
    return answer;
  };

  const server = createServer(async (request, response) => {
    const question = await bodyOf(request);
    if (question !== undefined) response.end(serve(JSON.parse(question) as Question));
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was assigned");
  return {
    url: `http://127.0.0.1:${address.port}`,
    log,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Nothing when its client was killed before it had sent all. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  let text = "";
  try {
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
  } catch {
    return undefined;
  }
  return request.complete ? text : undefined;
}
