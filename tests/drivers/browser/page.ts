/**
 * What runs in a page, and in workers of it: Baton, both suites, and what tests ask for. `site.ts` makes
 * one file of it, which calls itself `baton` there.
 *
 * @module
 */

import type { Lease } from "../../../mod.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { browser, type BrowserDriver } from "../../../drivers/browser/browser.ts";
import { wrapped } from "../../../drivers/kit/wrapped.ts";
import { type Case, casesFor, FakeClock } from "../../conformance/mod.ts";
import { coordinationCases } from "../../conformance/coordination/mod.ts";
import { LONG } from "../../conformance/operations.ts";
import { codeOf } from "../../../errors.ts";
import { getCoordinator } from "../../../url.ts";
import { FakeRuntime } from "../../core/fake_runtime.ts";
import { timedCases } from "../../runtimes/chosen.ts";

/** What a suite found. */
export interface Tried {
  /** How many laws were kept. */
  readonly kept: number;
  /** Those that were not, and why. */
  readonly broken: readonly string[];
}

/** Handles of a database of their own. */
class Handles {
  readonly #name = crypto.randomUUID();
  readonly #open: BrowserDriver[] = [];

  connect(now?: () => number): BrowserDriver {
    const driver = browser(this.#name, { now });
    this.#open.push(driver);
    return driver;
  }

  close(): void {
    for (const driver of this.#open.splice(0)) driver.close();
  }
}

async function tryAll<T extends { readonly name: string }>(
  cases: readonly T[],
  run: (law: T) => Promise<void>,
  lanes = 1,
): Promise<Tried> {
  const broken: string[] = [];
  const waiting = [...cases];
  const lane = async (): Promise<void> => {
    for (let law = waiting.shift(); law; law = waiting.shift()) {
      try {
        await run(law);
      } catch (error) {
        broken.push(`${law.name}: ${Object(error).stack}`);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { kept: cases.length - broken.length, broken };
}

/** Laws that wait for time to pass while a request is under way. */
const ofTime = ({ name }: Case): boolean => timedCases.includes(name) || /^rule 14:/.test(name);

/** The driver's laws but for those of time, on a clock that is set on by hand. */
export async function driverLaws(): Promise<Tried> {
  const clock = new FakeClock();
  const handles = new Handles();
  const backend = {
    connect: () => handles.connect(clock.now),
    pass: (ms: number) => clock.pass(ms),
    restart: () => Promise.resolve(handles.close()),
    tick: 1,
    rounds: 20,
  };
  const laws = (await casesFor(backend)).filter((law) => !ofTime(law));
  const run = async (law: Case): Promise<void> => {
    await law.run(backend);
    handles.close();
    await clock.pass(2 * LONG);
  };
  return await tryAll(laws, run);
}

/** Those of time, on the clock of the host. */
export async function lawsOfTime(): Promise<Tried> {
  const handles = new Handles();
  const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const backend = { connect: () => handles.connect(), pass, tick: 50 };
  const laws = (await casesFor(backend)).filter(ofTime);
  try {
    return await tryAll(laws, (law) => law.run(backend), 8);
  } finally {
    handles.close();
  }
}

/** The coordinator's laws. */
export async function coordinatorLaws(): Promise<Tried> {
  const runtime = new FakeRuntime();
  const handles = new Handles();
  let underWay = 0;
  runtime.busy = () => underWay > 0;
  const driver = (): Driver => {
    const inner = handles.connect(runtime.wall);
    const apply: Driver["apply"] = (ops, options) => {
      underWay++;
      return inner.apply(ops, options).finally(() => underWay--);
    };
    return { ...wrapped(inner), apply };
  };
  const place = { driver, runtime, pass: (ms: number) => runtime.advance(ms), tick: 250 };
  return await tryAll(coordinationCases, async (law) => {
    await law.run(place);
    handles.close();
  });
}

/** From when to when one believed that it had the lock, by the host's clock. */
export interface Belief {
  readonly token: number;
  readonly from: number;
  readonly to: number;
}

/** Takes a lock again and again, until it has had it so often. */
export async function contend(grants: number): Promise<Belief[]> {
  using driver = browser("race");
  const seat = { resource: "lock:x", seat: "" };
  const beliefs: Belief[] = [];
  while (beliefs.length < grants) {
    const id = crypto.randomUUID();
    const ttl = 10_000;
    const sent = Date.now();
    const [outcome] = await driver.apply([{ op: "acquire", ...seat, id, ttl, value: "" }]);
    const from = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 3 * Math.random()));
    if (!outcome?.ok) continue;
    const to = Date.now();
    const [lease] = outcome.leases;
    if (lease && to - sent < ttl) beliefs.push({ token: lease.token, from, to });
    await driver.apply([{ op: "release", ...seat, id }]);
  }
  return beliefs;
}

const held = new Map<string, { readonly lease: Lease; readonly events: string[] }>();

/** Takes a lock of this name by a URL, and keeps it. */
export async function hold(
  name: string,
  ttl: number,
): Promise<{ readonly token: number; readonly sent: number; readonly granted: number }> {
  const events: string[] = [];
  const on = ({ type }: { type: string }) => void events.push(type);
  const baton = await getCoordinator("browser:tabs", `member ${Math.random()}`, { on });
  await baton.start();
  const sent = Date.now();
  const lease = await baton.getLock(name).hold({ ttl, timeout: 100_000 });
  held.set(name, { lease, events });
  return { token: lease.token, sent, granted: Date.now() };
}

/** What is known of that lock here, without asking anybody. */
export function look(name: string): { readonly held: boolean; readonly lost: boolean } {
  const { lease, events } = found(name);
  return { held: lease.held && !lease.signal.aborted, lost: events.includes("lost") };
}

/** Asks whether it is ours still. */
export async function confirm(name: string): Promise<string> {
  try {
    await found(name).lease.confirm();
    return "confirmed";
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

function found(name: string) {
  const entry = held.get(name);
  if (!entry) throw new Error(`nobody took ${name} here`);
  return entry;
}

/** The code and the message of the error with which an acquisition fails; `undefined` if it does not. */
export async function errorOf(
  name: string,
  bytes = 0,
): Promise<readonly [code: string | undefined, message: string] | undefined> {
  using driver = browser(name);
  try {
    const value = "x".repeat(bytes);
    await driver.apply([
      { op: "acquire", resource: "lock:x", seat: "", id: crypto.randomUUID(), ttl: 60_000, value },
    ]);
    return undefined;
  } catch (error) {
    return [codeOf(error), Object(error).message];
  }
}

/** How many leases there are. */
export async function count(name: string): Promise<number | undefined> {
  using driver = browser(name);
  const [outcome] = await driver.apply([{ op: "list", prefix: "", limit: 1_000 }]);
  return outcome?.leases.length;
}

/** What can be asked for, by its name. */
const ASKED: Readonly<Record<string, (...args: never[]) => unknown>> = {
  driverLaws,
  lawsOfTime,
  coordinatorLaws,
  contend,
  hold,
};

/** Asks for one of these in a new worker of this page. */
export async function inWorker(what: string, ...args: unknown[]): Promise<unknown> {
  const worker = new Worker("/page.js");
  const answer = new Promise<{ value: unknown; error?: string }>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.postMessage([what, ...args]);
  const { value, error } = await answer;
  if (error !== undefined) throw new Error(error);
  return value;
}

/** What a worker has in place of a document. */
interface Scope {
  onmessage: (event: { readonly data: readonly [what: string, ...args: never[]] }) => void;
  postMessage(value: unknown): void;
}

if (!("document" in globalThis)) {
  const scope = globalThis as unknown as Scope;
  scope.onmessage = async ({ data: [what, ...args] }) => {
    try {
      scope.postMessage({ value: await ASKED[what]?.(...args) });
    } catch (error) {
      scope.postMessage({ error: `${Object(error).stack}` });
    }
  };
}
