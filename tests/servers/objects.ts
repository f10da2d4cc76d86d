/** Durable Objects of the class `BatonObject` in a real workerd, and the way to them from outside. */
import { fileURLToPath } from "node:url";
import type { ObjectNamespace } from "../../drivers/durable_object/durable_object.ts";
import * as esbuild from "../tools/bundler.ts";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";
import { startWorkerd, type WorkerdOptions, type WorkerdServer } from "./workerd.ts";

/** As in `object_worker.ts`. */
const THROWN = 590;

/** Starts a workerd with the Worker of `object_worker.ts`. */
export async function startObjects(
  options: Partial<WorkerdOptions> = {},
): Promise<WorkerdServer> {
  return await startWorkerd({
    code: await bundled(fileURLToPath(new URL("object_worker.ts", import.meta.url))),
    objects: { BATON: "BatonObject" },
    ...options,
  });
}

/** The Worker in a file, as one module. What asserts needs nothing of Node's there. */
export async function bundled(file: string): Promise<string> {
  const assert = fileURLToPath(new URL("../runtimes/assert.ts", import.meta.url));
  const { outputFiles } = await esbuild.build({
    entryPoints: [file],
    alias: { "node:assert/strict": assert },
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

/** As it is now: a test may put another in its place. */
const send = globalThis.fetch;

/** The binding of the Worker at this address. */
export function bindingAt(url: string): ObjectNamespace<string> {
  return {
    idFromName: (name) => name,
    get: (name) => ({
      async fetch(request, { method, body = null, signal = null }) {
        const { pathname, search } = new URL(request);
        const address = `${url}/${encodeURIComponent(name)}${pathname}${search}`;
        const response = await send(address, { method, body, signal });
        if (response.status !== THROWN) return response;
        const { message, ...details } = await response.json();
        throw Object.assign(new Error(message), details);
      },
    }),
  };
}

export interface ObjectsFront {
  readonly url: string;
  readonly faults: Faults;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  /** Ends the front end; the workerd behind it keeps running. */
  stop(): Promise<void>;
}

/** A proxy in front of it, on which requests and answers get lost and are counted. */
export async function startObjectsFront({ url }: { readonly url: string }): Promise<ObjectsFront> {
  const faults = new Faults();
  const http = await serveHttp((request) => forward(url, request, faults.ended), faults);
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
  url: string,
  { method, url: path, body }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> {
  const answer = await send(url + path, {
    method,
    signal,
    ...body.length > 0 && { body: body as Uint8Array<ArrayBuffer> },
  });
  const type = answer.headers.get("content-type");
  const headers = type === null ? {} : { "content-type": type };
  return { status: answer.status, headers, body: await answer.text() };
}
