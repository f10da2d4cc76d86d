/**
 * One run of the simulation: chaos, then peace, in which everything must work again, then the end,
 * after which nothing may be left.
 *
 * @module
 */

import type { CoordinatorOptions } from "../../mod.ts";
import type { Op, Outcome } from "../../drivers/driver.ts";
import { between, Dice } from "./dice.ts";
import { type Fault, Faults } from "./faults.ts";
import { Host } from "./host.ts";
import { Laws, Violation } from "./laws.ts";
import { Member, type Work } from "./member.ts";
import { clocks, draw, type Plan, type WorkName } from "./plan.ts";
import { Schedule } from "./schedule.ts";
import { Server } from "./server.ts";
import { refusal } from "./refusals.ts";
import { line } from "./trace.ts";
import { type Network, Wire } from "./wire.ts";
import { edges } from "./works/edges.ts";
import { elections, observers, Terms } from "./works/elections.ts";
import { founders, members, nothingUnderstood, watchers } from "./works/groups.ts";
import { breaks, locks, Register, semaphores } from "./works/locks.ts";
import { type Mode, Runs, slots } from "./works/slots.ts";
import { waiters } from "./works/waiters.ts";

/** How a run ended. */
export interface Report {
  /** The law that was broken first, if any. */
  readonly violation: Violation | undefined;
  /** When that was, in true ms. */
  readonly at: number;
  /** The names of the faults that struck, in order. */
  readonly struck: readonly string[];
  /** How often each fault met each kind of request, and what else was seen that is rare. */
  readonly seen: ReadonlyMap<string, number>;
  /** How many events there were. */
  readonly events: number;
  /** How many requests were done by the backend. */
  readonly requests: number;
  /** The same for two runs only if the same has happened. */
  readonly digest: number;
}

/** How often beliefs are judged even if nothing happens, in ms. */
const LOOK = 150;

/** One run. */
export class World implements Network {
  readonly schedule = new Schedule();
  readonly dice: Dice;
  readonly plan: Plan;
  readonly faults: Faults;
  readonly server: Server;
  readonly laws: Laws;
  readonly longest: number;
  /** Told what happens, for people. */
  notes: ((who: string, what: string) => void) | undefined;
  readonly #lives = new Map<number, number>();
  readonly #living: (Member | undefined)[] = [];
  readonly #works: Record<WorkName, (index: number) => Work>;
  readonly #runs: Record<"once" | "retry" | "edgeOnce" | "edgeRetry", Runs>;
  #violation: Violation | undefined;
  #at = 0;
  #requests = 0;
  #digest = 0;
  #looking = true;

