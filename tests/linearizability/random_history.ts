/**
 * Random histories of a few calls: linearizable ones, made by giving each call an instant and an
 * interval around it, and damaged ones, which may or may not be linearizable still.
 *
 * @module
 */

import type { Acquire, Lease, Outcome } from "../../drivers/driver.ts";
import { step, type Table } from "../../drivers/kit/step.ts";
import { shuffled } from "../tools/chance.ts";
import { type RegisterInput, registerModel, runRegister } from "./register_model.ts";
import { type SeatInput, seatModel } from "./seat_model.ts";
import type { Call, Model } from "./wgl.ts";

/** Dice. */
export type Random = () => number;

/** An object to make histories of. */
export interface Subject<S, I, O> {
  readonly model: Model<S, I, O>;
  /** A new object, as it is when nothing overlaps. */
  begin(): (input: I) => O;
  /** Some call to make. */
  input(random: Random): I;
  /** Another answer. */
  wrong(output: O, random: Random): O;
}

/** One of these. */
export function pick<T>(things: readonly T[], random: Random): T {
  return things[Math.floor(random() * things.length)] as T;
}

/** Two registers. */
export const registers: Subject<number, RegisterInput, number> = {
  model: registerModel,
  begin() {
    const values = new Map<string, number>();
    return (input) => {
      const [output, next] = runRegister(values.get(input.name) ?? 0, input);
      values.set(input.name, next);
      return output;
    };
  },
  input(random) {
    const name = pick(["x", "x", "x", "y"], random);
    const [value, from, to] = [1, 0, 0].map((least) => least + Math.floor(random() * 3)) as [
      number,
      number,
      number,
    ];
    return pick<RegisterInput>([
      { op: "read", name },
      { op: "write", name, value },
      { op: "swap", name, from, to },
    ], random);
  },
  wrong: (output, random) => (output + pick([1, 2], random)) % 3,
};

/** Two seats, three ids each. */
export const seats: Subject<unknown, SeatInput, Outcome> = {
  model: seatModel as Model<unknown, SeatInput, Outcome>,
  begin() {
    const table = new SeatTable();
    return (input) => {
      if (input.op !== "expire") return step(input, table);
      const ok = table.live(input.resource, input.seat)[0]?.id === input.id;
      if (ok) table.drop(input.resource, input.seat);
      return { ok, leases: [] };
    };
  },
  input(random) {
    const place = { resource: "lock:x", seat: pick(["", "", "", "1"], random) };
    const id = `${place.seat}#${pick(["a", "b", "c"], random)}`;
    const lease: Acquire = {
      op: "acquire",
      ...place,
      id,
      ttl: id.endsWith("c") ? 9 : Infinity,
      value: "",
    };
    const { ttl } = lease;
    return pick<SeatInput>([
      lease,
      lease,
      { op: "renew", ...place, id, ttl, ...(random() < 0.5 && { value: pick(["", "v"], random) }) },
      { op: "release", ...place, id },
      { op: "release", ...place },
      { op: "inspect", ...place },
      { op: "expire", ...place, id },
    ], random);
  },
  wrong({ ok, leases: [lease, ...others] }, random) {
    const changed = (change: Partial<Lease>): Outcome =>
      lease ? { ok, leases: [{ ...lease, ...change }, ...others] } : { ok: !ok, leases: [] };
    return pick([
      { ok: !ok, leases: lease ? [lease] : [] },
      lease
        ? { ok, leases: [] }
        : { ok, leases: [{ seat: "", id: "#a", token: 1, value: "", left: 1 }] },
      changed({ token: (lease?.token ?? 0) + pick([-1, 1], random) }),
      changed({ id: `${lease?.seat}#${lease?.id.endsWith("a") ? "b" : "a"}` }),
      changed({ value: lease?.value === "" ? "v" : "" }),
    ], random);
  },
};

/** How a history is made. */
export interface Shape {
  readonly calls: number;
  /** How many calls of a hundred get no answer; half of them happen. */
  readonly unknown: number;
}

/** When somebody calls. */
interface Slot {
  readonly client: string;
  readonly invoked: number;
  readonly returned: number;
}

/**
 * A few calls in any order, each of which happens at an instant of its own, and instants are ten apart;
 * a call reaches so far to either side.
 */
export function linearizable<S, I, O>(
  subject: Subject<S, I, O>,
  { reach, ...shape }: Shape & { readonly reach: number },
  random: Random,
): Call<I, O>[] {
  const some = (): number => Math.floor(random() * (reach + 1));
  const slots = Array.from({ length: shape.calls }, (_, n): Slot => (
    { client: `c${n % 3}`, invoked: n * 10 - some(), returned: n * 10 + some() }
  ));
  return shuffled(play(subject, slots, shape, random), random);
}

/** Many calls of clients each of which does one after the other. */
export function crowd<S, I, O>(
  subject: Subject<S, I, O>,
  { clients, ...shape }: Shape & { readonly clients: number },
  random: Random,
): Call<I, O>[] {
  const slots = Array.from({ length: clients }, (_, client) => {
    let time = 0;
    return Array.from({ length: shape.calls / clients }, () => {
      const invoked = time += random();
      const returned = time += 1 + random() * 9;
      const happens = invoked + random() * (returned - invoked);
      return { client: `c${client}`, invoked, returned, happens };
    });
  }).flat().sort((a, b) => a.happens - b.happens);
  return play(subject, slots, shape, random);
}

/** Does the calls one by one, in the order given. */
function play<S, I, O>(
  { begin, input }: Subject<S, I, O>,
  slots: readonly Slot[],
  { unknown }: Shape,
  random: Random,
): Call<I, O>[] {
  const run = begin();
  return slots.map(({ client, invoked, returned }) => {
    const asked = input(random);
    if (random() * 100 >= unknown) {
      return { client, input: asked, output: run(asked), invoked, returned };
    }
    if (random() < 0.5) run(asked);
    return { client, input: asked, output: undefined, invoked, returned: Infinity };
  });
}

/** The same with one call answered otherwise, or moved to another time. */
export function damaged<S, I, O>(
  { wrong }: Subject<S, I, O>,
  calls: readonly Call<I, O>[],
  random: Random,
): Call<I, O>[] {
  const victim = pick(calls, random);
  const shift = pick([-20, -10, 10, 20], random);
  return calls.map((call) => {
    if (call !== victim) return call;
    const { output, invoked, returned } = call;
    if (output === undefined || random() < 0.3) {
      return { ...call, invoked: invoked + shift, returned: returned + shift };
    }
    return { ...call, output: wrong(output, random) };
  });
}

/** Seats, where nothing ends by itself. */
class SeatTable implements Table {
  readonly #leases = new Map<string, Lease>();
  #lastToken = 0;

  live(resource: string, seat = ""): Lease[] {
    const lease = this.#leases.get(`${resource} ${seat}`);
    return lease ? [lease] : [];
  }

  put(resource: string, lease: Lease): void {
    this.#leases.set(`${resource} ${lease.seat}`, lease);
  }

  drop(resource: string, seat: string): void {
    this.#leases.delete(`${resource} ${seat}`);
  }

  scan(): never {
    throw new Error("nobody lists in a history");
  }

  nextToken(): number {
    return ++this.#lastToken;
  }
}
