/**
 * The nodes that leases are kept in:
 *
 * ```
 * /baton                                   when it was created, and by which transaction: the base of tokens
 * /baton/clock                             the answer to a write has the leader's time
 * /baton/b4f/rlock%3Apayments              a resource; the server removes it when it has no seats
 * /baton/b4f/rlock%3Apayments/s            a seat, with the id, the ttl and the value of its lease
 * /baton/b4f/rlock%3Apayments/s/i1c7…      the marker of its lease, named by the id
 * ```
 *
 * Versions begin at 0 with each node, so those of a seat do not tell a lease from its successor. The
 * marker does: an id never comes again.
 *
 * @module
 */

import type { Place } from "../kit/step.ts";

/** How many nodes the resources are divided among, so that the names below none are too long together. */
export const BUCKETS = 256;

/** The names of all nodes. */
export class Nodes {
  /** The root. */
  readonly root: string;
  /** The node that is written to learn the time. */
  readonly clock: string;
  /** The parents of resources. */
  readonly buckets: readonly string[];

  /** All below that one. */
  constructor(root: string) {
    this.root = root;
    this.clock = `${root}/clock`;
    this.buckets = Array.from(
      { length: BUCKETS },
      (_, n) => `${root}/b${n.toString(16).padStart(2, "0")}`,
    );
  }

  /** The root and those above it, the highest first. */
  get ancestors(): string[] {
    const names = this.root.slice(1).split("/");
    return names.map((_, n) => `/${names.slice(0, n + 1).join("/")}`);
  }

  /** A resource's. */
  resource(name: string): string {
    return `${this.buckets[bucketOf(name)]}/${nameOf("r", name)}`;
  }

  /** A seat's. */
  seat({ resource, seat }: Place): string {
    return `${this.resource(resource)}/${nameOf("s", seat)}`;
  }

  /** The marker's of a lease. */
  marker(place: Place, id: string): string {
    return `${this.seat(place)}/${nameOf("i", id)}`;
  }
}

/** Some names mean something to ZooKeeper, and some characters are forbidden: the letter prevents that. */
function nameOf(letter: string, text: string): string {
  return letter + encodeURIComponent(text);
}

/** What a node is named after. */
export function textIn(name: string): string {
  return decodeURIComponent(name.slice(1));
}

/** The number of a resource's bucket: FNV-1a, folded. */
export function bucketOf(resource: string): number {
  let hash = 0x811c9dc5;
  for (let n = 0; n < resource.length; n++) {
    hash = Math.imul(hash ^ resource.charCodeAt(n), 0x01000193);
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (BUCKETS - 1);
}

/** What a seat's node says. */
export interface Held {
  /** The id of its lease. */
  readonly id: string;
  /** How long the lease lives, in ms. */
  readonly ttl: number;
  /** Its text. */
  readonly value: string;
}

/** The text of a seat's node. */
export function written({ id, ttl, value }: Held): string {
  // JSON has no Infinity.
  return JSON.stringify([id, ttl === Infinity ? null : ttl, value]);
}

/**
 * What such a text says.
 *
 * @throws {Error} when it is not one.
 */
export function held(text: string): Held {
  const [id, ttl, value] = JSON.parse(text);
  if (typeof id !== "string" || typeof value !== "string") throw new Error("not a lease");
  return { id, ttl: ttl === null ? Infinity : ttl, value };
}
