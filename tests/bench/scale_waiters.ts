/** Those who wait for one lock, and what it takes to hand it over. */
import { Coordinator, type Lease, type Runtime, systemRuntime } from "../../mod.ts";
import type { Crowd, Subject } from "./scale_crowd.ts";
import type { Place } from "./scale_place.ts";

/** Longer than any run. */
const TTL = 3_600_000;
/** So many look for the first time at once. */
const TOGETHER = 20;

/** A runtime whose timers fire only when they are asked to, the oldest first. */
function parked(): Runtime & { readonly waiting: number; fire(): void } {
  const timers = new Map<number, () => void>();
  let made = 0;
  return {
    ...systemRuntime(),
    after(_ms, callback) {
      const timer = ++made;
      timers.set(timer, callback);
      return () => timers.delete(timer);
    },
    get waiting() {
      return timers.size;
    },
    fire() {
      const [oldest] = timers;
      if (!oldest) throw new Error("nobody waits");
      timers.delete(oldest[0]);
      oldest[1]();
    },
  };
}

/**
 * Where the backend pushes, it has them in a queue. Elsewhere each looks now and then: here only when
 * its pause is ended by hand, so that nothing goes by time, and looks do not come in between.
 */
export const waiters: Subject = {
  name: "who wait for one lock",
  keeps: true,
  looking: true,
  async open(place): Promise<Crowd> {
    const runtime = parked();
    const baton = new Coordinator(place.driver, { ttl: TTL, runtime });
    const { push } = place.driver.guarantees;
    const granted: Lease[] = [];
    let next: (() => void) | undefined;
    let waiting = 0;
    const wait = (): void => {
      baton.getLock("wanted").hold().then((lease) => {
        granted.push(lease);
        next?.();
      }, () => {}); // All give up in the end.
    };
    /** All of them have looked once and do nothing now. */
    const settled = async (): Promise<void> => {
      while (push ? place.open < waiting : place.open > 0 || runtime.waiting < waiting) {
        await new Promise((turn) => setTimeout(turn, 0));
      }
    };
    granted.push(await baton.getLock("wanted").hold());
    return {
      async grow(to) {
        while (waiting < to) {
          for (let n = 0; n < TOGETHER && waiting < to; n++, waiting++) wait();
          await settled();
        }
      },
      deeds: [{
        name: "hand over, and one more waits",
        shape: "flat",
        requests: "flat",
        async once() {
          const taken = new Promise<void>((resolve) => next = resolve);
          await granted.pop()?.release();
          if (!push) runtime.fire();
          await taken;
          wait();
          if (!push) await settled();
        },
      }],
      async end() {
        await baton[Symbol.asyncDispose]();
        await untilIdle(place);
      },
      pair: () => [],
    };
  },
};

async function untilIdle(place: Place): Promise<void> {
  while (place.open > 0) await new Promise((turn) => setTimeout(turn, 0));
}
