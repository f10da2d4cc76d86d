/** A proxy in front of Consul, on which requests and answers get lost and are counted. */
import { isUnreachable } from "../../drivers/kit/failure.ts";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";

export interface ConsulFront {
  readonly url: string;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  /** How far its clock is ahead, in ms. A test may change it. */
  ahead: number;
  /** Ends the front end; what is behind it keeps running. */
  stop(): Promise<void>;
}

/** Headers of Consul that mean something to its clients. */
const HEADERS = ["content-type", "date", "x-consul-index"];

/** As it is now: a test may put another in its place. */
const send = globalThis.fetch;

/**
 * Starts it in front of one or several servers. Each request goes to the next of them, and to another
 * one only if nobody listens there, for then it has done nothing.
 */
export async function startConsulFront(...servers: readonly string[]): Promise<ConsulFront> {
  const faults = new Faults();
  let turn = 0;
  const http = await serveHttp(async (request) => {
    for (let left = servers.length;; left--) {
      const server = servers[turn++ % servers.length]!;
      try {
        return await forward(server, request, front.ahead, faults.ended);
      } catch (error) {
        if (left <= 1 || !isUnreachable(error)) throw error;
      }
    }
  }, faults);
  const front: ConsulFront = {
    url: http.url,
    faults,
    ahead: 0,
    get requests() {
      return http.requests;
    },
    stop: () => http.stop(),
  };
  return front;
}

async function forward(
  consul: string,
  { method, url, headers, body }: HttpRequest,
  ahead: number,
  signal: AbortSignal,
): Promise<HttpReply> {
  const token = headers["x-consul-token"];
  const answer = await send(consul + url, {
    method,
    signal,
    headers: token === undefined ? {} : { "x-consul-token": String(token) },
    ...body.length > 0 && { body: body as Uint8Array<ArrayBuffer> },
  });
  const kept = HEADERS.flatMap((name) => {
    const value = answer.headers.get(name);
    if (value === null) return [];
    const shown = name === "date" ? new Date(Date.parse(value) + ahead).toUTCString() : value;
    return [[name, shown] as const];
  });
  return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() };
}
