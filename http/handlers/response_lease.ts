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
/** The same for a lease without end, in ms. */
const UNREAD_WITHOUT_END = 60_000;

/** A lease that is renewed for a response, until it is given back or given up. */
export class ResponseLease {
  readonly #runtime: Runtime;
  readonly #baton: CoreCoordinator;
  readonly #lease: Lease;
  readonly #letGo: () => void;
  #cancelEnd = (): void => {};
  #cancelUnread = (): void => {};

  /** Renewed from now on, and for at most `maxRuntime` ms. */
  constructor(baton: CoreCoordinator, lease: Lease, maxRuntime: number | undefined) {
    this.#runtime = runtimeOf(baton);
    this.#baton = baton;
    this.#lease = lease;
    this.#letGo = keep(baton, lease);
    if (maxRuntime !== undefined) this.#cancelEnd = this.#runtime.after(maxRuntime, this.giveUp);
  }

  /**
   * Gives it back, and never rejects. It waits for the backend, so that whoever has the response finds
   * the lock free; but not for long, and hands the rest to the runtime's `waitUntil`: a slow backend
   * must not keep a finished response.
   */
  async giveBack(): Promise<void> {
    this.#rest();
    const released = Promise.resolve(this.#lease[Symbol.asyncDispose]());
    inBackground(this.#runtime, released);
    await new Promise<void>((resolve) => {
      const cancel = this.#runtime.after(PATIENCE, resolve);
      void released.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Gives it up without a release: what is done under it may go on, and its ttl keeps others off. */
  giveUp = (): void => {
    this.#rest();
    abandon(this.#baton, this.#lease);
  };

  /** Somebody waits for the next piece of the body. */
  asked(): void {
    this.#cancelUnread();
  }

  /** Nobody waits for the next piece: it is given up unless somebody asks for it in time. */
  unasked(): void {
    const { ttl } = this.#lease;
    const ms = ttl === Infinity ? UNREAD_WITHOUT_END : UNREAD * ttl;
    this.#cancelUnread = this.#runtime.after(ms, this.giveUp);
  }

  /** Renews it no longer. */
  #rest(): void {
    this.#cancelEnd();
    this.#cancelUnread();
    this.#letGo();
  }
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
  if (!ours || request.method === "HEAD") {
    // Nobody is going to read it through us. What it does when it is cancelled is not waited for.
    if (ours) void body.cancel().catch(() => {});
    await lease.giveBack();
    return ours ? new Response(null, response) : response;
  }
  try {
    return new Response(keptWith(lease, body.getReader(), request.signal), response);
  } catch (error) {
    await lease.giveBack();
    throw error;
  }
}

/** What is read by `reader`, made under the lease. */
function keptWith(
  lease: ResponseLease,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const giveBack = (): Promise<void> => {
    signal.removeEventListener("abort", lease.giveUp);
    return lease.giveBack();
  };
  lease.unasked();
  signal.addEventListener("abort", lease.giveUp);
  if (signal.aborted) lease.giveUp();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      lease.asked();
      const read = await reader.read().catch(async (error: unknown) => {
        await giveBack();
        throw error;
      });
      if (!read.done) {
        lease.unasked();
        return controller.enqueue(read.value);
      }
      await giveBack();
      controller.close();
    },
    async cancel(reason) {
      // Beside it: a source that never ends its cancelling must not keep the lock.
      void reader.cancel(reason).catch(() => {});
      await giveBack();
    },
  }, { highWaterMark: 0 });
}
