/**
 * What one look at the nodes has shown, as of one instant.
 *
 * @module
 */

import type { Inspect, Lease, SeatOp } from "../driver.ts";
import type { Place } from "../kit/step.ts";
import { type Call, resultsIn } from "./call.ts";
import { Refused, zookeeperError } from "./errors.ts";
import { type Held, held, type Nodes, textIn } from "./nodes.ts";
import { list, look, type Part, read, type Result, type Stat, write } from "./wire.ts";

/** A seat that has a node, whether its lease lives or not. */
export interface Seat extends Place, Held {
  /** Its node's. */
  readonly stat: Stat;
}

/** An inspection of a page. */
export interface Page extends Inspect {
  readonly limit: number;
}

/** Whether it asks for a page. */
export function isPage(op: SeatOp): op is Page {
  return op.op === "inspect" && op.limit !== undefined && op.seat === undefined;
}

/** The resource and seat, or all seats, that an operation is about, and those that its guard is about. */
export function placesOf(op: SeatOp): readonly { resource: string; seat?: string | undefined }[] {
  return "guard" in op && op.guard ? [op, op.guard] : [op];
}

/** How many characters of names one request has; the server reads a MiB. */
const LONGEST = 300_000;

/** What was seen. */
export class View {
  readonly #nodes: Nodes;
  readonly #now: number;
  readonly #seen: ReadonlyMap<string, Result>;
  readonly #names: ReadonlyMap<string, readonly string[]>;
  /** What is to be written. */
  readonly #changed = new Map<string, Seat | undefined>();
  readonly #ended = new Set<Seat>();

  /** That time, these nodes by their names, and the seats of whole resources. */
  constructor(
    nodes: Nodes,
    now: number,
    seen: ReadonlyMap<string, Result>,
    names: ReadonlyMap<string, readonly string[]> = new Map(),
  ) {
    this.#nodes = nodes;
    this.#now = now;
    this.#seen = seen;
    this.#names = names;
  }

  /**
   * Looks at all that these operations are about; `undefined` if it changed meanwhile. It takes one
   * flight, and another one for the seats of whole resources, whose names are not known before.
   *
   * @param watch A request that watches a node, which goes before the look.
   * @throws {Refused} with the code of a missing node when there is no root.
   */
  static async of(
    ops: readonly SeatOp[],
    nodes: Nodes,
    call: Call,
    nonce: string,
    watch?: Part,
  ): Promise<View | undefined> {
    const paths = new Set([nodes.root]);
    const whole = new Set<string>();
    for (const { resource, seat } of ops.flatMap(placesOf)) {
      paths.add(nodes.resource(resource));
      if (seat === undefined) whole.add(resource);
      else paths.add(nodes.seat({ resource, seat }));
    }
    const lists = [...whole].map((resource) => list(nodes.resource(resource)));
    // The answer to a write has the leader's time. It also makes what is read after it as new as the
    // write, whichever server answers.
    const seen = await reads(call, [...paths], lists, write(nodes.clock, nonce), watch);
    const names = new Map(
      [...whole].map((resource, n) => [resource, textsIn(seen.lists[n])]),
    );
    const size = paths.size;
    for (const op of ops) {
      for (const { resource, seat } of placesOf(op)) {
        if (seat !== undefined) continue;
        const all = names.get(resource)!;
        const some = isPage(op) ? pageOf(all, op).seats : all;
        for (const seat of some) paths.add(nodes.seat({ resource, seat }));
      }
    }
    const last = paths.size > size ? await reads(call, [...paths], []) : seen;
    // The names are still those of all seats if none has come or gone.
    const changed = [...whole].map((resource) => nodes.resource(resource))
      .some((path) => seen.at.get(path)?.stat?.pzxid !== last.at.get(path)?.stat?.pzxid);
    return changed || !last.atOnce ? undefined : new View(nodes, seen.now, last.at, names);
  }

