/**
 * Which member of a group is in charge of which object.
 *
 * @module
 */

import { checkOptions } from "../../drivers/kit/options.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Json } from "../groups/group_events.ts";
import { MOST_POINTS, type RingHash } from "./ring_hash.ts";
import type { HashRing } from "./hash_ring.ts";

/** How to join a partitioned group. All members must give the same `partitions` and `hash`. */
export interface PartitionOptions {
  /**
   * Our share of the objects, relative to others' shares: a whole number, 0 for none. Give small
   * weights, 1 to 10, not megabytes: if `partitions` times the sum of all members' weights is above
   * 262,144, all members halve all weights until it is not. Default: 1.
   */
  readonly weight?: number | undefined;
  /** How many points a member of weight 1 has on the ring. Default: 32. */
  readonly partitions?: number | undefined;
  /**
   * The ring's hash. With `md5` the ring is the same as Tooz's, as long as no weights need to be
   * halved. Default: Baton's own.
   */
  readonly hash?: RingHash | undefined;
}

/** What a partitioner needs to know of a group. */
export interface PartitionedGroup {
  /** Its name. */
  readonly group: string;
  /** Our own member id. */
  readonly memberId: string;
  /** Whether we are still a member, as far as this process can know. */
  readonly held: boolean;
  /**
   * Calls back, now and at each look at the group, with *all* its members, whether or not they have
   * changed. If the group was deleted, there are none. The function that it returns ends that.
   */
  listen(listener: (members: ReadonlyMap<string, Json>) => void): Promise<() => void>;
}

/**
 * What a member can be in charge of. A string stands for its UTF-8 bytes; a number, bigint or
 * boolean stands for its text. For any other object, `toozHash` returns what stands for it, which
 * must be the same in every process.
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
  /** How many members to find, at least 1. Default: 1. */
  readonly replicas?: number | undefined;
}

/**
 * Divides objects among the members of a group. Each member has a share by its weight. Few objects
 * move when members come and go.
 *
 * It knows the members that `tick()` or `runWatchers()` last saw. Each member looks at its own
 * times, so until all have looked, two members, or none, may think that they are in charge of an
 * object. If that does harm, take a lock, too.
 *
 * @example
 * ```ts ignore
 * const shards = await baton.joinPartitionedGroup("indexers", { weight: 2 });
 * await baton.tick(); // now and then: stays a member, and learns who the others are
 * for (const shard of all) if (shards.belongsToSelf(shard)) await index(shard);
 * ```
 */
export class Partitioner {
  /** The members and their weights. It changes with the group; do not change it yourself. */
  readonly ring: HashRing;
  readonly #group: PartitionedGroup;
  #unlisten = (): void => {};

  private constructor(group: PartitionedGroup, ring: HashRing) {
    this.#group = group;
    this.ring = ring;
  }

  /** Begins to follow a group. It makes the requests that `listen` makes. */
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
   * The members for an object: first the one in charge, then those that would be in charge without
   * it. There are fewer than `replicas` if the group has fewer members. No request.
   *
   * @throws {InvalidArgument} when nothing stands for the object, or `replicas` is not a whole
   *   number from 1.
   */
  membersForObject(object: PartitionedObject, options: MembersForObjectOptions = {}): Set<string> {
    checkOptions(options, "ignoreMembers replicas");
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
   * Whether we are among those in charge of an object. It is `false` as soon as our membership is
   * over, even if no look has shown that yet, because others then take over what we had. No
   * request.
   */
  belongsToSelf(object: PartitionedObject, options?: MembersForObjectOptions): boolean {
    const { held, memberId } = this.#group;
    return held && this.belongsToMember(object, memberId, options);
  }

  /** Stops following the group. We stay a member. No request. */
  stop(): void {
    this.#unlisten();
    this.#unlisten = () => {};
  }

  /**
   * Makes the ring match the members. It always uses all of them. Tooz uses single events, so its
   * ring never has a member that joined between two looks, and fails from then on when that member
   * leaves.
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
 * The members' weights. No weight is above `most`, and the sum is above it only if all weights are
 * 1. Another member's mistake must not stop us, and all members must agree, so the weights depend
 * only on the members. A value that is not a weight counts as 1. If the sum is too large, all
 * weights are halved until it fits, but not below 1. Points do not move then: half of a node's
 * weight means the first half of its points.
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
  // Tooz takes an object's address in memory, which differs in every process.
  throw new InvalidArgument(
    `Cannot say who is in charge of a value of type ${key === null ? "null" : typeof key}: ` +
      "give a string, a number, bytes, or an object whose method toozHash returns one",
  );
}
