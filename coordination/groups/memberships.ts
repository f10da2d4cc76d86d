/**
 * Membership of groups.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { read, store } from "./member_value.ts";
import type { Directory } from "./group_list.ts";
import { codeOf, GroupNotCreated, MemberAlreadyExist, MemberNotJoined } from "../../errors.ts";
import type { Json } from "./group_events.ts";
import type { HeldLease } from "../leases/held_lease.ts";
import { type CallOptions, checkCall } from "../leases/lease.ts";
import { checkName, resources } from "../names.ts";
import { inBackground, type Instant } from "../runtime.ts";
import { harmless } from "../../drivers/kit/harmless.ts";
import type { Attempt } from "../leases/attempt.ts";
import { ask, type Part } from "../leases/request.ts";
import type { News } from "./news.ts";
import type { Session } from "../leases/session.ts";

/** How to join a group. */
export interface JoinOptions extends CallOptions {
  /** How long membership lives without a renewal, in ms. Default: the coordinator's. */
  ttl?: number | undefined;
  /**
   * Whether to take the place of a live member with our id, which is then evicted. One more call of
   * the driver. Default: false.
   */
  replace?: boolean | undefined;
  /** Whether to join again at the next tick after an eviction. Default: false. */
  rejoin?: boolean | undefined;
  /**
   * Called once when we are no longer a member although we did not leave. If it throws, that is
   * reported to `on`.
   */
  onEvicted?: ((group: string) => unknown) | undefined;
}

/** Our membership of a group, from one join until it ends. */
export interface Membership {
  /** The group. */
  readonly group: string;
  /**
   * Its incarnation: a number that is larger than that of every earlier membership under this
   * member id.
   */
  readonly incarnation: number;
  /** Whether we are still a member, as far as this process can know. */
  readonly held: boolean;
  /** Aborts when we are no longer a member. */
  readonly signal: AbortSignal;
}

/** What is known of a member. */
export interface MemberInfo {
  /** The member. */
  readonly memberId: string;
  /** Its capabilities. */
  readonly capabilities: Json;
  /** When it joined, in ms since the epoch, by its own clock. */
  readonly joined: number;
  /** When it last changed its capabilities, likewise. */
  readonly updated: number;
  /** Its incarnation: it grows with each join under this member id. */
  readonly incarnation: number;
  /** An upper bound of how long it stays a member without a renewal, in ms. */
  readonly left: number;
}

/** One of our memberships, as we keep it. */
interface Kept {
  readonly lease: HeldLease;
  capabilities: Json;
  readonly joined: number;
  version: number;
  readonly options: JoinOptions;
}

/** From this many groups on, it looks for groups to forget whenever their number has doubled. */
const FEW = 64;
/** How often a join creates the group again if somebody deletes it at the same time. */
const JOIN_TRIES = 10;

/** The groups that one member is in. */
export class Groups {
  readonly #session: Session;
  readonly #directory: Directory;
  readonly #news: News;
  readonly #kept = new Map<string, Kept>();
  /** At how many groups it looks for groups to forget. */
  #many = FEW;

  /** Made by the coordinator. */
  constructor(session: Session, directory: Directory, news: News) {
    this.#session = session;
    this.#directory = directory;
    this.#news = news;
  }

