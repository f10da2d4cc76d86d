/**
 * What every workload works with: dice, pauses, the register, and a coordinator like a user's.
 *
 * @module
 */

import { Coordinator } from "../../coordination/coordinator.ts";
import { LockAcquireFailed } from "../../errors.ts";
import type { Driver } from "../../drivers/driver.ts";
import type { Diary, Held } from "./diary.ts";

/** What a client is told when it is started. */
export interface Tools {
  /** Who it is, in this of its lives. */
  readonly who: string;
  /** Who it is in all of them. */
  readonly client: string;
  readonly driver: Driver;
  readonly diary: Diary;
  readonly random: () => number;
  /** Aborts when the run is over. */
  readonly stop: AbortSignal;
  /** Where the fenced register is. */
  readonly registerUrl: string;
  /** How far the backend's clock may be stepped, in ms. */
  readonly step: number;
  readonly volume: Volume;
}

/** How the busiest workload works. */
export interface Volume {
  /** How many operations go in one batch. */
  readonly batch: number;
  /** How many of the batches are calm: as heartbeats are, one request on every backend. */
  readonly calm: number;
  /** The mean pause between two, in ms. */
  readonly pause: number;
}

/** The shortest ttl that is used, in ms, where no clock is stepped and the backend keeps it. */
const SHORTEST = 1_000;
/** How long one request may take, in ms. */
const TIMEOUT = 1_000;

/** A coordinator of its own for each workload, so that none renews what is another's. */
export function coordinatorOf(tools: Tools, name: string): Coordinator {
  return new Coordinator(tools.driver, {
    memberId: `${tools.who}-${name}`,
    ttl: ttlOf(tools, 0),
    timeout: TIMEOUT,
    clocks: { step: tools.step },
    on: tools.diary.on,
  });
}

/** From one to three seconds; longer where clocks step, or little of it could be believed. */
export function ttlOf({ step, driver }: Tools, dice: number): number {
  return Math.round((Math.max(SHORTEST, driver.guarantees.minTtl) + 3 * step) * (1 + 2 * dice));
}

/** Waits. Nothing here waits so long that the end of the run could not wait for it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One of several. */
export function oneOf<T>(things: readonly T[], random: () => number): T {
  return things[Math.floor(random() * things.length)]!;
}

/** Does it again and again; what it throws is counted, and waited out for longer each time. */
export async function repeat(tools: Tools, work: () => Promise<void>): Promise<void> {
  let failures = 0;
  while (!tools.stop.aborted) {
    try {
      await work();
      failures = 0;
    } catch (error) {
      if (tools.stop.aborted) return;
      tools.diary.failed(error);
      if (!(error instanceof LockAcquireFailed)) await backOff(failures++, tools.random);
    }
  }
}

/** A pause that doubles with each failure, or those who wait would keep the server from its start. */
export function backOff(failures: number, random: () => number): Promise<void> {
  return pause(Math.min(1_000, 50 * 2 ** failures) * (0.5 + random()));
}

interface Answer {
  readonly accepted: boolean;
  readonly value: number;
}

/**
 * One read and one write of the register under a token, with time to be frozen in between. The read
 * shows the token, too: a write could not tell that what it was made from is old.
 */
export async function readAndWrite(
  tools: Tools,
  name: string,
  token: number,
  between: () => Promise<void>,
): Promise<void> {
  const { accepted, value } = await ask(tools, { name, verb: "read", token });
  if (!accepted) return;
  await between();
  await ask(tools, { name, verb: "write", token, value: value + 1 });
}

async function ask(tools: Tools, question: Readonly<Record<string, unknown>>): Promise<Answer> {
  const response = await fetch(tools.registerUrl, {
    method: "POST",
    // Runtimes send a request again by themselves when its connection breaks.
    body: JSON.stringify({ ...question, who: tools.who, nonce: crypto.randomUUID() }),
  });
  return await response.json() as Answer;
}

/** Looks, works a little, looks again; until the time is over or nothing is held any more. */
export async function believeFor(
  tools: Tools,
  held: Held,
  isHeld: () => boolean,
  ms: number,
): Promise<void> {
  const { random, stop } = tools;
  const end = performance.now() + ms;
  while (held.sample(isHeld) && performance.now() < end && !stop.aborted) {
    await pause(10 + 40 * random());
  }
}
