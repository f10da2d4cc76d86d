/**
 * Semaphores: at most so many at a time.
 *
 * @module
 */

import { Acquirable, type Holder, type WaitOptions } from "./acquirable.ts";
import { holderOf } from "./holders.ts";
import type { Try } from "./waiting.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { type CallOptions, checkCall } from "../leases/lease.ts";
import { resources } from "../names.ts";
import type { Grant } from "../leases/attempt.ts";
import { breakLeases } from "../leases/breaking.ts";
import { look } from "../leases/request.ts";
import type * as spi from "../../drivers/driver.ts";
import type { Session } from "../leases/session.ts";
import { checkWhole } from "../leases/timings.ts";

/** Every look lists all holders, so there is an end to how many there may be. */
const MOST_PERMITS = 10_000;

/**
 * How often one look tries while it sees a vacant seat that others then take first. Among 200 who
 * come at once for 200 permits, with 4 tries 4 % leave without one, with 10 nobody does as a rule.
 */
const MOST_TRIES = 10;

/**
 * A named number of permits: as many holders as there are permits, and never more. Acquiring is one
 * call of the driver as a rule: it tries a seat and lists them all. When that seat is taken and another is not,
 * it takes one more; only when others are quicker, up to ten.
 *
 * All who use a name must give the same number of permits. Where they do not, each keeps to its own:
 * those who say 2 share the first two seats of those who say 5, and wait while these two are taken.
 *
 * A permit's token is larger than that of every earlier holder of the *same* seat. It tells a
 * superseded holder from its successor, but holders of different seats are not ordered: a resource
 * that all of them share cannot be fenced by it.
 *
 * @example
 * ```ts ignore
 * const calls = baton.getSemaphore("calls-to-bank", 3);
 * await calls.with(({ signal }) => callBank(signal), { timeout: 5_000 });
 * ```
 */
export class Semaphore extends Acquirable {
  /** How many may hold a permit at a time. */
  readonly permits: number;
  readonly #session: Session;

  /**
   * Made by `coordinator.getSemaphore(name, permits)`.
   *
   * @throws {InvalidArgument} when `permits` is not a whole number from 1 to 10,000.
   */
  constructor(name: string, permits: number, session: Session) {
    checkWhole("permits", permits, 1, MOST_PERMITS);
    super("Semaphore", name, session);
    this.permits = permits;
    this.#session = session;
  }

  /** Who has a permit now, those of seats beyond our own number included. One call of the driver. */
  async holders(options: CallOptions = {}): Promise<Holder[]> {
    checkCall(options);
    const resource = resources.semaphore(this.name);
    return (await this.#session.look(resource, undefined, options)).map(holderOf);
  }

  /**
   * Takes permits away from their holders: from one member, or from all. They learn it at their next
   * renewal. One call of the driver when nobody has any, two when somebody does.
   *
   * @param memberId Whose permits. Default: everybody's.
   * @returns How many permits it took.
   */
  async break(memberId?: string, options: CallOptions = {}): Promise<number> {
    checkCall(options);
    const which = ({ value }: spi.Lease): boolean => memberId === undefined || value === memberId;
    const place = { resource: resources.semaphore(this.name), which };
    return await breakLeases(this.#session, [place], options);
  }

  /**
   * Begins an acquisition; the answer looks once.
   *
   * @internal
   */
  protected override begin(options: WaitOptions = {}): Try {
    checkOptions(options, "ttl timeout blocking signal");
    const { ttl = this.#session.ttls.lock } = options;
    const { permits } = this;
    // Chance keeps those who come together apart.
    const oneOf = (many: number): number => Math.floor(this.#session.runtime.random() * many);
    let seat = `${oneOf(permits)}`;
    // Whatever patience there is: a permit may become free on another seat than the one waited for.
    return async (_patience, signal) => {
      for (let tries = 1;; tries++) {
        const grant = await this.#try(seat, ttl, signal);
        if (grant.lease) return grant;
        const blockers = grant.blockers.filter((lease) => Number(lease.seat) < permits);
        const taken = new Set(blockers.map((lease) => lease.seat));
        const seats = Array.from({ length: permits }, (_, each) => `${each}`);
        const free = seats.filter((each) => !taken.has(each));
        const vacant = free[oneOf(free.length)];
        // Nobody waits for a permit that is there; but one that always comes second pauses.
        if (vacant !== undefined && tries < MOST_TRIES) {
          seat = vacant;
          continue;
        }
        // The next look begins where time runs out first.
        const [first] = blockers.sort((a, b) => a.left - b.left);
        seat = first?.seat ?? seat;
        return { blockers };
      }
    };
  }

  /**
   * Tries one seat, and lists all in the same request: a refusal names its own seat's holder only,
   * and to try several seats at once would take several permits, which others then lack.
   */
  async #try(seat: string, ttl: number, signal: AbortSignal | undefined): Promise<Grant> {
    const resource = resources.semaphore(this.name);
    const taken = look(resource);
    const value = this.#session.memberId;
    const { lease } = await this.#session.acquire({ resource, seat, ttl, value, signal }, taken);
    return lease ? { lease } : { blockers: taken.answer ?? [] };
  }
}
