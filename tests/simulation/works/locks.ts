/**
 * Locks, exclusive and shared, over a register that checks tokens: read, think, write one more.
 *
 * @module
 */

import type { Lease } from "../../../mod.ts";
import { type Laws, PERMITS } from "../laws.ts";
import type { Member, Work } from "../member.ts";
import { between, oneOf } from "../dice.ts";
import type { Schedule } from "../schedule.ts";

/** A number that whoever has read it last, by token, may change. */
export class Register {
  #value = 0;
  #fence = 0;
  readonly #schedule: Schedule;
  readonly #laws: Laws;
  /** Whether tokens can be relied on in this run. */
  readonly #fenced: boolean;

  constructor(schedule: Schedule, laws: Laws, fenced: boolean) {
    this.#schedule = schedule;
    this.#laws = laws;
    this.#fenced = fenced;
  }

  /** Its value; whoever has an older token is refused from now on. */
  async read(member: Member, token: number): Promise<number | undefined> {
    return await this.#at(member, token, () => this.#value);
  }

  /** Writes; nothing that was written since `read` may be lost. */
  async write(member: Member, token: number, read: number): Promise<void> {
    await this.#at(member, token, () => {
      if (this.#fenced && read !== this.#value) {
        this.#laws.broken(
          "no write is lost where tokens are checked",
          `${member.host.name} (token ${token}) read ${read} and overwrites ${this.#value}`,
        );
      }
      this.#value = read + 1;
    });
  }

  /** Does something at the register, some time after it was asked for; it may be too late by then. */
  #at<T>(member: Member, token: number, what: () => T): Promise<T | undefined> {
    const [there, back] = [between(member.random, 1, 40), between(member.random, 1, 40)];
    return new Promise((resolve) =>
      this.#schedule.in(there, () => {
        const stale = token < this.#fence;
        if (stale) this.#laws.saw("a stale token was refused");
        this.#fence = Math.max(this.#fence, token);
        const answer = stale ? undefined : what();
        this.#schedule.in(back, () => member.host.deliver(() => resolve(answer)));
      })
    );
  }
}

const NAMES = ["a", "b"];

/** Takes locks and works under them, in every way there is. */
export function locks(registers: ReadonlyMap<string, Register>, laws: Laws): Work {
  return async (member) => {
    const { random, coordinator } = member;
    await member.repeat(50, 600, async () => {
      const name = oneOf(random, NAMES);
      const lock = coordinator.getLock(name);
      const shared = random() < 0.25;
      const options = {
        shared,
        timeout: oneOf(random, [0, 0, 300, 2_000]),
        signal: member.signal,
      };
      const work = (lease: Lease) =>
        workUnder(member, lease, shared ? undefined : registers.get(name), laws);
      if (random() < 0.3) return await lock.with(work, options);
      const lease = await member.call("wait", () => lock.acquire(options));
      if (!lease) return laws.saw("a lock was refused");
      await work(lease);
      // Some forget it for so long that it ends by itself, unless something renews all they have.
      if (random() < 0.15) await member.sleep(between(random, 0, 1.5 * lease.ttl));
      await lease.release();
    });
  };
}

async function workUnder(
  member: Member,
  lease: Lease,
  register: Register | undefined,
  laws: Laws,
): Promise<void> {
  const { random, host } = member;
  laws.saw("a lock was taken");
  const read = await register?.read(member, lease.token);
  let lost = false;
  const held = (): boolean => {
    const { held } = lease;
    if (held && (lost || (random() < 0.2 && lease.signal.aborted))) {
      laws.broken("lost is for ever", `${lease.resource} is held again in ${host.name}`);
    }
    lost ||= !held;
    return held;
  };
  for (let rest = Math.floor(random() * 5); rest > 0; rest--) {
    await member.sleep(between(random, 5, lease.ttl / 4));
    const how = random();
    if (how < 0.15) await lease.renew();
    else if (how < 0.3 && held()) {
      await lease.confirm();
      laws.saw("a lease was confirmed");
    } else if (how < 0.36) await host.compute(between(random, 0, lease.ttl));
    held();
  }
  // Half of them write whether or not they still believe: the token decides.
  if (read === undefined || (random() < 0.5 && !held())) return;
  await register?.write(member, lease.token, read);
}

/** Takes locks away from whoever has them. */
export const breaks: Work = (member) =>
  member.repeat(1_000, 5_000, async () => {
    await member.coordinator.getLock(oneOf(member.random, NAMES)).break();
  });

/** Takes permits. */
export function semaphores(laws: Laws): Work {
  return (member) =>
    member.repeat(50, 500, async () => {
      const { random } = member;
      const semaphore = member.coordinator.getSemaphore("s", PERMITS);
      const timeout = oneOf(random, [0, 500]);
      const options = { timeout, signal: member.signal };
      const lease = await member.call("wait", () => semaphore.acquire(options));
      if (!lease) return laws.saw("a permit was refused");
      laws.saw("a permit was taken");
      await member.sleep(between(random, 0, lease.ttl / 2));
      if (random() < 0.1) await member.sleep(between(random, 0, 1.5 * lease.ttl));
      await lease.release();
    });
}
