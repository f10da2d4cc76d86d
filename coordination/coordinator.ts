/**
 * The entrance: one object per process, or per request on platforms where nothing outlives one.
 *
 * @module
 */

import type { Driver } from "../drivers/driver.ts";
import { type CoordinatorOptions, CoreCoordinator } from "./core.ts";
import { Directory } from "./groups/group_list.ts";
import type { GroupEvent, Json } from "./groups/group_events.ts";
import {
  Groups,
  type JoinOptions,
  type MemberInfo,
  type Membership,
} from "./groups/memberships.ts";
import { internalsOf } from "./internals.ts";
import type { CallOptions } from "./leases/lease.ts";
import type { Partitioner, PartitionOptions } from "./partition/partitioner.ts";
import { capabilitiesOf } from "./groups/changes.ts";
import { News } from "./groups/news.ts";
import { type EventsOptions, type Tick, Ticker, type TickOptions } from "./groups/tick.ts";
import { type WatchCallback, Watches } from "./groups/watches.ts";

/**
 * Locks, elections, cron jobs, groups and watches of one member over one backend: the verbs of Tooz,
 * and what it lacks.
 *
 * It does not make anything safe by itself: a holder that is paused can act on a lease it has lost.
 * Within the clock bounds no two holders believe at once; beyond them only a resource that checks
 * `lease.token` is safe.
 *
 * On Cloudflare Workers make one per request; it costs nothing until it is used.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { memory } from "@baton/baton/drivers/memory";
 *
 * const baton = new Coordinator(memory(), { memberId: "fra-1" });
 * await baton.joinGroupCreate("workers", { zone: "fra", weight: 2 });
 * console.log(await baton.getMembers("workers")); // Set { "fra-1" }
 * ```
 */
export class Coordinator extends CoreCoordinator {
  readonly #directory: Directory;
  readonly #groups: Groups;
  readonly #watches: Watches;
  readonly #ticker: Ticker;

  /**
   * Makes a coordinator. No request.
   *
   * @throws {InvalidArgument} when an option cannot work, saying which and why.
   */
  constructor(driver: Driver, options: CoordinatorOptions = {}) {
    super(driver, options);
    const { session, candidates } = internalsOf(this);
    const news = new News(this.memberId);
    session.listen((event) => news.hear(event));
    this.#directory = new Directory(session);
    this.#groups = new Groups(session, this.#directory, news);
    this.#watches = new Watches(session, (group) => candidates.of(group), news);
    this.#ticker = new Ticker(session, this.#groups, this.#watches, news);
  }

  /** The groups that we are a member of, as far as this process can know. No request. */
  get groups(): string[] {
    return this.#groups.joined;
  }

  /**
   * Makes a group. One request.
   *
   * @throws {GroupAlreadyExist} when it exists.
   */
  async createGroup(group: string, options: CallOptions = {}): Promise<void> {
    await this.#directory.create(group, options);
  }

  /**
   * Deletes an empty group; a member that joins at the same time wins or loses, but is never left in
   * a group that is gone. Two requests; one when it is refused. A creation that was held up on its way
   * can arrive later and make it anew.
   *
   * @throws {GroupNotCreated} when it does not exist.
   * @throws {GroupNotEmpty} when it has members.
   */
  async deleteGroup(group: string, options: CallOptions = {}): Promise<void> {
    await this.#directory.delete(group, options);
  }

  /** The groups that exist. One request. */
  async getGroups(options: CallOptions = {}): Promise<Set<string>> {
    return await this.#directory.list(options);
  }

  /**
   * Joins a group under our member id. Membership is a lease: keep it with `tick()`, `heartbeat()` or
   * `start({ heartbeat: true })`. One request.
   *
   * @param capabilities Anything JSON can hold, for all to read.
   * @throws {GroupNotCreated} when the group does not exist.
   * @throws {MemberAlreadyExist} when a live member has our id, in whatever process.
   * @throws {InvalidArgument} when JSON cannot hold the capabilities as they are.
   */
  async joinGroup(
    group: string,
    capabilities: Json = null,
    options: JoinOptions = {},
  ): Promise<Membership> {
    return await this.#groups.join(group, capabilities, options, false);
  }

