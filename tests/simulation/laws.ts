/**
 * What must be true at every instant of a run, whatever strikes, and what only while clocks and the
 * backend keep what is assumed of them.
 *
 * @module
 */

import { validity } from "../../coordination/leases/timings.ts";
import type { HeldLease } from "../../coordination/leases/held_lease.ts";
import type { Acquire, Lease, Outcome, SeatOp } from "../../drivers/driver.ts";
import type { Member } from "./member.ts";
import type { Done, Row, Server } from "./server.ts";

/** What a run may rely on, given the faults that it has. */
export interface Scope {
  /** Clocks keep their bounds, and the backend loses nothing: validity windows are disjoint. */
  readonly exclusive: boolean;
  /** The backend does not both lose data and set its clock back: tokens grow. */
  readonly growing: boolean;
  /** Looks are answered by whoever decides. */
  readonly fresh: boolean;
}

/** A broken law. */
export class Violation extends Error {
  /** Which law. */
  readonly law: string;

  constructor(law: string, message: string) {
    super(message);
    this.law = law;
  }
}

/** Somebody who believes to hold a seat. */
interface Belief {
  readonly member: Member;
  readonly lease: HeldLease;
  readonly resource: string;
  readonly seat: string;
  readonly id: string;
}

/** How many may have the semaphore at a time. */
export const PERMITS = 2;

/** Late timers, in ms: what is due is expected to have happened only so long after. */
const SLACK = 8;

/** Watches over one run. */
export class Laws {
  /** What was seen how often that is rare: a run without it proves little. */
  readonly seen = new Map<string, number>();
  readonly #scope: Scope;
  readonly #server: () => Server;
  readonly #broken: (violation: Violation) => void;
  /** The greatest token of each seat. */
  readonly #tokens = new Map<string, number>();
  /** Ids that another client released: by a break, or to take its own place. */
  readonly #taken = new Set<string>();
  /** Ids that were granted, released, and ended for their holders. */
  readonly #granted = new Set<string>();
  readonly #released = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #managed = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  /** Ids that each process held when it was last looked at. */
  readonly #held = new Map<Member, Set<string>>();

  constructor(scope: Scope, server: () => Server, broken: (violation: Violation) => void) {
    this.#scope = scope;
    this.#server = server;
    this.#broken = broken;
  }

  /** Reports a broken law. */
  broken(law: string, message: string): void {
    this.#broken(new Violation(law, message));
  }

  /** Notes that something rare was seen. */
  saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  /** Notes that a process has got what it works for. */
  managed(member: Member, work: string): void {
    this.#managed.set(`${member.host.name} ${work}`, this.#server().now);
  }

  /** When a process last got what it works for, in true ms. */
  lastManaged(member: Member, work: string): number {
    return this.#managed.get(`${member.host.name} ${work}`) ?? -Infinity;
  }

  /** Judges what the backend has done. */
  done({ at, from, ops, outcomes, had }: Done): void {
    for (const { op, resource } of ops) {
      const [kind = ""] = /\w+(?=:)/.exec(resource) ?? [];
      if (op === "acquire" || op === "renew") this.#asked.set(`${from} ${kind}`, at);
    }
    for (const [n, op] of ops.entries()) this.#step(from, op, outcomes[n] as Outcome, had[n]);
    // Whoever takes its own place believes in the old lease until it is told of the new one.
    for (const [n, op] of ops.entries()) {
      const follows = ops.slice(n).some((later) =>
        later.op === "acquire" && later.resource === op.resource && later.seat === op.seat
      );
      if (op.op === "release" && op.id !== undefined && follows) this.#taken.add(op.id);
    }
    const groups = ops.some(({ resource }) => /\bgroups?\b/.test(resource));
    if (groups && this.#scope.exclusive) this.#orphans();
  }

  /** When a process's request for a resource of this kind was last answered by the backend. */
  asked(from: string, kind: string): number {
    return this.#asked.get(`${from} ${kind}`) ?? -Infinity;
  }

  #step(from: string, op: SeatOp, outcome: Outcome, had: Lease | undefined): void {
    if (op.op === "acquire" && outcome.ok) this.#grant(op, outcome.leases[0] as Lease, had);
    if (op.op === "release" && op.id !== undefined) {
      if (outcome.ok && !op.id.startsWith(`${from}-`)) this.#taken.add(op.id);
      if (!outcome.ok && this.#released.has(op.id) && outcome.leases.length > 0) {
        this.saw("a second release met a successor");
      }
      if (outcome.ok) this.#released.add(op.id);
    }
    if (op.op === "renew" && !outcome.ok && this.#released.has(op.id)) {
      this.saw("a renewal came after the release");
    }
  }

