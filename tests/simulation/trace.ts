/**
 * What happened in a run, for people.
 *
 * @module
 */

import type { Outcome, SeatOp } from "../../drivers/driver.ts";
import type { World } from "./world.ts";

/** How many lines of the end are shown. */
const LINES = 40;

/** Notes what happens in a run; the answer gives the last lines. */
export function trace(world: World): () => string[] {
  const lines: string[] = [];
  const note = (who: string, what: string): void => {
    lines.push(
      `${String(Math.round(world.schedule.now)).padStart(7)} ms  ${who.padEnd(6)} ${what}`,
    );
    if (lines.length > 4 * LINES) lines.splice(0, 2 * LINES);
  };
  world.notes = (who, what) => note(who, what);
  return () => [describe(world), ...lines.slice(-LINES)];
}

/** An operation and its outcome, in few words. */
export function line(op: SeatOp, { ok, leases }: Outcome): string {
  const place = `${op.resource}${op.seat ? ` ${op.seat}` : ""}`;
  const id = "id" in op && op.id !== undefined ? ` ${op.id}` : "";
  const who = leases.map((lease) =>
    `${lease.id} token ${lease.token} ${lease.left === Infinity ? "∞" : Math.round(lease.left)}`
  );
  return `${op.op} ${place}${id}: ${ok ? "yes" : "no"}${who.length > 0 ? ` [${who}]` : ""}`;
}

function describe({ plan }: World): string {
  const { ttl, members, odds, scope } = plan;
  const promised = Object.entries(scope).filter(([, yes]) => yes).map(([name]) => name);
  return `ttl ${ttl} ms; promised: ${promised.join(", ") || "tokens only"}\n` +
    members.map((works, n) => `m${n}: ${works.join(", ")}\n`).join("") +
    `faults: ${[...odds.keys()].join(", ") || "none"}\n`;
}
