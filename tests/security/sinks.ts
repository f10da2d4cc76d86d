/**
 * Every way in which something could get into a log, a page or a tracker of errors.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type Leak, leaksIn } from "./secrets.ts";

/** What each sink makes of a thing. */
export const SINKS: Readonly<Record<string, (thing: unknown) => string>> = {
  "String": (thing) => String(thing),
  "the message": (thing) => String(Object(thing).message),
  "the stack": (thing) => String(Object(thing).stack),
  "JSON": (thing) => toJson(thing),
  "JSON of all own properties": (thing) => toJson(Object.getOwnPropertyDescriptors(Object(thing))),
  "the chain of causes": (thing) => causesOf(thing).map((each) => inspect(each)).join("\n"),
  // Both together call the getters of its class, too.
  "node's inspect, hidden properties and getters too": (thing) =>
    inspect(thing, { ...ALL, showHidden: true, getters: true }),
  "node's inspect, getters too": (thing) => inspect(thing, { ...ALL, getters: true }),
  "node's inspect, of the bare object": (thing) => inspect(thing, { ...ALL, customInspect: false }),
  "Deno's inspect, hidden properties and getters too": (thing) =>
    Deno.inspect(thing, { ...DENO, showHidden: true, getters: true }),
  "Deno's inspect, getters too": (thing) => Deno.inspect(thing, { ...DENO, getters: true }),
  "a walk through everything": (thing) => walk(thing).join("\n"),
};

const ALL = {
  depth: Infinity,
  showProxy: true,
  maxArrayLength: null,
  maxStringLength: null,
} as const;

const DENO = {
  depth: 1_000,
  iterableLimit: 100_000,
  strAbbreviateSize: 1_000_000,
  showProxy: true,
};

function toJson(thing: unknown): string {
  const seen = new Set<unknown>();
  try {
    return JSON.stringify(thing, (_, each) => {
      if (typeof each === "bigint" || typeof each === "function") return String(each);
      if (typeof each !== "object" || each === null) return each;
      if (seen.has(each)) return "seen";
      seen.add(each);
      return each instanceof Map || each instanceof Set ? [...each] : each;
    }) ?? "";
  } catch (error) {
    return String(error);
  }
}

function causesOf(thing: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let each = Object(thing).cause; each && !causes.includes(each); each = Object(each).cause) {
    causes.push(each);
  }
  return causes;
}

/** Every text that can be reached by property, getter, symbol, entry or prototype of an error. */
function walk(thing: unknown, seen: Set<unknown> = new Set()): string[] {
  if (typeof thing !== "object" && typeof thing !== "function") return [String(thing)];
  if (thing === null || seen.has(thing)) return [];
  seen.add(thing);
  const texts: string[] = [];
  if (thing instanceof Map || thing instanceof Set || thing instanceof Headers) {
    for (const each of thing) texts.push(...walk(each, seen));
  }
  for (const key of Reflect.ownKeys(thing)) {
    let value: unknown;
    try {
      value = Reflect.get(thing, key, thing);
    } catch {
      continue; // A getter that throws tells nothing.
    }
    texts.push(String(key), ...walk(value, seen));
  }
  return texts;
}

/** No sink shows anything of a secret, or of what `find` looks for. */
export function assertNoSecret(
  thing: unknown,
  where: string,
  find: (text: string) => readonly Leak[] = leaksIn,
): void {
  for (const [sink, show] of Object.entries(SINKS)) {
    const [leak] = find(show(thing));
    if (leak) assert.fail(`${leak.secret}, in ${sink} of ${where}: …${leak.around}…`);
  }
}

/** What is printed to the console while `run` runs. */
export async function printed(run: () => Promise<unknown>): Promise<string> {
  const out = console;
  const lines: string[] = [];
  const methods = ["log", "info", "warn", "error", "debug", "trace", "dir", "table"] as const;
  const originals = methods.map((method) => [method, out[method]] as const);
  for (const method of methods) {
    out[method] = (...things: unknown[]) => {
      lines.push(...things.map((each) => `${String(each)} ${inspect(each, ALL)}`));
    };
  }
  try {
    await run();
  } finally {
    for (const [method, original] of originals) out[method] = original;
  }
  return lines.join("\n");
}

/** A response as it goes out, status line and headers included. */
export async function sentOut(response: Response): Promise<string> {
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  return [`${response.status} ${response.statusText}`, ...lines, await response.text()].join("\n");
}

/** What a call came to: its answer, or what it threw. */
export async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}
