/**
 * A lock that says who stands in the way, without a second request.
 *
 * @module
 */

import { Acquirable } from "../../coordination/locks/acquirable.ts";
import type { CoreCoordinator } from "../../coordination/core.ts";
import { internalsOf } from "../../coordination/internals.ts";
import type { AcquireOptions, Lock } from "../../coordination/locks/lock.ts";
import type { Grant } from "../../coordination/leases/request.ts";

/** A lock that remembers how its last try ended. */
export class AskedLock extends Acquirable<AcquireOptions> {
  /** What the last try brought. */
  grant: Grant = { blockers: [] };
  readonly #lock: Lock;

  /** The coordinator's lock of that name. */
  constructor(baton: CoreCoordinator, name: string) {
    super("Lock", name, internalsOf(baton).session);
    this.#lock = baton.getLock(name);
  }

  /**
   * Begins an acquisition; the answer tries once.
   *
   * @internal
   */
  protected override begin(options?: AcquireOptions): () => Promise<Grant> {
    // Protected from users, not from us: how a lock is taken is decided in one place.
    const tryOnce = this.#lock["begin"](options);
    return async () => this.grant = await tryOnce();
  }
}
