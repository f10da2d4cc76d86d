/** Durable Objects of the class `BatonObject` in a real workerd, and the way to them from outside. */
import { fileURLToPath } from "node:url";
import type { ObjectNamespace } from "../../drivers/durable_object/durable_object.ts";
import * as esbuild from "../tools/bundler.ts";
import { Faults, type HttpReply, type HttpRequest, withFaults } from "./faults.ts";
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

/** The binding of the Worker at this address. Its requests and their answers meet the faults. */
export function bindingAt(url: string, faults: Faults = new Faults()): ObjectNamespace<string> {
  return {
    idFromName: (name) => name,
    get: (name) => ({
      async fetch(request, { method, body, signal }) {
        const { pathname, search } = new URL(request);
        const call = withFaults((sent) => passOn(url, sent, signal), faults);
        const action = await call({
          method,
          url: `/${encodeURIComponent(name)}${pathname}${search}`,
          headers: {},
          body: new TextEncoder().encode(body),
        });
        if (typeof action === "string") throw new Error("Network connection lost.");
        const { status, headers, body: text } = action;
        if (status !== THROWN) return new Response(text, { status, headers });
        const { message, ...details } = JSON.parse(text);
        throw Object.assign(new Error(message), details);
      },
    }),
  };
}

async function passOn(
  base: string,
  { method, url, body }: HttpRequest,
  signal: AbortSignal | undefined,
): Promise<HttpReply> {
  const answer = await send(base + url, {
    method,
    body: body as Uint8Array<ArrayBuffer>,
    ...signal && { signal },
  });
  const headers = Object.fromEntries(answer.headers);
  return { status: answer.status, headers, body: await answer.text() };
}
