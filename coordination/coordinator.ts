/**
 * The entrance: one object per process, or per request on platforms where nothing outlives a
 * request.
 *
 * @module
 */

import { type Characteristic, characteristicsOf } from "../drivers/characteristics.ts";
import type { Driver, Guarantees } from "../drivers/driver.ts";
import { checkOptions } from "../drivers/kit/options.ts";
import { type CoordinatorOptions, CoreCoordinator, type StartOptions } from "./core.ts";
import type { Cron } from "./cron/cron.ts";
import type { CampaignOptions } from "./election/candidate.ts";
import type { Election, Leader } from "./election/election.ts";
import type { LeaderWork } from "./election/leader_loop.ts";
import type { Lock } from "./locks/lock.ts";
import type { Semaphore } from "./locks/semaphore.ts";
import { Directory } from "./groups/group_list.ts";
import type { GroupEvent, Json } from "./groups/group_events.ts";
import {
  Groups,
  type JoinOptions,
  type MemberInfo,
  type Membership,
} from "./groups/memberships.ts";
import { internalsOf } from "./internals.ts";
import { type CallOptions, checkCall } from "./leases/lease.ts";
import type { Partitioner, PartitionOptions } from "./partition/partitioner.ts";
import { capabilitiesOf } from "./groups/changes.ts";
import { News } from "./groups/news.ts";
import { type EventsOptions, type Tick, Ticker, type TickOptions } from "./groups/tick.ts";
import { type WatchCallback, Watches } from "./groups/watches.ts";

/** The verbs of {@link CoreCoordinator}, which it has as well. `tests/tools/verbs.ts` copies them. */
export interface Coordinator {
  /** Name of this process, visible to others. */
  readonly memberId: string;
  /** Whether `start()` was called, and `stop()` was not since. */
  get isStarted(): boolean;
  /**
   * Proves with one call of the driver that the backend answers and accepts us, and begins to renew in
   * the background if asked to. Short-lived code can do without: every other call works unstarted.
   *
   * @throws {ConnectionError} when the backend is not reached or refuses us; we stay unstarted.
   * @throws {NotSupported} when a heartbeat is asked for where timers end with the request.
   * @throws {CoordinationError} when started already.
   */
  start(options?: StartOptions): Promise<void>;
  /**
   * Ends the heartbeat and everything that acquires or waits (`lead()`, `events()`, waiters,
   * `catchUp()`), and releases everything held: up to 50 leases in one call of the driver. Afterwards
   * nothing is acquired by what was called before; pending calls end, with code `misuse` where they
   * cannot answer. Runs of cron jobs go on to their end under their own claims.
   *
   * It never hangs: if the backend does not answer, it gives up after at most ten seconds and what was
   * held ends by its ttl.
   *
   * What was never started is stopped all the same, if it holds something, asks or waits for something or
   * has a file open. A second call while the first is under way ends with it; a later one, or one after a
   * `start()` that failed, does nothing. `await using baton = …` does the same at the end of a block, and
   * never throws.
   *
   * @throws {CoordinationError} when `start()` was never called, and there is nothing to stop.
   */
  stop(): Promise<void>;
  /** As {@link Coordinator.stop}, started or not; a failed release is reported, not thrown. */
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Renews everything held: up to 1,000 leases in one call of the driver, sent once; none when nothing
   * is held.
   *
   * @returns In how many ms the next call is due; when nothing is held, how long a loop may sleep.
   * @throws {UnknownOutcome} when there was no answer: call again soon, leases last until their
   *   deadlines.
   */
  heartbeat(options?: CallOptions): Promise<number>;
  /**
   * The lock of that name. No request.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  getLock(name: string): Lock;
  /**
   * The semaphore of that name, of which at most `permits` are held at a time. All who use it must
   * give the same number. No request.
   *
   * @throws {InvalidArgument} when the name cannot be used, or `permits` is not from 1 to 10,000.
   */
  getSemaphore(name: string, permits: number): Semaphore;
  /**
   * The election of that group's leader. No request. A candidate need not be a member.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  election(group: string): Election;
  /** Who leads the group now, or `null`. One call of the driver. */
  getLeader(group: string, options?: CallOptions): Promise<Leader | null>;
  /** Gives leadership of the group up. One call of the driver; `false` when we did not lead. */
  standDownGroupLeader(group: string, options?: CallOptions): Promise<boolean>;
  /**
   * Leads the group for as long as it can; see {@link Election.lead}.
   *
   * @example
   * ```ts ignore
   * await baton.lead("indexers", async ({ term, signal }) => {
   *   while (!signal.aborted) await indexNext(term);
   * });
   * ```
   * @returns What `work` answered, or `undefined` when it was stopped without leading.
   */
  lead<T>(
    group: string,
    work: LeaderWork<T>,
    options?: CampaignOptions,
  ): Promise<T | undefined>;
  /**
   * The cron job of that name. No request.
   *
   * @throws {InvalidArgument} when the name is empty, too long or has control characters.
   */
  cron(job: string): Cron;
}

