/**
 * How Baton's keys in etcd are named.
 *
 * - `PREFIXleases/RESOURCE\0SEAT\0ID`: a live lease, `TTL VALUE`. The id is part of the name, so that
 *   one comparison tells whether that lease lives, and another whether the seat is vacant.
 * - `PREFIXqueue/RESOURCE\0SEAT\0ID`: an acquisition that waits, and its guard as the value. Their
 *   order is that of creation.
 * - `PREFIXepoch`: what is added to etcd's revisions to make tokens of them.
 *
 * No name has U+0000 in it, so the parts can be joined and taken apart by it. And since it sorts
 * before everything, a resource is not mixed with one whose name begins with its own.
 *
 * @module
 */

import { encoded } from "../kit/base64.ts";
import { endOf } from "../kit/order.ts";

/** A key, or all keys from `key` on that come before `range_end`, in the form of the gateway. */
export interface Span {
  readonly key: string;
  readonly range_end?: string;
  /** Of a range: how many keys to answer. */
  readonly limit?: string;
  /** Of a range: the last key first. */
  readonly sort_order?: "DESCEND";
  /** Of a range: only how many keys there are. */
  readonly count_only?: true;
}

/** A pair of a key and its value as the gateway sends it. What is empty or 0 is left out. */
export interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
}

/** One key. */
export function only(key: string): Span {
  return { key: encoded(key) };
}

/** All keys that begin with this text, or those of them that come after another text. */
export function under(prefix: string, after = prefix): Span {
  return { key: encoded(after), range_end: encoded(endOf(prefix) ?? "\0") };
}

/** The names of all keys with one prefix. */
export class Keys {
  readonly epoch: string;
  readonly #leases: string;
  readonly #queue: string;

  constructor(prefix: string) {
    this.epoch = `${prefix}epoch`;
    this.#leases = `${prefix}leases/`;
    this.#queue = `${prefix}queue/`;
  }

  /** What the leases of all resources begin with whose names begin so. */
  resources(prefix: string): string {
    return this.#leases + prefix;
  }

  /** What the leases of a seat begin with, or those of all seats of a resource. */
  seats({ resource, seat }: { resource: string; seat?: string | undefined }): string {
    return `${this.#leases}${resource}\0${seat === undefined ? "" : `${seat}\0`}`;
  }

  /** What those begin with who wait for a seat. */
  line({ resource, seat }: { resource: string; seat: string }): string {
    return `${this.#queue}${resource}\0${seat}\0`;
  }

  /** The resource, seat and id in a lease's name. */
  parts(key: string): string[] {
    return key.slice(this.#leases.length).split("\0");
  }
}
