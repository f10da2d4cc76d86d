/**
 * Which member of a group is in charge of what.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Json } from "../groups/group_events.ts";
import { MOST_POINTS, type RingHash } from "./ring_hash.ts";
import type { HashRing } from "./hash_ring.ts";

/** How to join a partitioned group. All members must give the same `partitions` and `hash`. */
export interface PartitionOptions {
  /**
   * Our share of the objects, relative to others': a whole number, 0 for none. Default: 1. Give small
   * ones, 1 to 10, not megabytes: once `partitions` times the sum of all members' weights is above
   * 262,144, all members halve all weights until it is not.
   */
  readonly weight?: number | undefined;
  /** How many points a member of weight 1 has on the ring. Default: 32. */
  readonly partitions?: number | undefined;
  /**
   * The ring's hash. Default: Baton's own. With `md5` the ring is Tooz's, as long as no weights need to
   * be halved.
   */
  readonly hash?: RingHash | undefined;
}

/** A group as a partitioner sees it. */
export interface PartitionedGroup {
  /** Its name. */
  readonly group: string;
  /** Our own member id. */
  readonly memberId: string;
  /** Whether we are a member still, as far as this process can know. */
  readonly held: boolean;
  /**
   * Calls back, now and at each look at the group, with *all* its members, whether or not they have
   * changed; with none of them once the group is deleted. The answer ends that.
   */
  listen(listener: (members: ReadonlyMap<string, Json>) => void): Promise<() => void>;
}

/**
 * What can be in somebody's charge. A string stands for its UTF-8 bytes, a number, bigint or boolean
 * for its text; anything else says by `toozHash` what stands for it, the same in every process.
 */
export type PartitionedObject =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | { toozHash(): string | Uint8Array };

/** Options of {@link Partitioner.membersForObject}. */
export interface MembersForObjectOptions {
  /** Members to pass over, as if they were not in the group. */
  readonly ignoreMembers?: Iterable<string> | undefined;
  /** How many members to find, at least 1; 1 unless given. */
  readonly replicas?: number | undefined;
}

/**
 * Divides objects among the members of a group, each member its own share by its weight. Few objects
 * change hands when members come and go.
 *
 * It goes by the members as `tick()` or `runWatchers()` last saw them, and each member looks at its
 * own times: until all have looked, two may feel in charge of one object, or none. Where that does
 * harm, take a lock.
 *
 * @example
 * ```ts ignore
 * const shards = await baton.joinPartitionedGroup("indexers", { weight: 2 });
 * await baton.tick(); // now and then: stays a member, and learns who the others are
 * for (const shard of all) if (shards.belongsToSelf(shard)) await index(shard);
 * ```
 */
export class Partitioner {
  /** The members and their weights. It changes with the group, and is not to be changed by hand. */
  readonly ring: HashRing;
  readonly #group: PartitionedGroup;
  #unlisten = (): void => {};

  private constructor(group: PartitionedGroup, ring: HashRing) {
    this.#group = group;
    this.ring = ring;
  }

  /** Divides among a group's members from now on. As many requests as listening takes. */
  static async over(group: PartitionedGroup, ring: HashRing): Promise<Partitioner> {
    const partitioner = new Partitioner(group, ring);
    partitioner.#unlisten = await group.listen((members) => partitioner.#follow(members));
    return partitioner;
  }

  /** The group. */
  get group(): string {
    return this.#group.group;
  }

  /**
   * The members in charge of an object, first the one that is, then those who would be without it.
   * Fewer than `replicas` when there are not as many. No request.
   *
   * @throws {InvalidArgument} when nothing stands for the object, or `replicas` is not from 1 up.
   */
  membersForObject(object: PartitionedObject, options: MembersForObjectOptions = {}): Set<string> {
    const { ignoreMembers = [], replicas = 1 } = options;
    return this.ring.getNodes(keyOf(object), { ignoreNodes: ignoreMembers, replicas });
  }

  /** Whether a member is among those in charge of an object. No request. */
  belongsToMember(
    object: PartitionedObject,
    memberId: string,
    options?: MembersForObjectOptions,
  ): boolean {
    return this.membersForObject(object, options).has(memberId);
  }

  /**
   * Whether we are among those in charge of an object. `false` as soon as our membership is over, even
   * if no look has told us yet: others take over what a member had once its time has run out. No
   * request.
   */
  belongsToSelf(object: PartitionedObject, options?: MembersForObjectOptions): boolean {
    const { held, memberId } = this.#group;
    return held && this.belongsToMember(object, memberId, options);
  }

  /** Ceases to follow the group, of which we stay a member. No request. */
  stop(): void {
    this.#unlisten();
    this.#unlisten = () => {};
  }

  /**
   * Makes the ring what the members say. Always from all of them: Tooz's goes by single events, so it
   * never has a member that joined between two of its looks, and fails for ever when that one leaves.
   */
  #follow(members: ReadonlyMap<string, Json>): void {
    for (const member of [...this.ring.nodes.keys()]) {
      if (!members.has(member)) this.ring.removeNode(member);
    }
    const weights = weightsOf(members, Math.floor(MOST_POINTS / this.ring.partitions));
    for (const [member, weight] of weights) this.ring.addNode(member, weight);
  }
}

/**
 * The members' weights, of which none is above `most`, and the sum only where it must be. Another's
 * mistake must not stop us, and all must agree, so the members alone decide: what is no weight counts
 * as 1, and if the sum is too large, all are halved until it fits, though not below 1. Points stay
 * where they are then: half a node's weight means the first half of its points.
 */
function weightsOf(members: ReadonlyMap<string, Json>, most: number): Map<string, number> {
  let weights = [...members].map(([member, capabilities]): [string, number] => {
    const { weight } = Object(capabilities) as { weight?: unknown };
    return [member, isWeight(weight, most) ? weight : 1];
  });
  const sum = (): number => weights.reduce((all, [, weight]) => all + weight, 0);
  while (sum() > most && weights.some(([, weight]) => weight > 1)) {
    weights = weights.map(([member, weight]) => [member, Math.ceil(weight / 2)]);
  }
  return new Map(weights);
}

function isWeight(weight: unknown, most: number): weight is number {
  return Number.isInteger(weight) && (weight as number) >= 0 && (weight as number) <= most;
}

function keyOf(object: unknown): string | Uint8Array {
  const { toozHash } = Object(object) as { toozHash?: unknown };
  const key: unknown = typeof toozHash === "function" ? toozHash.call(object) : object;
  if (typeof key === "string" || key instanceof Uint8Array) return key;
  if (["number", "bigint", "boolean"].includes(typeof key)) return String(key);
  // Tooz takes an object's address in memory, which is another one in every process.
  throw new InvalidArgument(
    `Cannot say who is in charge of a value of type ${key === null ? "null" : typeof key}: ` +
      "give a string, a number, bytes, or an object with a method toozHash that answers one",
  );
}
