/**
 * What strikes processes and the backend now and then, and the end of all that.
 *
 * @module
 */

import { between, type Stream } from "./dice.ts";
import type { Fault, Faults } from "./faults.ts";
import type { Laws } from "./laws.ts";
import type { Member } from "./member.ts";
import type { Plan } from "./plan.ts";
import { refusal } from "./refusals.ts";
import type { Schedule } from "./schedule.ts";
import type { Server } from "./server.ts";

/** What can be struck. */
export interface Targets {
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly faults: Faults;
  readonly laws: Laws;
  readonly server: Server;
  /** Who lives, by index. */
  readonly living: readonly (Member | undefined)[];
  /** Kills one that comes back after a while. */
  kill(index: number, member: Member, random: number): void;
}

/** One run's harm. */
export class Harm {
  readonly #targets: Targets;
  /** When the backend's clock was stepped last, within its bounds. */
  #stepped = -Infinity;

  constructor(targets: Targets) {
    this.#targets = targets;
  }

  /** Gives every fault of hosts and server a chance, every now and then. */
  begin(): void {
    const { plan, schedule } = this.#targets;
    for (let at = 300; at < plan.chaos; at += 500) {
      schedule.at(at, () => this.#harmServer(`${at}`));
      plan.members.forEach((_, index) =>
        schedule.at(at, () => this.#harmHost(index, `${at} m${index}`))
      );
    }
  }

  #harmHost(index: number, where: string): void {
    const { faults, laws, living, plan: { ttl }, schedule } = this.#targets;
    const member = living[index];
    if (!member || faults.healed) return;
    const { host, wire } = member;
    const random = (fault: Fault) => this.#strikes(fault, where);
    const pause = random("pause");
    if (pause) {
      const ms = between(pause, 0, 3 * ttl);
      if (ms > ttl && member.leases.size > 0) laws.saw("a holder was stopped beyond its ttl");
      host.stop(ms);
    }
    const asleep = random("sleep");
    if (asleep) host.stop(between(asleep, 0, 3 * ttl), true);
    const cut = random("partition");
    if (cut) wire.cutUntil = schedule.now + between(cut, 100, 2 * ttl);
    // One clock must be left to trust: the other may stop, or not be there.
    const { stopsAsleep, frozen } = host.clock.kind;
    const step = stopsAsleep || frozen ? undefined : random("wall clock step");
    if (step) host.clock.step(between(step, -60_000, 60_000));
    const stopped = random("stop");
    if (stopped) {
      schedule.in(between(stopped, 0, 500), () =>
        host.deliver(() => {
          for (const { what } of member.calls) laws.saw(`stop × ${what}`);
          member.interrupt();
        }));
    }
    const evicted = random("evict");
    if (evicted) {
      // Told that the end is near, it has a moment to give back what it holds.
      member.stop();
      schedule.in(between(evicted, 0, 3_000), () => this.#targets.kill(index, member, evicted()));
    }
    const killed = random("kill");
    if (killed) {
      if (member.leases.size > 0) laws.saw("a holder was killed");
      this.#targets.kill(index, member, killed());
    }
  }

  #harmServer(where: string): void {
    const { faults, laws, plan, server, schedule } = this.#targets;
    if (faults.healed) return;
    const random = (fault: Fault) => this.#strikes(fault, where);
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
      schedule.in(between(refused, 1_000, plan.chaos / 2), () => server.refusal = undefined);
    }
    // Within bounds one clock jumps by less than 500 ms in all during one ttl.
    const step = random("clock step");
    if (step && schedule.now > this.#stepped + plan.stepsApart) {
      this.#stepped = schedule.now;
      server.clock.step(between(step, -480, 480));
    }
    const astray = random("clock step beyond bounds");
    if (astray) server.clock.step(between(astray, -5_000, 5_000));
    const lost = random("data lost");
    if (lost) {
      if (server.rows.length > 0) laws.saw("data was lost while leases lived");
      void server.lose(lost() < 0.3 ? Infinity : between(lost, 0, 3_000));
      this.#restart(between(lost, 10, 500));
    }
  }

  #strikes(fault: Fault, where: string): Stream | undefined {
    const { faults, laws } = this.#targets;
    const strikes = faults.strikes(fault, where);
    if (strikes) laws.saw(fault);
    return strikes;
  }

  #restart(ms: number): void {
    const { server, schedule } = this.#targets;
    server.down = true;
    schedule.in(ms, () => server.down = false);
  }

  /** Ends it: from now on all is well. */
  heal(): void {
    const { faults, server, living } = this.#targets;
    faults.healed = true;
    server.down = false;
    server.refusal = undefined;
    server.lag = 0;
    for (const member of living) {
      if (!member) continue;
      const { host, wire } = member;
      wire.cutUntil = 0;
      host.wake();
    }
  }
}