  /** The live lease of a seat, or those of all seats of a resource, ordered by seat. */
  live(resource: string, seat?: string): Lease[] {
    const seats = seat === undefined ? this.#seats(resource) : [seat];
    return seats.flatMap((seat) => {
      const there = this.at({ resource, seat });
      if (!there) return [];
      const { id, value, ttl, stat } = there;
      // A renewal may have come after the clock was read.
      const left = ttl - Math.max(0, this.#now - stat.mtime);
      if (left > 0) return [{ seat, id, token: this.token(stat), value, left }];
      this.#ended.add(there);
      return [];
    });
  }

  /** A page of a resource's leases. */
  page(op: Page): { leases: Lease[]; after?: string } {
    const { seats, more } = pageOf(this.#seats(op.resource), op);
    const leases = seats.flatMap((seat) => this.live(op.resource, seat));
    const [after] = seats;
    return { leases, ...more && after && { after } };
  }

  /** From now on the seat is this, or has no node. */
  set(place: Place, held: Held | undefined, version = 0): void {
    const path = this.#nodes.seat(place);
    const { czxid = 0 } = this.at(place)?.stat ?? {};
    const stat = { czxid, mzxid: 0, ctime: 0, mtime: this.#now, version, children: 1, pzxid: 0 };
    this.#changed.set(path, held && { ...place, ...held, stat });
  }

  /** The seat, if it has a node. */
  at(place: Place): Seat | undefined {
    const path = this.#nodes.seat(place);
    if (this.#changed.has(path)) return this.#changed.get(path);
    const { text, stat } = this.#seen.get(path) ?? {};
    if (text === undefined || !stat) return undefined;
    try {
      const { resource, seat } = place;
      return { resource, seat, ...held(text), stat };
    } catch {
      throw zookeeperError(new Error("a node is not a lease"), true);
    }
  }

  /** The seats of a whole resource that may have leases, in order. */
  #seats(resource: string): readonly string[] {
    const seats = new Set(this.#names.get(resource));
    for (const each of this.#changed.values()) {
      if (each?.resource === resource) seats.add(each.seat);
    }
    return [...seats].sort();
  }

  /** Whether a resource has a node. */
  has(resource: string): boolean {
    return this.#seen.get(this.#nodes.resource(resource))?.stat !== undefined;
  }

  /**
   * The fencing token of a lease: the numbers of transactions only grow, and a new root begins at the clock,
   * because the numbers of another ensemble, or of one that has lost its data, may be small. 0 for one that
   * is yet to be granted.
   */
  token({ czxid }: Stat): number {
    const { stat: root } = this.#seen.get(this.#nodes.root) ?? {};
    const token = root ? czxid && root.ctime + czxid - root.czxid : NaN;
    if (Number.isSafeInteger(token)) return token;
    throw zookeeperError(new Error("transactions have numbers that no token can have"), true);
  }

  /** The seats whose leases were asked for since the last time and had ended. */
  takeEnded(): Seat[] {
    const ended = [...this.#ended];
    this.#ended.clear();
    return ended;
  }
}

/** The last seats of a resource that come before one; ordered by seat. */
function pageOf(all: readonly string[], { before, limit }: Page) {
  const seats = before === undefined ? all : all.filter((seat) => seat < before);
  return { seats: seats.slice(-limit), more: seats.length > limit };
}

/** What a flight of reads has seen. */
interface Seen {
  /** The leader's time, if it was asked for. */
  readonly now: number;
  /** Whether all is as of one instant. */
  readonly atOnce: boolean;
  /** The nodes, by their names. */
  readonly at: ReadonlyMap<string, Result>;
  /** The results of the lists. */
  readonly lists: readonly Result[];
}

/** Reads nodes, and the names of the nodes below others, in one flight. */
export async function reads(
  call: Call,
  paths: readonly string[],
  lists: readonly Part[],
  clock?: Part,
  watch?: Part,
): Promise<Seen> {
  const looks: Part[][] = [[...lists]];
  let length = 0;
  for (const path of paths) {
    if ((length += path.length) > LONGEST) {
      looks.push([]);
      length = path.length;
    }
    looks.at(-1)!.push(read(path));
  }
  const before = [clock, watch].flatMap((each) => each ?? []);
  const replies = await call.ask([...before, ...looks.map(look)]);
  const now = clock ? replies.shift()!.answer.result(clock.type).stat!.mtime : NaN;
  if (watch) replies.shift();
  const results = replies.flatMap(resultsIn);
  for (const { error = MISSING } of results) {
    if (error !== MISSING) throw zookeeperError(new Refused(error), true);
  }
  const found = results.slice(lists.length);
  const { zxid } = replies[0]!;
  const newer = found.some(({ stat }) => stat && (stat.mzxid > zxid || stat.pzxid > zxid));
  return {
    now,
    atOnce: replies.length === 1 || !newer,
    at: new Map(paths.map((path, n) => [path, found[n]!])),
    lists: results.slice(0, lists.length),
  };
}

const MISSING = -101;

/** What the nodes below one are named after, in order. */
export function textsIn({ names = [] }: Result = {}): string[] {
  return names.map(textIn).sort();
}
