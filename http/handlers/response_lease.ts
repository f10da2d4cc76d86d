/**
 * How long a response's lease is kept.
 *
 * @module
 */

import type { CoreCoordinator } from "../../coordination/core.ts";
import { keep, runtimeOf } from "../../coordination/handling.ts";
import type { Lease } from "../../coordination/leases/lease.ts";

/** How long a response waits for the release of its lock, in ms. */
const PATIENCE = 1_000;

/**
 * Renews a lease until the answer is called, which gives it back and never rejects. It waits for the
 * backend, so that whoever has the response finds the lock free; but not for long, and hands the rest
 * to the runtime's `waitUntil`: a slow backend must not keep a finished response.
 */
export function keepFor(baton: CoreCoordinator, lease: Lease): () => Promise<void> {
  const runtime = runtimeOf(baton);
  const letGo = keep(baton, lease);
  return async () => {
    letGo();
    const released = Promise.resolve(lease[Symbol.asyncDispose]());
    runtime.waitUntil(released);
    await new Promise<void>((resolve) => {
      const cancel = runtime.after(PATIENCE, resolve);
      void released.then(() => {
        cancel();
        resolve();
      });
    });
  };
}

/**
 * The same response, after whose body `giveBack` is called: when it ends, fails or is cancelled. The
 * client sees the end only once it was.
 */
export async function untilEnd(
  request: Request,
  response: Response,
  giveBack: () => Promise<void>,
): Promise<Response> {
  const { body } = response;
  if (!body || request.method === "HEAD") {
    // Nobody is going to read it.
    await body?.cancel().catch(() => {});
    await giveBack();
    return body ? new Response(null, response) : response;
  }
  const reader = body.getReader();
  const kept = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const read = await reader.read().catch(async (error: unknown) => {
        await giveBack();
        throw error;
      });
      if (!read.done) return controller.enqueue(read.value);
      await giveBack();
      controller.close();
    },
    async cancel(reason) {
      await reader.cancel(reason).catch(() => {});
      await giveBack();
    },
  }, { highWaterMark: 0 });
  return new Response(kept, response);
}