  constructor(seed: number, only?: ReadonlySet<string>) {
    this.dice = new Dice(seed);
    this.plan = draw(this.dice);
    const { odds, scope, rate, ttl } = this.plan;
    this.longest = 3 * ttl;
    this.faults = new Faults(this.dice, odds, (name) => this.notes?.("FAULT", name), only);
    this.laws = new Laws(scope, () => this.server, (violation) => this.#broken(violation));
    this.server = new Server(this.schedule, rate, (done) => {
      this.#requests++;
      for (const { ok } of done.outcomes) this.#mix(ok ? 1 : 0);
      this.#mix(done.at);
      done.ops.forEach((op, n) => this.notes?.(done.from, line(op, done.outcomes[n] as Outcome)));
      this.laws.done(done);
      for (const runs of Object.values(this.#runs)) runs.done(done);
      this.#look();
    });
    const register = () => new Register(this.schedule, this.laws, scope.growing);
    const registers = new Map([["a", register()], ["b", register()]]);
    const terms = new Terms(this.laws, scope);
    const runs = (job: string, mode: Mode) => new Runs(job, mode, this.laws, scope);
    this.#runs = {
      once: runs("once", "once"),
      retry: runs("retry", "retry"),
      edgeOnce: runs("edge once", "once"),
      edgeRetry: runs("edge retry", "retry"),
    };
    const known = this.plan.members.map(nothingUnderstood);
    this.#works = {
      locks: () => locks(registers, this.laws),
      breaks: () => breaks,
      semaphores: () => semaphores(this.laws),
      elections: () => elections(terms, this.laws),
      observers: () => observers(this.laws, scope),
      once: () => slots(this.#runs.once, this.schedule),
      retry: () => slots(this.#runs.retry, this.schedule),
      edges: () => edges([this.#runs.edgeOnce, this.#runs.edgeRetry], this.laws),
      waiters: () => waiters(this.laws, this.schedule, () => this.faults.healed),
      members: () => members(this.laws),
      founders: () => founders,
      watchers: (index) => watchers(known[index] as typeof known[0], this.laws, scope),
    };
  }

  /** Runs it. */
  async run(): Promise<Report> {
    const { chaos, ttl } = this.plan;
    const over = () => this.#violation !== undefined;
    const unhandled = (event: PromiseRejectionEvent): void => {
      event.preventDefault();
      this.laws.broken("every promise is taken care of", told(event.reason));
    };
    globalThis.addEventListener("unhandledrejection", unhandled);
    this.plan.members.forEach((_, index) => this.#start(index));
    this.#watch();
    this.#harm();
    await this.schedule.until(chaos, over);
    this.#heal();
    // What was late may come still, and be granted, and end by itself; then a waiter looks again.
    const recovered = chaos + this.longest + ttl + 5_500;
    await this.schedule.until(recovered, over);
    const before = new Map(this.laws.seen);
    const calm = recovered + 4 * ttl + 4_000;
    await this.schedule.until(calm, over);
    if (!over()) this.#judgeRecovery(before, recovered);
    for (const member of this.members) member.stop();
    const end = calm + this.longest + 2 * ttl + 12_000;
    await this.schedule.until(end, over);
    this.#looking = false;
    if (!over()) this.#judgeEnd();
    globalThis.removeEventListener("unhandledrejection", unhandled);
    return {
      violation: this.#violation,
      at: this.#at,
      struck: this.faults.struck,
      seen: this.laws.seen,
      events: this.schedule.happened,
      requests: this.#requests,
      digest: this.#digest,
    };
  }

  /** Everybody who is alive. */
  get members(): Member[] {
    return this.#living.filter((member) => member !== undefined);
  }

  count(fault: Fault, ops: readonly Op[]): void {
    for (const kind of new Set(ops.map(kindOf))) this.laws.saw(`${fault} × ${kind}`);
    if (ops.length > 2) this.laws.saw(`${fault} × tick`);
  }

  #broken(violation: Violation): void {
    this.#violation ??= violation;
    this.#at = this.schedule.now;
  }

  #mix(value: number): void {
    this.#digest = (Math.imul(this.#digest, 31) + Math.floor(value * 1_000)) | 0;
  }

  #look(): void {
    if (this.#violation === undefined) this.laws.sweep(this.members, this.schedule.now);
  }

  #watch(): void {
    if (!this.#looking) return;
    this.#look();
    this.schedule.in(LOOK, () => this.#watch());
  }

  /** A member begins a life. */
  #start(index: number): void {
    const life = (this.#lives.get(index) ?? 0) + 1;
    this.#lives.set(index, life);
    const memberId = `m${index}`;
    const name = `${memberId}.${life}`;
    const { ttl, namespace, members, odds } = this.plan;
    const random = this.dice.of(`${name} choices`);
    const host = new Host(name, this.schedule, this.dice, clocks(random, this.plan));
    const options: CoordinatorOptions = {
      memberId,
      ttl,
      // Nothing to spare: what a clock may do here is all that is allowed for.
      ...(!odds.has("clock step") && { clocks: { step: 0 } }),
      ...(random() < 0.8 && { on: () => {} }),
      ...(random() < 0.3 && { heartbeatInterval: ttl / 4 }),
      ...(random() < 0.3 && { timeout: between(random, 200, 2_000) }),
      ...(random() < 0.2 && { subrequests: 100_000 }),
      ...(namespace !== undefined && { namespace }),
    };
    const member = new Member({
      host,
      wire: new Wire(host, this),
      random: this.dice.of(`${name} work`),
      options,
      beats: random() < 0.6 && host.lasting,
      trouble: ({ code, message }) => {
        this.laws.saw(`error: ${code}`);
        if (/was granted, but/.test(message)) this.laws.saw("a grant came too late to be believed");
      },
      wrong: (error) =>
        this.#broken(new Violation("errors are what users are told of", told(error))),
    });
    this.#living[index] = member;
    for (const work of members[index] ?? []) member.begin(work, this.#works[work](index));
  }

  /** Gives every fault of hosts and server a chance, every now and then. */
  #harm(): void {
    for (let at = 300; at < this.plan.chaos; at += 500) {
      this.schedule.at(at, () => this.#harmServer(`${at}`));
      this.plan.members.forEach((_, index) =>
        this.schedule.at(at, () => this.#harmHost(index, `${at} m${index}`))
      );
    }
  }

  #harmHost(index: number, where: string): void {
    const member = this.#living[index];
    if (!member || this.faults.healed) return;
    const { host, wire } = member;
    const { ttl } = this.plan;
    const random = (fault: Fault) => {
      const strikes = this.faults.strikes(fault, where);
      if (strikes) this.laws.saw(fault);
      return strikes;
    };
    const pause = random("pause");
    if (pause) {
      const ms = between(pause, 0, 3 * ttl);
      if (ms > ttl && member.leases.size > 0) this.laws.saw("a holder was stopped beyond its ttl");
      host.stop(ms);
    }
    const asleep = random("sleep");
    if (asleep) host.stop(between(asleep, 0, 3 * ttl), true);
    const cut = random("partition");
    if (cut) wire.cutUntil = this.schedule.now + between(cut, 100, 2 * ttl);
    // One clock must be left to trust: the other may stop, or not be there.
    const { stopsAsleep, frozen } = host.clock.kind;
    const step = stopsAsleep || frozen ? undefined : random("wall clock step");
    if (step) host.clock.step(between(step, -60_000, 60_000));
    const stopped = random("stop");
    if (stopped) {
      this.schedule.in(between(stopped, 0, 500), () =>
        host.deliver(() => {
          for (const { what } of member.calls) this.laws.saw(`stop × ${what}`);
          member.interrupt();
        }));
    }
    const evicted = random("evict");
    if (evicted) {
      // Told that the end is near, it has a moment to give back what it holds.
      member.stop();
      this.schedule.in(between(evicted, 0, 3_000), () => this.#kill(index, member, evicted()));
    }
    const killed = random("kill");
    if (killed) {
      if (member.leases.size > 0) this.laws.saw("a holder was killed");
      this.#kill(index, member, killed());
    }
  }

  /** Kills a member, which comes back after a while. */
  #kill(index: number, member: Member, random: number): void {
    if (this.#living[index] !== member) return;
    member.host.kill();
    this.#living[index] = undefined;
    this.schedule.in(random * 4_000, () => this.#start(index));
  }

  #harmServer(where: string): void {
    if (this.faults.healed) return;
    const { server, schedule } = this;
    const random = (fault: Fault) => {
      const strikes = this.faults.strikes(fault, where);
      if (strikes) this.laws.saw(fault);
      return strikes;
    };
    const restart = random("restart");
    if (restart) this.#restart(between(restart, 10, 1_500));
    const stale = random("stale reads");
    if (stale) {
      server.lag = between(stale, 50, 2_000);
      schedule.in(between(stale, 200, 3_000), () => server.lag = 0);
    }
    const refused = random("refusals");
    if (refused && !server.refusal) {
      server.refusal = refusal(refused);
      schedule.in(between(refused, 1_000, this.plan.chaos / 2), () => server.refusal = undefined);
    }
    // Within bounds one clock jumps by less than 500 ms in all during one ttl.
    const step = random("clock step");
    if (step && schedule.now > this.#stepped + this.plan.stepsApart) {
      this.#stepped = schedule.now;
      server.clock.step(between(step, -480, 480));
    }
    const astray = random("clock step beyond bounds");
    if (astray) server.clock.step(between(astray, -5_000, 5_000));
    const lost = random("data lost");
    if (lost) {
      if (server.rows.length > 0) this.laws.saw("data was lost while leases lived");
      void server.lose(lost() < 0.3 ? Infinity : between(lost, 0, 3_000));
      this.#restart(between(lost, 10, 500));
    }
  }

  #stepped = -Infinity;

  #restart(ms: number): void {
    this.server.down = true;
    this.schedule.in(ms, () => this.server.down = false);
  }

  #heal(): void {
    this.faults.healed = true;
    this.server.down = false;
    this.server.refusal = undefined;
    this.server.lag = 0;
    for (const { host, wire } of this.members) {
      wire.cutUntil = 0;
      host.wake();
    }
  }

  /** What must have happened since all is well. */
  #judgeRecovery(before: ReadonlyMap<string, number>, recovered: number): void {
    const has = (name: WorkName) => this.plan.members.some((works) => works.includes(name));
    const grew = (what: string) => (this.laws.seen.get(what) ?? 0) > (before.get(what) ?? 0);
    const again: [WorkName, string][] = [
      ["locks", "a lock was taken"],
      ["semaphores", "a permit was taken"],
      ["members", "a member was there"],
    ];
    for (const [work, what] of again) {
      // Who is out of a group that was deleted meanwhile stays out.
      if (work === "members" && has("founders")) continue;
      if (has(work) && !grew(what)) {
        this.laws.broken("what others held is free again", `not once ${what}, though all is well`);
      }
    }
    if (has("elections") && !this.server.rows.some(({ resource }) => /\bleader:/.test(resource))) {
      if (!grew("a leader acted")) {
        this.laws.broken("a leader is found again", "nobody leads though all is well");
      }
    }
    for (const [index, member] of this.#living.entries()) {
      if (member) this.#judgeEach(member, this.plan.members[index] ?? []);
    }
    const { due, ended } = this.#runs.retry;
    for (const slot of due) {
      const old = slot - 1_800_000_000_000 < recovered - 3_000;
      const asked = this.plan.members.some((works, index) =>
        works.includes("retry") && this.#lives.get(index) === 1
      );
      if (old && asked && !ended.has(slot)) {
        this.laws.broken("every slot is completed in the end", `slot ${slot} never was`);
      }
    }
  }

  /** What each must have got since all is well, and not only somebody. */
  #judgeEach(member: Member, works: readonly WorkName[]): void {
    const { laws, plan: { chaos } } = this;
    const { host, stops, calls } = member;
    const founded = this.plan.members.some((works) => works.includes("founders"));
    for (const work of ["waiters", "members"] as const) {
      if (!works.includes(work) || (work === "members" && founded)) continue;
      if (laws.lastManaged(member, work) < chaos) {
        laws.broken("everybody gets on again", `${host.name} is not among the ${work} again`);
      }
    }
    if (works.includes("elections") && laws.asked(host.name, "leader") < chaos) {
      laws.broken("every candidate campaigns again", `${host.name} does not`);
    }
    const call = [...calls].find((call) => call.stops < stops);
    if (call) laws.broken("a stop ends what was asked for before it", `${host.name}: ${call.what}`);
  }

  /** What may be left when everybody has stopped, and every lease has had its time. */
  #judgeEnd(): void {
    for (const { host, busy } of this.members) {
      if (busy.size > 0) this.laws.broken("who is stopped ends", `${host.name}: ${[...busy]}`);
      if (host.timers > 0) {
        this.laws.broken("no timer is left behind", `${host.timers} in ${host.name}`);
      }
    }
    // Groups, farewells and slots are kept on purpose.
    const row = this.server.rows.find(({ resource }) =>
      !/\b(groups|left:\w+|cron:[\w ]+)$/.test(resource)
    );
    if (row) {
      this.laws.broken("no lease is left behind", `${row.resource} ${row.seat} of ${row.id}`);
    }
  }
}

/** What a request is about. */
function kindOf(op: Op): string {
  return op.op === "acquire" && /\bcron:/.test(op.resource) ? "claim" : op.op;
}

function told(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
