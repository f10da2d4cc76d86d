/** A handler on a loopback port, with faults in front of it: the HTTP side of every vendor front end. */
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { type Action, type Faults, type HttpHandler, withFaults } from "./faults.ts";

export interface HttpFrontEnd {
  readonly url: string;
  /** Requests whose body has arrived so far, whatever became of them. */
  readonly requests: number;
  /** Cuts every connection and waits for what is still being executed. */
  stop(): Promise<void>;
}

export async function serveHttp(
  handler: HttpHandler,
  faults: Faults,
  port = 0,
): Promise<HttpFrontEnd> {
  const faulty = withFaults(handler, faults);
  const underWay = new Set<Promise<void>>();
  let requests = 0;

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    if (body === undefined) return; // The client left before it had sent everything.
    requests++;
    const { method = "GET", url = "/", headers } = request;
    let action: Action;
    try {
      action = await faulty({ method, url, headers, body });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      action = {
        status: 500,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ error: message }),
      };
    }
    perform(action, request, response);
  };

  const server = createServer((request, response) => {
    const work = serve(request, response).finally(() => underWay.delete(work));
    underWay.add(work);
  });
  // A server that closes idle connections by itself would break requests that no fault asked to break.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was assigned");

  return {
    url: `http://127.0.0.1:${address.port}`,
    get requests() {
      return requests;
    },
    async stop() {
      faults.end();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await Promise.all(underWay);
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function perform(action: Action, request: IncomingMessage, response: ServerResponse): void {
  if (action === "silence" || response.destroyed) return;
  if (action === "cut") {
    request.socket.destroy();
    return;
  }
  const { status, headers, body, stream } = action;
  if (stream) {
    response.writeHead(status, headers);
    pipeline(stream, response, () => {});
    return;
  }
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, "content-length": String(bytes.length) });
  response.end(request.method === "HEAD" ? undefined : bytes);
}