  /** As {@link Coordinator.joinGroup}, and makes the group if need be. One request. */
  async joinGroupCreate(
    group: string,
    capabilities: Json = null,
    options: JoinOptions = {},
  ): Promise<Membership> {
    return await this.#groups.join(group, capabilities, options, true);
  }

  /**
   * Leaves a group. Leadership is kept; see `standDownGroupLeader`. One request; two for another
   * process that has our id, which leaves for it.
   *
   * @throws {MemberNotJoined} when we are not a member, or not any more.
   */
  async leaveGroup(group: string, options: CallOptions = {}): Promise<void> {
    await this.#groups.leave(group, options);
  }

  /**
   * Changes what others read of us. One request.
   *
   * @throws {MemberNotJoined} when we are not a member, or not any more.
   */
  async updateCapabilities(
    group: string,
    capabilities: Json,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#groups.update(group, capabilities, options);
  }

  /**
   * The live members of a group. One request.
   *
   * @throws {GroupNotCreated} when the group does not exist.
   */
  async getMembers(group: string, options: CallOptions = {}): Promise<Set<string>> {
    return new Set((await this.#groups.members(group, options)).map(({ seat }) => seat));
  }

  /** The live members of a group and what they can do. One request. Throws as `getMembers`. */
  async getMembersWithCapabilities(
    group: string,
    options: CallOptions = {},
  ): Promise<Map<string, Json>> {
    return capabilitiesOf(await this.#groups.members(group, options));
  }

  /**
   * What a live member can do. One request.
   *
   * @throws {GroupNotCreated} when the group does not exist.
   * @throws {MemberNotJoined} when it has no such live member.
   */
  async getMemberCapabilities(
    group: string,
    member: string,
    options: CallOptions = {},
  ): Promise<Json> {
    return (await this.getMemberInfo(group, member, options)).capabilities;
  }

  /** All that is known of a live member. One request. Throws as `getMemberCapabilities`. */
  async getMemberInfo(
    group: string,
    member: string,
    options: CallOptions = {},
  ): Promise<MemberInfo> {
    return await this.#groups.info(group, member, options);
  }

  /**
   * Has `callback` told of members that join, at each `tick()` or `runWatchers()`; those there now
   * are no news. One request for the first watch of a group.
   *
   * @throws {GroupNotCreated} when the group does not exist; nothing is watched then.
   */
  async watchJoinGroup(
    group: string,
    callback: WatchCallback,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#watches.watch("joined", group, callback, options);
  }

  /**
   * Ends a watch of joins. No request.
   *
   * @throws {WatchCallbackNotFound} when this callback does not watch them.
   */
  unwatchJoinGroup(group: string, callback: WatchCallback): void {
    this.#watches.remove("joined", group, callback);
  }

  /** As {@link Coordinator.watchJoinGroup}, of members that leave, expire or are evicted. */
  async watchLeaveGroup(
    group: string,
    callback: WatchCallback,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#watches.watch("left", group, callback, options);
  }

  /**
   * Ends a watch of leaves. No request.
   *
   * @throws {WatchCallbackNotFound} when this callback does not watch them.
   */
  unwatchLeaveGroup(group: string, callback: WatchCallback): void {
    this.#watches.remove("left", group, callback);
  }

  /**
   * Makes us a candidate: each `tick()`, `runWatchers()` or `runElectCoordinator()` campaigns, and
   * tells `callback` when we win. As in Tooz a candidate need not be a member. No request.
   */
  watchElectedAsLeader(group: string, callback: WatchCallback): void {
    this.#watches.add("elected", group, callback);
  }

  /**
   * Ends a candidacy; leadership that we have stays ours until `standDownGroupLeader`. No request.
   *
   * @throws {WatchCallbackNotFound} when this callback waits for no election of that group.
   */
  unwatchElectedAsLeader(group: string, callback: WatchCallback): void {
    this.#watches.remove("elected", group, callback);
  }

  /**
   * Looks at every watched group, campaigns where we are a candidate, and tells the callbacks: per
   * group joins, then leaves; elections last. A callback that throws is reported to `on` and stops
   * nothing. One request, however many groups.
   *
   * @returns What the callbacks answered, in the order of their calls.
   * @throws {UnknownOutcome} when there was no answer; nothing is lost, the next run tells.
   */
  async runWatchers(options: CallOptions = {}): Promise<unknown[]> {
    return await this.#ticker.runWatchers(options);
  }

  /**
   * Campaigns where we are a candidate, and calls the callbacks. One call of the driver.
   *
   * @returns The groups whose leadership we have won by it.
   */
  async runElectCoordinator(options: CallOptions = {}): Promise<string[]> {
    return await this.#ticker.runElections(options);
  }

  /**
   * All a member does regularly, in one request: renews everything held, joins again where it was
   * evicted and wants to be back, campaigns, and looks at every watched group. The callbacks are
   * told as by `runWatchers()`.
   *
   * @example A function that keeps no memory:
   * ```ts ignore
   * const { events, cursor } = await baton.tick({ since: lastCursor, watch: ["workers"] });
   * ```
   * @throws {UnknownOutcome} when there was no answer; nothing is lost, the next tick tells.
   */
  async tick(options: TickOptions = {}): Promise<Tick> {
    return await this.#ticker.tick(options);
  }

  /**
   * Joins a group, and makes it if need be, whose members divide objects among themselves by their
   * weights. Two requests. Keep it with `tick()`, which also learns who the others are; weights
   * follow `updateCapabilities(group, { weight })`.
   *
   * @throws {MemberAlreadyExist} when a live member has our id.
   * @throws {InvalidArgument} when the weight or the number of partitions cannot be used.
   */
  async joinPartitionedGroup(
    group: string,
    options: PartitionOptions & JoinOptions = {},
  ): Promise<Partitioner> {
    const { weight = 1, partitions = 32, hash, ...join } = options;
    // Only those who divide something load the ring.
    const [{ HashRing, native }, { Partitioner }] = await Promise.all([
      import("./partition/hash_ring.ts"),
      import("./partition/partitioner.ts"),
    ]);
    const ring = new HashRing([], { partitions, hash: hash ?? native });
    // Before any request: a weight that the ring refuses.
    ring.addNode(this.memberId, weight);
    await this.joinGroupCreate(group, { weight }, join);
    const groups = this.#groups;
    const followed = Partitioner.over({
      group,
      memberId: this.memberId,
      get held() {
        return groups.holds(group);
      },
      listen: (listener) => this.#watches.listen(group, listener, join),
    }, ring);
    return await followed.catch(async (error) => {
      // A member that follows nobody would only stand in its own way.
      await groups.leave(group, {}).catch(() => {});
      throw error;
    });
  }

  /**
   * Ceases to divide, and leaves the group. One request.
   *
   * @throws {MemberNotJoined} when we are not a member, or not any more.
   */
  async leavePartitionedGroup(partitioner: Partitioner, options: CallOptions = {}): Promise<void> {
    partitioner.stop();
    await this.leaveGroup(partitioner.group, options);
  }

  /**
   * What happens in groups, as it happens: ticks again and again until `signal` aborts. An outage is
   * waited out, and reported to `on`.
   *
   * @example
   * ```ts ignore
   * for await (const event of baton.events({ watch: ["workers"], signal })) console.log(event);
   * ```
   */
  events(options: EventsOptions = {}): AsyncGenerator<GroupEvent, void, void> {
    return this.#ticker.events(options);
  }
}
