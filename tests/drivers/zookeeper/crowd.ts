/**
 * Clients of an ensemble that take, renew, release and forget leases while its servers are killed and
 * frozen, and a judge of what they believed: a lock has one holder or readers, and its tokens grow.
 */
import assert from "node:assert/strict";
import { codeOf, isUnknown } from "../../../errors.ts";
import type { Acquire, Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { acquire, ifVacant, release, renew } from "../../conformance/operations.ts";
import { chance } from "../../tools/chance.ts";

/** How long an answer is waited for, in ms, before the same is asked again. */
const PATIENCE = 1_500;
const LOCKS = ["a", "b", "c"];
/** For clocks that run at different rates. */
const RATE = 0.01;

/** From when to when a client held a lock, as far as it knew. */
interface Window {
  readonly lock: string;
  readonly shared: boolean;
  readonly token: number;
  readonly from: number;
  readonly to: number;
}

export interface Tally {
  operations: number;
  granted: number;
  /** Calls that ended without a known outcome, and were asked again until there was one. */
  unknown: number;
  /** Calls that did certainly nothing. */
  failed: number;
}

/** A crowd at work. */
export interface Crowd {
  readonly tally: Readonly<Tally>;
  /** Lets them finish what they are doing, and judges. */
  end(): Promise<void>;
}

/**
 * Sets them to work, each with a driver of its own.
 *
 * @param forgets How many of their leases they do not release, from 0 to 1.
 */
export function startCrowd(drivers: readonly Driver[], seed: number, forgets = 0.1): Crowd {
  const tally: Tally = { operations: 0, granted: 0, unknown: 0, failed: 0 };
  const windows: Window[] = [];
  const stop = new AbortController();
  const clients = drivers.map((driver, n) =>
    new Client(driver, chance(seed + n), tally, windows, stop.signal, forgets).work()
  );
  // What one of them throws is thrown at the end.
  const all = Promise.all(clients);
  all.catch(() => {});
  return {
    tally,
    async end() {
      stop.abort();
      await all;
      judge(windows);
    },
  };
}

class Client {
  readonly #driver: Driver;
  readonly #random: () => number;
  readonly #tally: Tally;
  readonly #windows: Window[];
  readonly #stop: AbortSignal;
  readonly #forgets: number;

  constructor(
    driver: Driver,
    random: () => number,
    tally: Tally,
    windows: Window[],
    stop: AbortSignal,
    forgets: number,
  ) {
    this.#forgets = forgets;
    this.#driver = driver;
    this.#random = random;
    this.#tally = tally;
    this.#windows = windows;
    this.#stop = stop;
  }

  async work(): Promise<void> {
    while (!this.#stop.aborted) {
      const lock = LOCKS[Math.floor(this.#random() * LOCKS.length)]!;
      await this.#hold(lock, this.#random() < 0.3);
    }
  }

  async #hold(lock: string, shared: boolean): Promise<void> {
    const ttl = this.#random() < 0.5 ? 800 : 4_000;
    const patience = this.#random() < 0.5 ? ttl / 8 : 0;
    const mine = shared
      ? acquire(`readers:${lock}`, {
        ttl,
        patience,
        seat: crypto.randomUUID(),
        guard: ifVacant(`lock:${lock}`, ""),
      })
      : acquire(`lock:${lock}`, { ttl, patience, guard: ifVacant(`readers:${lock}`) });
    // From the first send on, for a copy of it may have been the one that was granted.
    const first = performance.now();
    const { outcome } = await this.#known(mine);
    if (!outcome.ok) return;
    this.#tally.granted++;
    const from = performance.now();
    let to = first + ttl * (1 - RATE);
    const [{ token }] = outcome.leases as [Outcome["leases"][0]];
    while (this.#random() < 0.7 && performance.now() < to) {
      const { outcome: renewal, sent } = await this.#known(renew(mine));
      if (!renewal.ok) break;
      to = sent + ttl * (1 - RATE);
    }
    // What is released is not held from before the release was sent; some is forgotten.
    const forgets = this.#random() < this.#forgets;
    to = forgets ? to : Math.min(to, performance.now());
    if (to > from) this.#windows.push({ lock, shared, token, from, to });
    if (!forgets) await this.#known(release(mine as Acquire));
  }

  /** Asks until the outcome is known; answers when what was answered had been sent. */
  async #known(op: Op): Promise<{ outcome: Outcome; sent: number }> {
    for (;;) {
      const sent = performance.now();
      try {
        const signal = AbortSignal.timeout(PATIENCE);
        const [outcome] = await this.#driver.apply([op], { signal });
        this.#tally.operations++;
        return { outcome: outcome!, sent };
      } catch (error) {
        if (isUnknown(error)) this.#tally.unknown++;
        else {
          const given = (error as Error).name === "TimeoutError";
          assert.ok(given || codeOf(error) === "connection", `${error}`);
          this.#tally.failed++;
        }
        // All servers may refuse at once while there is no leader.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

function judge(windows: readonly Window[]): void {
  for (const lock of LOCKS) {
    const all = windows.filter((each) => each.lock === lock).sort((a, b) => a.from - b.from);
    // The latest end so far, of holders and of readers.
    const last = { true: -Infinity, false: -Infinity };
    let token = 0;
    for (const each of all) {
      const other = each.shared ? last.false : Math.max(last.true, last.false);
      assert.ok(
        each.from >= other,
        `overlap of ${JSON.stringify(each)} with what ended at ${other}`,
      );
      if (!each.shared) {
        assert.ok(each.token > token, `token ${each.token} after ${token}`);
        token = each.token;
      }
      last[`${each.shared}`] = Math.max(last[`${each.shared}`], each.to);
    }
  }
}
