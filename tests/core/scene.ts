/** A coordinator over a memory backend on one virtual clock, with a wire that tests can cut. */

import { Coordinator, type CoordinatorEvent, type CoordinatorOptions } from "../../mod.ts";
import { UnknownOutcome } from "../../errors.ts";
import type { ApplyOptions, Driver, List, Op, Outcome } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { FakeRuntime } from "./fake_runtime.ts";

/** What the wire does to one request. */
export type Fate = "pass" | "lose-request" | "lose-reply" | "hang" | "hang-reply" | {
  delay: number;
};

/** Everything a test of the core needs. */
export class Scene {
  readonly runtime: FakeRuntime = new FakeRuntime();
  /** What the next requests meet; then they pass. */
  readonly fates: Fate[] = [];
  /** Every batch that was sent, in order; the core itself never lists. */
  readonly sent: Exclude<Op, List>[][] = [];
  /** Every event of every coordinator. */
  readonly events: CoordinatorEvent[] = [];
  /** The backend itself, without the wire. */
  readonly backend: Driver = memory({ now: () => this.runtime.wallNow });

  /** One more process. */
  member(memberId: string, options: CoordinatorOptions = {}): Coordinator {
    return this.over(this.wire, memberId, options);
  }

  /** One more process, over a driver of its own. */
  over(driver: Driver, memberId: string, options: CoordinatorOptions = {}): Coordinator {
    return new Coordinator(driver, {
      memberId,
      ttl: 10_000,
      runtime: this.runtime,
      on: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Types of the events so far, without requests. */
  get happened(): string[] {
    return this.events.filter((event) => event.type !== "request").map((event) => event.type);
  }

  /** The backend as seen over the wire. */
  readonly wire: Driver = {
    name: "wire",
    guarantees: this.backend.guarantees,
    apply: (ops, options) => this.#send(ops, options),
  };

  async #send(
    ops: readonly Op[],
    { signal, beforeRequest }: ApplyOptions = {},
  ): Promise<readonly Outcome[]> {
    beforeRequest?.();
    this.sent.push([...ops] as Exclude<Op, List>[]);
    const fate = this.fates.shift() ?? "pass";
    if (fate === "lose-request") throw new UnknownOutcome("the request was lost");
    if (fate === "hang") return await never(signal);
    if (typeof fate === "object") {
      await new Promise<void>((go) => this.runtime.after(fate.delay, go));
    }
    const outcomes = await this.backend.apply(ops);
    if (fate === "lose-reply") throw new UnknownOutcome("the reply was lost");
    if (fate === "hang-reply") return await never(signal);
    return outcomes;
  }
}

function never(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(new UnknownOutcome("aborted")), { once: true });
  });
}
