/**
 * A real R2: that of workerd, the runtime of Cloudflare Workers. A Worker in front of it does to its
 * binding what comes over HTTP, and on the way requests and answers can be lost.
 */
import type { R2Bucket, R2Condition } from "../../drivers/document/r2.ts";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";
import { startMiniflare } from "./miniflare.ts";

export interface R2Server {
  /** A binding, as a Worker has it, whose calls are requests. */
  readonly bucket: R2Bucket;
  /** The calls so far, the lost ones too. */
  readonly requests: number;
  readonly faults: Faults;
  stop(): Promise<void>;
}

/** The Worker. What the binding throws is answered in its own words. */
const SCRIPT = `export default {
  async fetch(request, env) {
    if (request.method === "GET") return new Response(env.ID);
    const { get, put, value, options } = await request.json();
    try {
      if (get !== undefined) {
        const found = await env.BUCKET.get(get);
        return Response.json(found && { etag: found.etag, text: await found.text() });
      }
      const written = await env.BUCKET.put(put, value, options);
      return Response.json(written && { uploaded: written.uploaded.getTime() });
    } catch ({ message }) {
      return Response.json({ error: message }, { status: 400 });
    }
  },
};`;

export async function startR2(): Promise<R2Server> {
  const worker = await startMiniflare({
    name: "r2",
    script: SCRIPT,
    bindings: () => ({ r2Buckets: ["BUCKET"] }),
  });
  const faults = new Faults();
  const forward = async ({ body }: HttpRequest): Promise<HttpReply> => {
    const method = { method: "POST", body: body as Uint8Array<ArrayBuffer>, signal: faults.ended };
    const answer = await fetch(worker.url, method);
    return { status: answer.status, headers: {}, body: await answer.text() };
  };
  const http = await serveHttp(forward, faults);
  return {
    bucket: bucketAt(http.url),
    faults,
    get requests() {
      return http.requests;
    },
    async stop() {
      await http.stop();
      await worker.stop();
    },
  };
}

/** The binding: each call of it is one request. */
function bucketAt(url: string): R2Bucket {
  const ask = async (question: unknown) => {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(question) });
    const text = await answer.text();
    // A binding shows no half of an answer.
    if (!answer.ok) {
      throw new Error(text.startsWith("{") ? JSON.parse(text).error : "internal error");
    }
    return JSON.parse(text);
  };
  return {
    async get(key) {
      const found = await ask({ get: key });
      return found && { etag: found.etag, text: () => Promise.resolve(found.text) };
    },
    async put(key, value, options?: R2Condition) {
      const written = await ask({ put: key, value, options });
      return written && { uploaded: new Date(written.uploaded) };
    },
  };
}
