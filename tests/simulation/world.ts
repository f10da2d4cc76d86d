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
import { Harm } from "./harm.ts";
import { Host } from "./host.ts";
import { Laws, Violation } from "./laws.ts";
import { Member } from "./member.ts";
import { clocks, draw, type Plan } from "./plan.ts";
import { Schedule } from "./schedule.ts";
import { Server } from "./server.ts";
import { line } from "./trace.ts";
import { type Judged, judgeEnd, judgeRecovery } from "./verdicts.ts";
import { type Network, Wire } from "./wire.ts";
import { Works } from "./works/mod.ts";

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
  /** How often each member was started, by index. */
  readonly lives = new Map<number, number>();
  /** Who is alive, by index. */
  readonly living: (Member | undefined)[] = [];
  readonly #works: Works;
  readonly #harm: Harm;
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
      this.#works.done(done);
      this.#look();
    });
    this.#works = new Works(this.plan, this.laws, this.schedule, this.faults);
    this.#harm = new Harm(this);
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
    this.#harm.begin();
    await this.schedule.until(chaos, over);
    this.#harm.heal();
    // What was late may come still, and be granted, and end by itself; then a waiter looks again.
    const recovered = chaos + this.longest + ttl + 5_500;
    await this.schedule.until(recovered, over);
    const before = new Map(this.laws.seen);
    const calm = recovered + 4 * ttl + 4_000;
    await this.schedule.until(calm, over);
    if (!over()) judgeRecovery(this.#judged, before, recovered);
    for (const member of this.members) member.stop();
    const end = calm + this.longest + 2 * ttl + 12_000;
    await this.schedule.until(end, over);
    this.#looking = false;
    if (!over()) judgeEnd(this.#judged);
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
    return this.living.filter((member) => member !== undefined);
  }

  count(fault: Fault, ops: readonly Op[]): void {
    for (const kind of new Set(ops.map(kindOf))) this.laws.saw(`${fault} × ${kind}`);
    if (ops.length > 2) this.laws.saw(`${fault} × tick`);
  }

  /** Kills a member, which comes back after a while. */
  kill(index: number, member: Member, random: number): void {
    if (this.living[index] !== member) return;
    member.host.kill();
    this.living[index] = undefined;
    this.schedule.in(random * 4_000, () => this.#start(index));
  }

  get #judged(): Judged {
    const { plan, laws, server, living, lives } = this;
    return { plan, laws, server, living, lives, retried: this.#works.retried };
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
    const life = (this.lives.get(index) ?? 0) + 1;
    this.lives.set(index, life);
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
    this.living[index] = member;
    for (const work of members[index] ?? []) member.begin(work, this.#works.of(work, index));
  }
}

/** What a request is about. */
function kindOf(op: Op): string {
  return op.op === "acquire" && /\bcron:/.test(op.resource) ? "claim" : op.op;
}

function told(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
