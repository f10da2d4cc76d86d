/** A proxy in front of a server, on which requests and answers get lost and are counted. */
import { Faults, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";

export interface Proxy {
  readonly url: string;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  /** Ends the proxy; the server behind it keeps running. */
  stop(): Promise<void>;
}

/** As it is now: a test may put another in its place. */
export const send = globalThis.fetch;

/** Starts one; it passes on the method, the path, the credential and the body, and answers JSON. */
export async function startProxy(server: string): Promise<Proxy> {
  const faults = new Faults();
  const forward = async ({ method, url, headers: { authorization }, body }: HttpRequest) => {
    const answer = await send(new URL(url, server), {
      method,
      headers: authorization === undefined ? {} : { authorization },
      signal: faults.ended,
      ...body.length > 0 && { body: body as Uint8Array<ArrayBuffer> },
    });
    const headers = { "content-type": "application/json" };
    return { status: answer.status, headers, body: await answer.text() };
  };
  const http = await serveHttp(forward, faults);
  return {
    url: http.url,
    faults,
    get requests() {
      return http.requests;
    },
    stop: () => http.stop(),
  };
}
