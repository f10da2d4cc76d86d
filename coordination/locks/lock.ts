/**
 * Locks: exclusive, or shared between readers.
 *
 * @module
 */

import { Acquirable, type Holder, type WaitOptions } from "./acquirable.ts";
import { holderOf } from "./holders.ts";
import type { Try } from "./waiting.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { type CallOptions, checkCall } from "../leases/lease.ts";
import { resources } from "../names.ts";
import type { Wanted } from "../leases/attempt.ts";
import { breakLeases } from "../leases/breaking.ts";
import { look } from "../leases/request.ts";
import type { Session } from "../leases/session.ts";

/** How to acquire a lock. */
export interface AcquireOptions extends WaitOptions {
  /** Whether to share it with other readers; nobody can then have it exclusively. */
  shared?: boolean | undefined;
}

/** A named lock. One call of the driver where it is free, and one more for each look while it is not. */
export class Lock extends Acquirable<AcquireOptions> {
  readonly #session: Session;

  /** Made by `coordinator.getLock(name)`. */
  constructor(name: string, session: Session) {
    super("Lock", name, session);
    this.#session = session;
  }

  /**
   * Takes the lock away from its holders, readers included. They learn it at their next renewal;
   * what they have under way is stopped only where the fencing token is checked. One call of the driver
   * when nobody has it, two when somebody does: it names the holders it saw, so that a request that is
   * sent twice never hits a successor.
   *
   * @returns Whether it took the lock from anybody.
   */
  async break(options: CallOptions = {}): Promise<boolean> {
    checkCall(options);
    const [lock, readers] = [resources.lock(this.name), resources.readers(this.name)];
    const places = [{ resource: lock, seat: "" }, { resource: readers }];
    return await breakLeases(this.#session, places, options) > 0;
  }

  /** Who has the lock now: nobody, one, or several readers. One call of the driver. */
  async holders(options: CallOptions = {}): Promise<Holder[]> {
    checkCall(options);
    const held = look(resources.lock(this.name), "");
    const shared = look(resources.readers(this.name));
    await this.#session.send([held, shared], options);
    // There are never both.
    return [...held.answer ?? [], ...shared.answer ?? []].map(holderOf);
  }

  /**
   * Begins an acquisition; the answer tries once.
   *
   * @internal
   */
  protected override begin(options: AcquireOptions = {}): Try {
    checkOptions(options, "shared? ttl timeout blocking signal");
    const { memberId, ttls } = this.#session;
    const { ttl = ttls.lock, shared = false } = options;
    const [lock, readers] = [resources.lock(this.name), resources.readers(this.name)];
    const wanted: Wanted = {
      ttl,
      value: memberId,
      // Each side takes its seat only while the other side has none, in one atomic step.
      ...(shared
        ? {
          resource: readers,
          seat: this.#session.runtime.id(),
          guard: { when: "vacant", resource: lock, seat: "" },
        }
        : { resource: lock, guard: { when: "vacant", resource: readers } }),
    };
    return (patience, signal) => this.#session.acquire({ ...wanted, patience, signal });
  }
}
