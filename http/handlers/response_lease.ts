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
/** For how many ttls a body may go unread: a pause of a client's, and yet others have it within four. */
const UNREAD = 2.5;
/** For how many ms at most, though ttls are longer or have no end. */
const LONGEST_UNREAD = 60_000;

/** A lease that is renewed until the first call of either. */
export interface ResponseLease {
  /** How long the body may go unread, in ms. */
  readonly unread: number;
  /** Where timers come from. */
  readonly runtime: Runtime;
  /**
   * Gives it back, and never rejects. It waits for the backend, so that whoever has the response finds
   * the lock free; but not for long, and hands the rest to the runtime's `waitUntil`: a slow backend
   * must not keep a finished response.
   */
  giveBack(): Promise<void>;
  /** Gives it up without a release: what is done under it may go on, and its ttl keeps others off. */
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
    // One without end would keep others off until somebody breaks it.
    if (lease.ttl === Infinity) void giveBack();
    else abandon(lease);
  };
  const letGo = keep(baton, lease, giveUp, maxRuntime);
  return { runtime, unread: Math.min(UNREAD * lease.ttl, LONGEST_UNREAD), giveBack, giveUp };
}

/**
 * The same response, after whose body the lease is given back: when it ends, fails or is cancelled. The
 * client sees the end only once it was. A body that nobody reads gives the lease up, and so does a
 * client that has left.
 *
 * @throws what making the response throws; the lease is given back before.
 */
export async function untilEnd(
  request: Request,
  response: Response,
  lease: ResponseLease,
): Promise<Response> {
  // Whatever a handler answers, and be it no response: what is wrong with it is for the platform to say.
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
  // Nobody is going to read it through us. What it does when it is cancelled is not waited for.
  if (ours) void body.cancel().catch(() => {});
  await lease.giveBack();
  return ours ? new Response(null, response) : response;
}

/** What is read by `reader`, made under the lease. */
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
      // Beside it: a source that never ends its cancelling must not keep the lock.
      void reader.cancel(reason).catch(() => {});
      await end();
    },
  }, { highWaterMark: 0 });
}
