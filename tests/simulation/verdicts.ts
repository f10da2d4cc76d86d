/**
 * What must have happened since all is well, and what may be left at the end.
 *
 * @module
 */

import type { Laws } from "./laws.ts";
import type { Member } from "./member.ts";
import type { Plan, WorkName } from "./plan.ts";
import type { Server } from "./server.ts";
import type { Runs } from "./works/slots.ts";

/** What is judged. */
export interface Judged {
  readonly plan: Plan;
  readonly laws: Laws;
  readonly server: Server;
  /** Who lives, by index. */
  readonly living: readonly (Member | undefined)[];
  /** Slots that are due, and run again until they are done. */
  readonly retried: Runs;
  /** How often each has been started, by index. */
  readonly lives: ReadonlyMap<number, number>;
}

/** What must have happened since all is well; `before` is what had been seen then. */
export function judgeRecovery(
  judged: Judged,
  before: ReadonlyMap<string, number>,
  recovered: number,
): void {
  const { laws, plan, server, living, retried, lives } = judged;
  const has = (name: WorkName) => plan.members.some((works) => works.includes(name));
  const grew = (what: string) => (laws.seen.get(what) ?? 0) > (before.get(what) ?? 0);
  const again: [WorkName, string][] = [
    ["locks", "a lock was taken"],
    ["semaphores", "a permit was taken"],
    ["members", "a member was there"],
  ];
  for (const [work, what] of again) {
    // Who is out of a group that was deleted meanwhile stays out.
    if (work === "members" && has("founders")) continue;
    if (has(work) && !grew(what)) {
      laws.broken("what others held is free again", `not once ${what}, though all is well`);
    }
  }
  if (has("elections") && !server.rows.some(({ resource }) => /\bleader:/.test(resource))) {
    if (!grew("a leader acted")) {
      laws.broken("a leader is found again", "nobody leads though all is well");
    }
  }
  for (const [index, member] of living.entries()) {
    if (member) judgeEach(judged, member, plan.members[index] ?? []);
  }
  const { due, ended } = retried;
  for (const slot of due) {
    const old = slot - 1_800_000_000_000 < recovered - 3_000;
    const asked = plan.members.some((works, index) =>
      works.includes("retry") && lives.get(index) === 1
    );
    if (old && asked && !ended.has(slot)) {
      laws.broken("every slot is completed in the end", `slot ${slot} never was`);
    }
  }
}

/** What each must have got since all is well, and not only somebody. */
function judgeEach(
  { laws, plan: { chaos, members } }: Judged,
  member: Member,
  works: readonly WorkName[],
): void {
  const { host, stops, calls } = member;
  const founded = members.some((works) => works.includes("founders"));
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
export function judgeEnd({ laws, server, living }: Judged): void {
  for (const member of living) {
    if (!member) continue;
    const { host, busy } = member;
    if (busy.size > 0) laws.broken("who is stopped ends", `${host.name}: ${[...busy]}`);
    if (host.timers > 0) {
      laws.broken("no timer is left behind", `${host.timers} in ${host.name}`);
    }
  }
  // Groups, farewells and slots are kept on purpose.
  const row = server.rows.find(({ resource }) =>
    !/\b(groups|left:\w+|cron:[\w ]+)$/.test(resource)
  );
  if (row) {
    laws.broken("no lease is left behind", `${row.resource} ${row.seat} of ${row.id}`);
  }
}