  #grant({ resource, seat, id }: Acquire, { token }: Lease, had: Lease | undefined): void {
    const place = `${resource} ${seat}`;
    const last = this.#tokens.get(place) ?? 0;
    if (had?.id === id) {
      this.saw("a grant was asked for again");
      if (token !== had.token) {
        this.broken(
          "a lease has one token",
          `${place} has ${had.token} and, asked again, ${token}`,
        );
      }
      return;
    }
    if (this.#granted.has(id)) this.saw("a late request was granted after its lease had ended");
    this.#granted.add(id);
    if (!Number.isSafeInteger(token) || (this.#scope.growing && token <= last)) {
      this.broken("tokens grow", `${place} was granted with token ${token} after ${last}`);
    }
    this.#tokens.set(place, Math.max(last, token));
  }

  /** No member of a group that does not exist. */
  #orphans(): void {
    const rows = this.#server().rows;
    const groups = new Set(
      rows.filter(({ resource }) => resource.endsWith("groups"))
        .map(({ seat }) => seat),
    );
    const orphan = rows.find(({ resource }) => {
      const [, group] = /\bgroup:(.*)$/.exec(resource) ?? [];
      return group !== undefined && !groups.has(group);
    });
    if (orphan) this.broken("a member's group exists", `${show(orphan)} has no group`);
  }

  /** Judges what everybody believes at this instant. */
  sweep(members: readonly Member[], now: number): void {
    const beliefs = members.flatMap((member) => this.#beliefs(member, now));
    const seats = new Map<string, Belief>();
    for (const belief of beliefs) {
      if (!this.#scope.exclusive || this.#taken.has(belief.id)) continue;
      if (!this.#server().live(belief.id)) {
        this.broken(
          "who believes to hold a lease has it",
          `${who(belief)} believes for ${
            Math.round(left(belief))
          } ms more, the backend does not know`,
        );
      }
      const place = `${belief.resource} ${belief.seat}`;
      const other = seats.get(place);
      if (other) this.#two(belief, other);
      seats.set(place, belief);
    }
    const permits = new Map<string, number>();
    for (const belief of seats.values()) {
      const { resource } = belief;
      if (resource.includes("readers:")) {
        const writer = seats.get(`${resource.replace("readers:", "lock:")} `);
        if (writer) this.#two(belief, writer);
      } else if (resource.includes("semaphore:")) {
        const count = (permits.get(resource) ?? 0) + 1;
        permits.set(resource, count);
        if (count > PERMITS) {
          this.broken("no more hold than there are permits", `${who(belief)} is one too many`);
        }
      }
    }
  }

  #two(one: Belief, other: Belief): void {
    this.broken("validity windows are disjoint", `${who(one)} and ${who(other)} both believe`);
  }

  /** What a process believes, or would if it looked now. */
  #beliefs(member: Member, now: number): Belief[] {
    const { host } = member;
    if (!host.alive) return [];
    const beliefs = [...member.leases.values()].map((lease): Belief => {
      const { resource, seat, id = "" } = lease.giveBack();
      return { member, lease, resource, seat, id };
    });
    const held = new Set(beliefs.map(({ id }) => id));
    for (const id of this.#held.get(member) ?? []) {
      if (!held.has(id)) this.#ended.add(id);
    }
    this.#held.set(member, held);
    // Whoever is told of losses is told in time, unless nothing of it could run.
    const told = member.watches && !host.clock.disturbed && !host.clock.kind.frozen && host.runs &&
      now - host.since > SLACK;
    for (const belief of beliefs) {
      if (this.#ended.has(belief.id)) {
        this.broken("lost is for ever", `${who(belief)} holds what had ended for it`);
      }
      if (told && left(belief) < -SLACK) {
        this.broken("a loss is told in time", `${who(belief)} was over ${-left(belief)} ms ago`);
      }
    }
    const believed = beliefs.filter((belief) => left(belief) > 0);
    const early = believed.find(({ id }) => numberOf(id) <= member.idsBeforeStop);
    if (early) {
      this.broken("a stop ends what was asked for before it", `${who(early)} was asked before it`);
    }
    return believed;
  }
}

/** How many ids its process had made when it made this one. */
function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

/** For how long it may be believed, by the clocks as they are. */
function left({ member, lease }: Belief): number {
  const age = member.host.clock.thawed(() => lease.age);
  return validity(lease.ttl, member.bounds) - age;
}

function who({ member, resource, seat, lease }: Belief): string {
  return `${member.host.name} (${resource} ${JSON.stringify(seat)}, token ${lease.token})`;
}

function show({ resource, seat, id, token }: Row): string {
  return `${resource} ${JSON.stringify(seat)} of ${id}, token ${token},`;
}