  get #memberId(): string {
    return this.#session.memberId;
  }

  async join(
    group: string,
    capabilities: Json,
    options: JoinOptions,
    create: boolean,
  ): Promise<Membership> {
    checkOptions(options, "ttl replace? rejoin? onEvicted signal");
    const join = (signal?: AbortSignal) =>
      this.#join(group, capabilities, options, create, { signal });
    return await (options.replace
      ? this.#session.asOne(options.signal, join)
      : join(options.signal));
  }

  async #join(
    group: string,
    capabilities: Json,
    options: JoinOptions,
    create: boolean,
    call: CallOptions,
  ): Promise<Membership> {
    for (let tries = 1;; tries++) {
      const first: spi.Op[] = create ? [this.#directory.creation(group)] : [];
      if (options.replace) first.push(...await this.#occupant(group, call));
      const joined = this.#session.runtime.wall();
      const attempt = this.#joining(group, { capabilities, joined, options }, first);
      await this.#session.send([attempt], call);
      const { lease, blockers = [] } = attempt.answer ?? {};
      if (lease) return this.#keep(group, { lease, capabilities, joined, version: 0, options });
      if (blockers.length > 0) throw new MemberAlreadyExist(group, this.#memberId);
      // Somebody deleted the group between our two operations. If the join may create it, try
      // again.
      if (!create || tries === JOIN_TRIES) throw new GroupNotCreated(group);
    }
  }

  async leave(group: string, options: CallOptions): Promise<void> {
    checkCall(options);
    checkName("group", group);
    const kept = this.#kept.get(group);
    this.#kept.delete(group);
    if (kept) {
      if (!await kept.lease.release(options)) throw new MemberNotJoined(group, this.#memberId);
      return;
    }
    // As in Tooz, a process may leave for another one with its id, such as a restarted one for its
    // old self.
    const releases = await this.#occupant(group, options);
    if (releases.length === 0) throw new MemberNotJoined(group, this.#memberId);
    // The farewell goes along. It shows that old process that this was not a copy of its own
    // release.
    await this.#session.ask(ask(releases, (outcomes) => outcomes), options);
  }

  async update(group: string, capabilities: Json, options: CallOptions): Promise<void> {
    checkCall(options);
    checkName("group", group);
    const kept = this.#kept.get(group);
    if (!kept?.lease.held) throw new MemberNotJoined(group, this.#memberId);
    const version = kept.version + 1;
    const updated = this.#session.runtime.wall();
    const value = store({ capabilities, joined: kept.joined, updated, version });
    // Counted at once, because two changes that are under way together must not share a number.
    kept.version = version;
    if (!await kept.lease.renew(options, value)) throw new MemberNotJoined(group, this.#memberId);
    kept.capabilities = capabilities;
  }

  /** The groups that we are a member of, as far as this process can know. */
  get joined(): string[] {
    return [...this.#kept].filter(([, { lease }]) => lease.held).map(([group]) => group);
  }

  /** Takes note of a look at a group. If it did not find us, we are no longer a member. */
  saw(group: string, members: readonly spi.Lease[], sent: Instant): void {
    const lease = this.#kept.get(group)?.lease;
    if (lease && !members.some((member) => lease.owns(member))) lease.missed(sent);
  }

  /** Whether we are a member, as far as this process can know. */
  holds(group: string): boolean {
    return this.#kept.get(group)?.lease.held === true;
  }

  /** Every live member. One call of the driver, which also finds out whether the group exists. */
  async members(group: string, options: CallOptions): Promise<readonly spi.Lease[]> {
    checkCall(options);
    const { exists, members } = await this.#directory.look(group, undefined, options);
    if (!exists) throw new GroupNotCreated(group);
    return members;
  }

  async info(group: string, member: string, options: CallOptions): Promise<MemberInfo> {
    checkCall(options);
    checkName("member", member);
    const { exists, members: [lease] } = await this.#directory.look(group, member, options);
    if (!exists) throw new GroupNotCreated(group);
    if (!lease) throw new MemberNotJoined(group, member);
    const { capabilities, joined, updated } = read(lease.value);
    const { token: incarnation, left } = lease;
    return { memberId: member, capabilities, joined, updated, incarnation, left };
  }

  /** Whether we were evicted somewhere and want to be back. */
  get wantsBack(): boolean {
    return [...this.#kept.values()].some(({ lease, options }) => options.rejoin && lease.lost);
  }

  /**
   * The joins of groups from which we were evicted and want to be back, as parts of the next tick.
   */
  rejoins(): Part[] {
    const parts: Part[] = [];
    for (const [group, old] of this.#kept) {
      if (!old.options.rejoin || !old.lease.lost) continue;
      const joined = this.#session.runtime.wall();
      parts.push(this.#joining(group, { ...old, joined }, [], (lease) => {
        if (this.#kept.get(group) === old) this.#keep(group, { ...old, lease, joined, version: 0 });
        // We have left on purpose meanwhile.
        else inBackground(this.#session.runtime, lease[Symbol.asyncDispose]());
      }));
    }
    return parts;
  }

  #joining(
    group: string,
    { capabilities, joined, options }: Omit<Kept, "lease" | "version">,
    first: spi.Op[],
    won?: (lease: HeldLease) => void,
  ): Attempt {
    checkName("group", group);
    // Our lease counts as lost before the backend ends it. What is left of it must not block our
    // join.
    const old = this.#kept.get(group)?.lease;
    if (old?.lost && !old.over) first.push(old.giveBack());
    return this.#session.attempt({
      ...this.#seat(group),
      ttl: options.ttl ?? this.#session.ttls.member,
      value: store({ capabilities, joined, updated: joined, version: 0 }),
      guard: { when: "held", resource: resources.groups, seat: group },
      first,
    }, won);
  }

  #keep(group: string, kept: Kept): Membership {
    const { lease, options } = kept;
    const { token: incarnation, signal } = lease;
    // A member that took its own place was not evicted.
    this.#kept.get(group)?.lease.abandon();
    this.#kept.set(group, kept);
    this.#forget();
    // So that watchers can tell a member that left from one that expired.
    lease.farewell = this.#directory.farewell(group, this.#memberId, incarnation);
    signal.addEventListener("abort", () => {
      if (codeOf(signal.reason) === "lease-lost") this.#evicted(group, incarnation, options);
    });
    return {
      group,
      incarnation,
      signal,
      get held() {
        return lease.held;
      },
    };
  }

  /** Now and then it forgets the groups whose membership ran out long ago. */
  #forget(): void {
    if (this.#kept.size < this.#many) return;
    for (const [group, { lease, options }] of this.#kept) {
      if (lease.lost && !options.rejoin && lease.age > 2 * lease.ttl) this.#kept.delete(group);
    }
    this.#many = Math.max(FEW, 2 * this.#kept.size);
  }

  #evicted(group: string, incarnation: number, { onEvicted }: JoinOptions): void {
    this.#news.note({ type: "evicted", group, memberId: this.#memberId, incarnation });
    harmless(
      () => onEvicted?.(group),
      (error) => this.#session.report({ type: "callback-failed", error }),
    );
  }

  /**
   * The operations that evict the member that has our id. They name the id of its lease, so that
   * they are safe to send twice.
   */
  async #occupant(group: string, options: CallOptions): Promise<spi.Op[]> {
    const { resource, seat } = this.#seat(group);
    const found = await this.#session.look(resource, seat, options);
    return found.flatMap(({ id, token }): spi.Op[] => [
      { op: "release", resource, seat, id },
      this.#directory.farewell(group, seat, token),
    ]);
  }

  #seat(group: string): { resource: string; seat: string } {
    return { resource: resources.group(group), seat: this.#memberId };
  }
}
