/** A proxy in front of a Consul, on which requests and answers get lost and are counted. */
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";

export interface ConsulFront {
  readonly url: string;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  /** Ends the front end; the Consul behind it keeps running. */
  stop(): Promise<void>;
}

/** Headers of Consul that mean something to its clients. */
const HEADERS = ["content-type", "date", "x-consul-index"];

/** As it is now: a test may put another in its place. */
const send = globalThis.fetch;

export async function startConsulFront(consul: string): Promise<ConsulFront> {
  const faults = new Faults();
  const http = await serveHttp((request) => forward(consul, request, faults.ended), faults);
  return {
    url: http.url,
    faults,
    get requests() {
      return http.requests;
    },
    stop: () => http.stop(),
  };
}

async function forward(
  consul: string,
  { method, url, headers, body }: HttpRequest,
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
    return value === null ? [] : [[name, value] as const];
  });
  return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() };
}