/**
 * Locks, elections, cron jobs, groups and watches of one member over one backend. It has the
 * methods of Tooz, OpenStack's coordination library, and more.
 *
 * It does not make a write safe by itself: a holder that is paused can act on a lease that it has
 * lost. Within the clock bounds no two processes think at the same time that they hold it. Beyond
 * these bounds only a resource that checks `lease.token` is safe. This is the fencing token, a
 * number that grows with each grant.
 *
 * One call of the driver is one request on most backends. On MySQL some calls take two or three:
 * see `docs/backends.md`.
 *
 * On Cloudflare Workers make one coordinator per request; it costs nothing until it is used.
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
  readonly #guarantees: Guarantees;
  readonly #directory: Directory;
  readonly #groups: Groups;
  readonly #watches: Watches;
  readonly #ticker: Ticker;

  /**
   * Makes a coordinator. No request.
   *
   * @throws {InvalidArgument} when an option cannot work; the message says which and why.
   */
  constructor(driver: Driver, options: CoordinatorOptions = {}) {
    super(driver, options);
    this.#guarantees = driver.guarantees;
    const { session, candidates } = internalsOf(this);
    const news = new News(this.memberId);
    session.listen((event) => news.hear(event));
    this.#directory = new Directory(session);
    this.#groups = new Groups(session, this.#directory, news);
    this.#watches = new Watches(session, (group) => candidates.of(group), news);
    this.#ticker = new Ticker(session, this.#groups, this.#watches, news);
  }

  /**
   * What the backend promises, in Tooz's words: how far it reaches and how consistent it is. It is known
   * before `start()`, without a request. `getCoordinator()` refuses a driver that lacks one of those that
   * it is asked for.
   *
   * @example
   * ```ts
   * import { Coordinator } from "@baton/baton";
   * import { memory } from "@baton/baton/drivers/memory";
   *
   * const baton = new Coordinator(memory());
   * if (!baton.characteristics.has("DISTRIBUTED_ACROSS_HOSTS")) console.warn("one process only");
   * ```
   */
  get characteristics(): ReadonlySet<Characteristic> {
    return characteristicsOf(this.#guarantees);
  }

  /** The groups of which we are a member, as far as this process can know. No request. */
  get groups(): string[] {
    return this.#groups.joined;
  }

  /**
   * Creates a group. One call of the driver.
   *
   * @throws {GroupAlreadyExist} when it exists.
   */
  async createGroup(group: string, options: CallOptions = {}): Promise<void> {
    await this.#directory.create(group, options);
  }

  /**
   * Deletes an empty group. If a member joins at the same time, either the deletion or the join
   * fails, so no member is left in a group that is gone. Two calls of the driver; one if the group
   * is missing or has members. A delayed `createGroup` may still arrive afterwards and create the
   * group again.
   *
   * @throws {GroupNotCreated} when it does not exist.
   * @throws {GroupNotEmpty} when it has members.
   */
  async deleteGroup(group: string, options: CallOptions = {}): Promise<void> {
    await this.#directory.delete(group, options);
  }

  /** The groups that exist. One call of the driver per 1,000 groups. */
  async getGroups(options: CallOptions = {}): Promise<Set<string>> {
    return await this.#directory.list(options);
  }

  /**
   * Joins a group under our member id. Membership is a lease: it must be renewed, with `tick()`,
   * `heartbeat()` or `start({ heartbeat: true })`. One call of the driver.
   *
   * @param capabilities Anything that JSON can hold; everyone can read it.
   * @throws {GroupNotCreated} when the group does not exist.
   * @throws {MemberAlreadyExist} when a live member has our id, in this process or another.
   * @throws {InvalidArgument} when JSON cannot hold the capabilities unchanged.
   */
  async joinGroup(
    group: string,
    capabilities: Json = null,
    options: JoinOptions = {},
  ): Promise<Membership> {
    return await this.#groups.join(group, capabilities, options, false);
  }

  /**
   * As {@link Coordinator.joinGroup}, and creates the group if it is missing. One call of the
   * driver.
   */
  async joinGroupCreate(
    group: string,
    capabilities: Json = null,
    options: JoinOptions = {},
  ): Promise<Membership> {
    return await this.#groups.join(group, capabilities, options, true);
  }

  /**
   * Leaves a group. Leadership is kept; see `standDownGroupLeader`. One call of the driver. If
   * another process with our id is the member, this ends its membership, with two calls.
   *
   * @throws {MemberNotJoined} when we are not a member, or not any more.
   */
  async leaveGroup(group: string, options: CallOptions = {}): Promise<void> {
    await this.#groups.leave(group, options);
  }

  /**
   * Changes the capabilities that others read. One call of the driver.
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
   * The live members of a group. One call of the driver.
   *
   * @throws {GroupNotCreated} when the group does not exist.
   */
  async getMembers(group: string, options: CallOptions = {}): Promise<Set<string>> {
    return new Set((await this.#groups.members(group, options)).map(({ seat }) => seat));
  }

  /**
   * The live members of a group and their capabilities. One call of the driver. Throws as
   * `getMembers`.
   */
  async getMembersWithCapabilities(
    group: string,
    options: CallOptions = {},
  ): Promise<Map<string, Json>> {
    return capabilitiesOf(await this.#groups.members(group, options));
  }

  /**
   * A live member's capabilities. One call of the driver.
   *
   * @throws {GroupNotCreated} when the group does not exist.
   * @throws {MemberNotJoined} when the group has no such live member.
   */
  async getMemberCapabilities(
    group: string,
    member: string,
    options: CallOptions = {},
  ): Promise<Json> {
    return (await this.getMemberInfo(group, member, options)).capabilities;
  }

  /**
   * All that is known of a live member. One call of the driver. Throws as `getMemberCapabilities`.
   */
  async getMemberInfo(
    group: string,
    member: string,
    options: CallOptions = {},
  ): Promise<MemberInfo> {
    return await this.#groups.info(group, member, options);
  }

  /**
   * Calls `callback` for each member that joins, at each `tick()` or `runWatchers()`. Members
   * already there are not reported. One call of the driver for the first watch of a group.
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

  /** As {@link Coordinator.watchJoinGroup}, for members that leave, expire or are evicted. */
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
   * calls `callback` when we win. As in Tooz, a candidate need not be a member. No request.
   */
  watchElectedAsLeader(group: string, callback: WatchCallback): void {
    this.#watches.add("elected", group, callback);
  }

  /**
   * Ends a candidacy. If we lead, we go on leading until `standDownGroupLeader`. No request.
   *
   * @throws {WatchCallbackNotFound} when this callback waits for no election of that group.
   */
  unwatchElectedAsLeader(group: string, callback: WatchCallback): void {
    this.#watches.remove("elected", group, callback);
  }

  /**
   * Looks at every watched group, campaigns where we are a candidate, and calls the callbacks. The
   * order is, for each group, joins and then leaves; elections come last. If a callback throws,
   * that is reported to `on`, and the others are called all the same. One call of the driver,
   * however many groups.
   *
   * @returns What the callbacks returned, in the order of their calls.
   * @throws {UnknownOutcome} when there was no answer. No event is lost: the next run reports it.
   */
  async runWatchers(options: CallOptions = {}): Promise<unknown[]> {
    return await this.#ticker.runWatchers(options);
  }

  /**
   * Campaigns where we are a candidate, and calls the callbacks. One call of the driver.
   *
   * @returns The groups whose leadership this call has won.
   */
  async runElectCoordinator(options: CallOptions = {}): Promise<string[]> {
    return await this.#ticker.runElections(options);
  }

  /**
   * Does everything that a member does regularly, in one call of the driver; with more than 1,000
   * leases in one more for each 1,000 of them. It renews everything held, joins again where we were
   * evicted and asked for `rejoin`, campaigns, and looks at every watched group. It calls the
   * callbacks as `runWatchers()` does.
   *
   * @example A function that keeps no memory:
   * ```ts ignore
   * const { events, cursor } = await baton.tick({ since: lastCursor, watch: ["workers"] });
   * ```
   * @throws {UnknownOutcome} when there was no answer. No event is lost: the next tick reports it.
   */
  async tick(options: TickOptions = {}): Promise<Tick> {
    return await this.#ticker.tick(options);
  }

  /**
   * Joins a group whose members divide objects among themselves by their weights. It creates the
   * group if it is missing. Two calls of the driver. Keep the membership with `tick()`, which also
   * learns who the others are. `updateCapabilities(group, { weight })` changes our weight.
   *
   * @throws {MemberAlreadyExist} when a live member has our id.
   * @throws {InvalidArgument} when the weight or the number of partitions cannot be used.
   */
  async joinPartitionedGroup(
    group: string,
    options: PartitionOptions & JoinOptions = {},
  ): Promise<Partitioner> {
    checkOptions(options, "weight partitions hash ttl replace? rejoin? onEvicted signal");
    const { weight = 1, partitions = 32, hash, ...join } = options;
    // Only code that divides something loads the ring.
    const [{ HashRing, native }, { Partitioner }] = await Promise.all([
      import("./partition/hash_ring.ts"),
      import("./partition/partitioner.ts"),
    ]);
    const ring = new HashRing([], { partitions, hash: hash ?? native });
    // Before any request, because the ring may refuse the weight.
    ring.addNode(this.memberId, weight);
    await this.joinGroupCreate(group, { weight }, join);
    const groups = this.#groups;
    const followed = Partitioner.over({
      group,
      memberId: this.memberId,
      get held() {
        return groups.holds(group);
      },
      listen: (listener) => this.#watches.listen(group, listener, { signal: join.signal }),
    }, ring);
    return await followed.catch(async (error) => {
      // Without the group's members it cannot divide anything, and a second try would find itself a
      // member.
      await groups.leave(group, {}).catch(() => {});
      throw error;
    });
  }

  /**
   * Stops dividing, and leaves the group. One call of the driver.
   *
   * @throws {MemberNotJoined} when we are not a member, or not any more.
   */
  async leavePartitionedGroup(partitioner: Partitioner, options: CallOptions = {}): Promise<void> {
    checkCall(options);
    partitioner.stop();
    await this.leaveGroup(partitioner.group, options);
  }

  /**
   * The events of groups as they happen. It ticks again and again until `signal` aborts. It waits
   * until an outage is over, and reports it to `on`.
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
