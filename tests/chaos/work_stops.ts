/**
 * Coordinators that are stopped while they wait, campaign, lead, join, tick and run; and what they do
 * afterwards.
 *
 * @module
 */

import type { Coordinator } from "../../coordination/coordinator.ts";
import type { Driver } from "../../drivers/driver.ts";
import { codeOf, isOutage } from "../../errors.ts";
import { GROUP } from "./work_groups.ts";
import { LED } from "./work_leaders.ts";
import { LOCKS, PERMITS, SEMAPHORES } from "./work_locks.ts";
import { coordinatorOf, oneOf, pause, repeat, type Tools } from "./tools.ts";

/** Something that a call came back with. */
interface Kept {
  readonly held: boolean;
}

/** What is asked of a coordinator. */
type Call = () => Promise<Kept | null | undefined>;

/** The longest time from the calls to the stop, in ms. */
const LONGEST = 2_500;
/** Where only somebody who wants to hold something acquires: farewells and ends of runs are notes. */
const HELD = /^(lock|readers|semaphore|leader|group|groups)(:|$)/;

/** Begins several calls, stops the coordinator in the midst of them, and begins again. */
export async function beStopped(tools: Tools): Promise<void> {
  const { diary, random, stop } = tools;
  let rounds = 0;
  await repeat(tools, async () => {
    const coordinator = `${tools.who}-stopped${++rounds}`;
    const watched = new Watched(tools, coordinator);
    const baton = coordinatorOf({ ...tools, driver: watched.driver }, `stopped${rounds}`);
    // Half of them are started, and beat where timers go on; the others are only disposed of.
    const heartbeat = !tools.client.startsWith("workerd");
    if (random() < 0.5) await baton.start({ heartbeat }).catch((error) => diary.failed(error));
    const pending = new Set<string>();
    const held = new Map<string, Kept>();
    const calls = Object.entries(callsOn(baton, tools, watched)).map(async ([what, call]) => {
      pending.add(what);
      try {
        const kept = await call();
        if (kept) held.set(what, kept);
      } catch (error) {
        if (watched.stopping && codeOf(error) === "misuse") return;
        diary.failed(error);
      } finally {
        pending.delete(what);
      }
    });
    const settled = (cut: boolean): void => {
      const still = [...held].filter(([, kept]) => kept.held).map(([what]) => what);
      diary.tell({ kind: "settled", coordinator, held: cut ? [] : still, cut, at: diary.now() });
    };
    await pause(LONGEST * random() ** 2);
    // Whoever looks now notes a belief of now.
    for (const kept of held.values()) void kept.held;
    const asked = [...pending];
    watched.stopping = true;
    await baton[Symbol.asyncDispose]().catch((error) => diary.failed(error));
    watched.stopped = true;
    diary.tell({ kind: "stop", coordinator, pending: asked, at: diary.now() });
    // The client may have to end before its calls do.
    const cut = (): void => settled(true);
    if (stop.aborted) cut();
    else stop.addEventListener("abort", cut, { once: true });
    await Promise.all(calls);
    stop.removeEventListener("abort", cut);
    settled(false);
    await pause(400 * random());
  });
}

/** Calls that may go on until others let go, or until they are stopped. */
function callsOn(
  baton: Coordinator,
  { random, diary }: Tools,
  watched: Watched,
): Readonly<Record<string, Call>> {
  const forever = { timeout: Infinity };
  const slot = Math.floor(Date.now() / 1_000) * 1_000;
  return {
    async wait() {
      const name = oneOf(LOCKS, random);
      const sent = diary.now();
      const lease = await baton.getLock(name).acquire(forever).catch((error) => {
        // Once it was answered, the backend is there, and a wait without limit goes on.
        if (watched.refused.has(`lock:${name}`) && !watched.stopping && isOutage(error)) {
          diary.odd(`a wait without limit ended by itself: ${error}`);
        }
        throw error;
      });
      if (!lease) return null;
      const { token, ttl } = lease;
      const window = diary.hold({ what: `lock:${name}`, mode: "exclusive", token, ttl, sent });
      return {
        get held() {
          return window.sample(() => lease.held);
        },
      };
    },
    "shared wait": () => baton.getLock(oneOf(LOCKS, random)).acquire({ ...forever, shared: true }),
    "wait for a permit": () =>
      baton.getSemaphore(oneOf(SEMAPHORES, random), PERMITS).acquire(forever),
    async work() {
      await baton.getLock("stopped").with(({ signal }) => aborted(signal), forever);
      return null;
    },
    async campaign() {
      await baton.lead(oneOf(LED, random), ({ signal }) => aborted(signal));
      return null;
    },
    join: () => baton.joinGroupCreate("stopped"),
    async events() {
      for await (const _ of baton.events({ watch: [GROUP] }));
      return null;
    },
    async tick() {
      await baton.tick();
      return null;
    },
    async run() {
      await baton.cron("stopped").run({ slot, mode: "retry" }, () => pause(500 * random()));
      return null;
    },
  };
}

/** One coordinator's requests, watched. */
class Watched {
  readonly driver: Driver;
  /** Whether it has been asked to stop. */
  stopping = false;
  /** Whether it has said that it did. */
  stopped = false;
  /** What the backend has refused, and so was there. */
  readonly refused = new Set<string>();

  constructor({ driver, diary }: Tools, coordinator: string) {
    this.driver = {
      ...driver,
      apply: async (ops, options) => {
        for (const op of ops) {
          if (!this.stopped || op.op !== "acquire" || !HELD.test(op.resource)) continue;
          diary.tell({ kind: "late", coordinator, resource: op.resource, at: diary.now() });
        }
        const outcomes = await driver.apply(ops, options);
        for (const [n, op] of ops.entries()) {
          if (op.op === "acquire" && outcomes[n]?.ok === false) this.refused.add(op.resource);
        }
        return outcomes;
      },
    };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
