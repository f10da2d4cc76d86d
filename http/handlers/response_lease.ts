/**
 * How long a response's lease is kept.
 *
 * @module
 */

import type { CoreCoordinator } from "../../coordination/core.ts";
import { abandon, keep, runtimeOf } from "../../coordination/handling.ts";
import type { Lease } from "../../coordination/leases/lease.ts";
import { inBackground, type Runtime } from "../../coordination/runtime.ts";

/** How long a response waits for the release of its lock, in ms. */
const PATIENCE = 1_000;
/**
 * For how many ttls a body may go unread. A client may pause, and yet others get the lock within
 * four.
 */
const UNREAD = 2.5;
/** The most that this may be in ms, for ttls that are long or have no end. */
const LONGEST_UNREAD = 60_000;

/** A lease that is renewed until `giveBack` or `giveUp` is called. */
export interface ResponseLease {
  /** How long the body may go unread, in ms. */
  readonly unread: number;
  /** Where timers come from. */
  readonly runtime: Runtime;
  /**
   * Releases the lease, and never rejects. It waits for the backend, so that the lock is free when
   * the client has the response. But a slow backend must not hold up a finished response: after a
   * second the release goes on in the runtime's `waitUntil`.
   */
  giveBack(): Promise<void>;
  /** Stops renewing, without a release: the work may go on, and the ttl still keeps others away. */
  giveUp(): void;
}

/** Renews a lease for a response, for at most `maxRuntime` ms. */
export function keepFor(baton: CoreCoordinator, lease: Lease, maxRuntime?: number): ResponseLease {
  const runtime = runtimeOf(baton);
  const giveBack = async (): Promise<void> => {
    letGo();
    const released = Promise.resolve(lease[Symbol.asyncDispose]());
    inBackground(runtime, released);
    await new Promise<void>((resolve) => {
      const cancel = runtime.after(PATIENCE, resolve);
      void released.then(() => {
        cancel();
        resolve();
      });
    });
  };
  const giveUp = (): void => {
    letGo();
    // A lease without end would keep others away until somebody breaks it.
    if (lease.ttl === Infinity) void giveBack();
    else abandon(lease);
  };
  const letGo = keep(baton, lease, giveUp, maxRuntime);
  return { runtime, unread: Math.min(UNREAD * lease.ttl, LONGEST_UNREAD), giveBack, giveUp };
}

/**
 * The same response, with a body that releases the lease when it ends, fails or is cancelled. The
 * client sees the end only after the release. The lease is given up if nobody reads the body, or
 * the client has left.
 *
 * @throws what making the response throws; the lease is released first.
 */
export async function untilEnd(
  request: Request,
  response: Response,
  lease: ResponseLease,
): Promise<Response> {
  // A handler may answer anything, even what is not a response: the platform reports that.
  const body = response?.body;
  const ours = body && !body.locked && !response.bodyUsed;
  if (ours && request.method !== "HEAD") {
    try {
      return new Response(keptBy(lease, body.getReader(), request.signal), response);
    } catch (error) {
      await lease.giveBack();
      throw error;
    }
  }
  // Nobody will read this body through us. Nothing waits for its cancellation.
  if (ours) void body.cancel().catch(() => {});
  await lease.giveBack();
  return ours ? new Response(null, response) : response;
}

/** A stream of what `reader` reads, under the lease. */
function keptBy(
  { runtime, unread, giveUp, giveBack }: ResponseLease,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const left = (): void => {
    cancelWait();
    giveUp();
  };
  const wait = (): () => void => runtime.after(unread, giveUp);
  let cancelWait = wait();
  const end = async (): Promise<void> => {
    cancelWait();
    signal.removeEventListener("abort", left);
    await giveBack();
  };
  signal.addEventListener("abort", left);
  if (signal.aborted) left();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      cancelWait();
      const read = await reader.read().catch(async (error: unknown) => {
        await end();
        throw error;
      });
      if (!read.done) {
        cancelWait = wait();
        return controller.enqueue(read.value);
      }
      await end();
      controller.close();
    },
    async cancel(reason) {
      // Not awaited: a source whose cancellation never ends must not keep the lock.
      void reader.cancel(reason).catch(() => {});
      await end();
    },
  }, { highWaterMark: 0 });
}
