/**
 * What came of it, for people and for programs.
 *
 * @module
 */

import type { Result } from "./chaos.ts";
import type { RefusalTime, Violation } from "./history.ts";

/** How many violations are shown, and how many lines of each. */
const [MOST, LINES] = [10, 8];

/** Whether a run is in order. */
export function passed({ violations, shortfalls }: Result): boolean {
  return violations.length === 0 && shortfalls.length === 0;
}

/** The command that repeats a run. */
export function commandOf({ options }: Result): string {
  const { target, operations, kills, pauses, refusals, refusalMs, seed } = options;
  return `deno run -A tests/chaos/main.ts --backend ${target.name} --operations ${operations} ` +
    `--kills ${kills} --pauses ${pauses} --refusals ${refusals} --refusal-ms ${refusalMs} ` +
    `--seed ${seed}`;
}

/** A column for each backend. */
export function tableOf(results: readonly Result[]): string {
  const kinds = [...new Set(results.flatMap(({ faults }) => Object.keys(faults)))].sort();
  const rows: [string, (result: Result) => string | number][] = [
    ["operations", ({ sum }) => sum.operations],
    ["  a second", ({ sum, seconds }) => Math.round(sum.operations / seconds)],
    ["  without answer", ({ sum }) => sum.unanswered],
    ["HTTP requests", ({ requests }) => requests],
    ["granted", ({ sum }) => sum.granted],
    ["refused", ({ sum }) => sum.refused],
    ["unknown, told to callers", ({ sum }) => unknown(sum.errors)],
    ["losses told to holders", ({ sum }) => sum.lost],
    ["beliefs: locks", ({ windows }) => (windows["exclusive"] ?? 0) + (windows["shared"] ?? 0)],
    ["  permits", ({ windows }) => windows["permit"] ?? 0],
    ["  leaders", ({ windows }) => windows["leader"] ?? 0],
    ["  members", ({ windows }) => windows["member"] ?? 0],
    ["  runs in retry", ({ windows }) => windows["run"] ?? 0],
    ["fenced register: accepted", ({ register }) => register.accepted],
    ["  refused", ({ register }) => register.refused],
    ["server kills", ({ damage }) => damage.kills.length],
    ["  median down, ms", ({ damage }) => Math.round(median(damage.down))],
    ["server pauses", ({ damage }) => damage.serverPauses],
    ["server refusals", ({ damage }) => damage.refusals.length],
    ["  seconds of them", ({ damage }) => Math.round(damage.refusals.reduce(lasting, 0) / 1_000)],
    ["  requests refused", ({ sum }) => sum.turnedAway],
    ["calls stopped midway", ({ stopped }) => Object.values(stopped).reduce(add, 0)],
    ["in open transactions", ({ within }) => Object.values(within).reduce(add, 0)],
    ["answered from memory", ({ fromMemory }) => fromMemory],
    ["client pauses", ({ damage }) => damage.clientPauses],
    ["client kills", ({ damage }) => damage.clientKills],
    ["clock steps", ({ damage }) => damage.clockSteps],
    ["faults", ({ faults }) => Object.values(faults).reduce(add, 0)],
    ...kinds.map((kind): [string, (result: Result) => number] => [
      `  ${kind}`,
      ({ faults }) => faults[kind] ?? 0,
    ]),
    ["forgotten, as promised", ({ forgotten }) => [...forgotten.values()].reduce(add, 0)],
    ["VIOLATIONS", ({ violations }) => violations.length],
    ["seconds", ({ seconds }) => Math.round(seconds)],
  ];
  const cells = [
    ["", ...results.map(({ options }) => options.target.name)],
    ...rows.map(([name, of]) => [name, ...results.map((result) => String(of(result)))]),
  ];
  return cells.map(([name = "", ...rest]) =>
    `${name.padEnd(28)}${rest.map((cell) => cell.padStart(18)).join("")}`.trimEnd()
  ).join("\n");
}

/** All that is to be said of a run beside its numbers. */
export function detailsOf(result: Result): string {
  const { options, forgotten, violations, shortfalls } = result;
  const lost = [...forgotten].map(([law, count]) => `  forgotten: "${law}" ${count} times`);
  const more = violations.length > MOST ? [`  … and ${violations.length - MOST} more`] : [];
  return [
    `${options.target.name}: ${passed(result) ? "ok" : "FAILED"}`,
    ...shortfalls.map((shortfall) => `  not reached: ${shortfall}`),
    ...lost,
    ...violations.slice(0, MOST).flatMap(linesOf),
    ...more,
    `  again: ${commandOf(result)}`,
  ].join("\n");
}

function linesOf({ law, message, entries }: Violation): string[] {
  const shown = entries.slice(0, LINES).map((entry) => `      ${JSON.stringify(entry)}`);
  return [`  VIOLATION of "${law}": ${message}`, ...shown];
}

/** Everything, for programs. */
export function jsonOf(results: readonly Result[]): unknown {
  return results.map((result) => ({
    ...result,
    forgotten: Object.fromEntries(result.forgotten),
    passed: passed(result),
    command: commandOf(result),
  }));
}

function unknown(errors: Readonly<Record<string, number>>): number {
  return (errors["unknown-outcome"] ?? 0) + (errors["timed-out"] ?? 0);
}

function lasting(sum: number, { from, to }: RefusalTime): number {
  return sum + Math.min(to, Date.now()) - from;
}

function add(a: number, b: number): number {
  return a + b;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
