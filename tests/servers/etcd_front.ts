/** The way to a real etcd, on which requests and replies get lost and are counted. */
import { Buffer } from "node:buffer";
import { Agent, type IncomingMessage, request as send } from "node:http";
import type { EtcdServer } from "./etcd.ts";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";

export interface EtcdFront {
  readonly url: string;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  /** Ends the front end; the etcd behind it keeps running. */
  stop(): Promise<void>;
}

/** What ends a request to etcd that has no end of its own. */
const GATEWAY_TIMEOUT = 60_000;

export async function startEtcdFront(
  etcd: Pick<EtcdServer, "port">,
  faults: Faults = new Faults(),
): Promise<EtcdFront> {
  const agent = new Agent({ keepAlive: true });
  const http = await serveHttp((request) => passOn(etcd.port, agent, request), faults);
  return {
    url: http.url,
    get requests() {
      return http.requests;
    },
    faults,
    async stop() {
      agent.destroy();
      await http.stop();
    },
  };
}

/** Sends a request once: unlike `fetch`, `node:http` never sends again by itself. */
function passOn(
  port: number,
  agent: Agent,
  { method, url, headers, body }: HttpRequest,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const request = send(
      { host: "127.0.0.1", port, method, path: url, headers, agent },
      (answer) => {
        replyOf(answer, url).then(resolve, reject);
      },
    );
    request.on("error", reject);
    request.setTimeout(GATEWAY_TIMEOUT, () => request.destroy(new Error("etcd gave no answer")));
    request.end(body);
  });
}

async function replyOf(answer: IncomingMessage, url: string): Promise<HttpReply> {
  const { statusCode: status = 500, headers } = answer;
  const kept = { "content-type": headers["content-type"] ?? "text/plain" };
  if (url.includes("/watch")) return { status, headers: kept, body: "", stream: answer };
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return { status, headers: kept, body: Buffer.concat(chunks).toString() };
}
