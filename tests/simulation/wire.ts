/**
 * The way between one process and the backend, with everything that can happen on it. What reaches
 * the core is what a driver makes of it: an answer, `ConnectionError` when certainly nothing
 * happened, `UnknownOutcome` for everything else, or nothing at all.
 *
 * @module
 */

import { ConnectionError, UnknownOutcome } from "../../errors.ts";
import { checkOps } from "../../drivers/kit/check.ts";
import type { Driver, Guarantees, Outcome, SeatOp } from "../../drivers/driver.ts";
import { between, type Dice, type Stream } from "./dice.ts";
import type { Fault, Faults } from "./faults.ts";
import type { Host } from "./host.ts";
import type { Schedule } from "./schedule.ts";
import type { Server } from "./server.ts";

/** As a server says it of itself: so the core allows for a clock that is not ours. */
const GUARANTEES: Guarantees = {
  consistency: "until-failover",
  clock: "server",
  durability: "disk",
  push: false,
  minTtl: 1,
};

/** What all wires have in common. */
export interface Network {
  readonly schedule: Schedule;
  readonly dice: Dice;
  readonly faults: Faults;
  readonly server: Server;
  /** How long a late message can take, in ms. */
  readonly longest: number;
  /** Told of each fault that met these operations. */
  count(fault: Fault, ops: readonly SeatOp[]): void;
}

/** One process's way to the backend. */
export class Wire {
  /** Until when no message gets through, either way. */
  cutUntil = 0;
  /** What the last answer said that had got through. */
  last: { readonly ops: readonly SeatOp[]; readonly outcomes: readonly Outcome[] } | undefined;
  /** When this process last received a refusal to acquire each resource, in true ms. */
  readonly refusals = new Map<string, number>();
  readonly #host: Host;
  readonly #network: Network;
  readonly #latency: Stream;
  #sends = 0;

  constructor(host: Host, network: Network) {
    this.#host = host;
    this.#network = network;
    this.#latency = network.dice.of(`${host.name} latency`);
  }

  /** The backend as this process sees it. */
  readonly driver: Driver = {
    name: "simulated",
    guarantees: GUARANTEES,
    apply: async (all, { signal, beforeRequest } = {}) => {
      checkOps(all, GUARANTEES.minTtl);
      signal?.throwIfAborted();
      beforeRequest?.();
      // The core never lists.
      const ops = all as readonly SeatOp[];
      return await new Promise((resolve, reject) => {
        const gone = () => reject(new UnknownOutcome("the call was given up"));
        signal?.addEventListener("abort", gone, { once: true });
        this.#send(ops, {
          answer: (outcomes) => {
            this.last = { ops, outcomes };
            if (!signal?.aborted) this.#answered(ops, outcomes);
            resolve(outcomes);
          },
          fail: reject,
        });
      });
    },
  };

  #answered(ops: readonly SeatOp[], outcomes: readonly Outcome[]): void {
    for (const [n, { op, resource }] of ops.entries()) {
      const refused = op === "acquire" && outcomes[n]?.ok === false;
      if (refused) this.refusals.set(resource, this.#network.schedule.now);
    }
  }

  #send(ops: readonly SeatOp[], caller: Caller): void {
    const { schedule, server, longest } = this.#network;
    const name = `${this.#host.name}:${++this.#sends}`;
    const strikes = (fault: Fault): Stream | undefined => {
      const random = this.#network.faults.strikes(fault, name);
      if (random) this.#network.count(fault, ops);
      return random;
    };
    const there = this.#leg();
    if (strikes("no answer") || this.#cut) return;
    const lost = strikes("request lost");
    if (lost) {
      // Told by a reset connection, or by nothing.
      if (lost() < 0.5) this.#tell(there, () => caller.fail(odd("the connection was cut")));
      return;
    }
    if (strikes("request refused")) {
      return this.#tell(there + this.#leg(), () =>
        caller.fail(
          new ConnectionError("429: nothing was done", { code: "connection", retryable: true }),
        ));
    }
    if (strikes("odd answer, nothing done")) {
      return this.#tell(there + this.#leg(), () => caller.fail(odd("503")));
    }
    const late = strikes("request late");
    const arrivals = [there + (late ? between(late, 100, longest) : 0)];
    const twice = strikes("request twice");
    if (twice) arrivals.push(there + between(twice, 0, twice() < 0.5 ? 50 : longest));
    const oddDone = strikes("odd answer, done");
    const replyLost = strikes("reply lost");
    const replyLate = strikes("reply late");
    const pieces = strikes("batch in pieces");
    const cut = strikes("batch cut");
    const back = (): number => this.#leg() + (replyLate ? between(replyLate, 100, longest) : 0);
    const arrive = async (): Promise<void> => {
      if (this.#cut) return;
      if (server.down) {
        return this.#tell(back(), () =>
          caller.fail(
            new ConnectionError("nobody listens", { code: "connection", retryable: true }),
          ));
      }
      const refused = server.refusal?.(ops);
      if (refused) {
        this.#network.count("refusals", ops);
        return this.#tell(back(), () => caller.fail(refused));
      }
      const some = cut ? Math.floor(cut() * ops.length) : ops.length;
      const outcomes = await this.#inPieces(ops.slice(0, some), pieces);
      if (replyLost) {
        if (replyLost() < 0.5) this.#tell(back(), () => caller.fail(odd("the connection was cut")));
      } else if (oddDone || some < ops.length || outcomes.length < ops.length) {
        this.#tell(back(), () => caller.fail(odd("<html>502</html>")));
      } else this.#tell(back(), () => caller.answer(outcomes));
    };
    for (const arrival of arrivals) schedule.in(arrival, () => void arrive());
  }

  /** Does a batch at once, or with time for others in between, which the contract allows. */
  async #inPieces(ops: readonly SeatOp[], pieces: Stream | undefined): Promise<readonly Outcome[]> {
    const { schedule, server } = this.#network;
    if (!pieces) return ops.length > 0 ? await server.apply(ops, this.#host.name) : [];
    const outcomes: Outcome[] = [];
    for (const op of ops) {
      await new Promise<void>((go) => schedule.in(between(pieces, 0, 60), go));
      if (server.down || server.refusal?.([op])) break;
      outcomes.push(...await server.apply([op], this.#host.name));
    }
    return outcomes;
  }

  #tell(ms: number, what: () => void): void {
    this.#network.schedule.in(ms, () => {
      if (!this.#cut) this.#host.deliver(what);
    });
  }

  get #cut(): boolean {
    return this.#network.schedule.now < this.cutUntil;
  }

  /** A usual time for one way. */
  #leg(): number {
    const random = this.#latency();
    return random < 0.9 ? 1 + random * 20 : random * 100;
  }
}

interface Caller {
  readonly answer: (outcomes: readonly Outcome[]) => void;
  readonly fail: (error: Error) => void;
}

function odd(why: string): UnknownOutcome {
  return new UnknownOutcome(`${why}, so the outcome is unknown`);
}
