/**
 * Stories of leases, locks, elections, groups and cron jobs.
 *
 * @module
 */

import type { Story } from "./stories.ts";

const BELIEF: readonly Story[] = [
  {
    name: "deadlines count from the reply",
    at: "Session.send",
    find: "part.ops.length), sent)",
    put: "part.ops.length), instant(this.runtime))",
  },
  {
    name: "the margin for clocks is dropped",
    at: "HeldLease.constructor",
    find: "validity(op.ttl, owner.bounds)",
    put: "op.ttl",
  },
  {
    name: "the margin for clocks is that of half a minute at most",
    at: "validity",
    find: "ttl * (1 - bounds.rate)",
    put: "(ttl - Math.min(ttl, 30_000) * bounds.rate)",
  },
  {
    name: "a jump of the backend's clock is not reckoned with",
    at: "validity",
    find: "- bounds.step",
    put: "",
  },
  {
    name: "the time left is told without the margin",
    at: "HeldLease.left",
    find: "this.#look()",
    put: "this.held ? this.ttl - this.age : 0",
  },
  {
    name: "the deadline is told without the margin",
    at: "HeldLease.deadline",
    find: "this.#validity",
    put: "this.ttl",
  },
  {
    name: "a wall clock that was set back makes renewals count for nothing",
    at: "HeldLease.#renewed",
    find: "between(sent, now) < between(this.#sent, now)",
    put: "sent.wall > this.#sent.wall",
  },
  {
    name: "an answer that was overtaken takes time away",
    at: "HeldLease.#renewed",
    find: "between(sent, now) < between(this.#sent, now)",
    put: "sent",
  },
  {
    name: "a timer that fires early ends the lease",
    at: "HeldLease.#watch",
    find: "() => this.#watch()",
    put: '() => this.#lose("lost")',
  },
  {
    name: "a release that met a successor counts as ours",
    at: "HeldLease.#released",
    find: "&& outcome?.leases.length === 0",
    put: "",
  },
  {
    name: "time is told by the monotonic clock alone",
    at: "between",
    find: "Math.max(end.wall - start.wall, end.mono - start.mono)",
    put: "end.mono - start.mono",
  },
  {
    name: "time is told by the wall clock alone",
    at: "between",
    find: "Math.max(end.wall - start.wall, end.mono - start.mono)",
    put: "end.wall - start.wall",
  },
  {
    name: "a joint signal waits for timers",
    at: "firstOf",
    find: "watchful(controller, look)",
    put: "controller.signal",
  },
  {
    name: "a failed release hides what the work said",
    at: "Session.under",
    find: "lease[Symbol.asyncDispose]()",
    put: "lease.release()",
  },
];

const IDS: readonly Story[] = [
  {
    name: "what was stopped in the pause before it is sent again is sent again",
    at: "retrying",
    find: "if (halted?.()) throw missed ?? error;",
    put: "",
  },
  {
    name: "an id is made from what it is for",
    at: "Session.attempt",
    find: "const id = this.runtime.id()",
    put: "const id = `${resource}/${seat}`",
  },
  {
    name: "the tries of one wait share an id",
    at: "Lock.begin",
    find: "return (patience, signal) => this.#session.acquire({ ...wanted, patience, signal });",
    put: `const { runtime } = this.#session;
    const [fresh, id] = [runtime.id, runtime.id()];
    return (patience, signal) => {
      runtime.id = () => id;
      try {
        return this.#session.acquire({ ...wanted, patience, signal });
      } finally {
        runtime.id = fresh;
      }
    };`,
  },
  {
    name: "an unknown outcome is taken for a refusal",
    at: "Session.send",
    find: "throw failure",
    put: "return",
  },
  {
    name: "a break names the seat and not whom it saw",
    at: "breakLeases",
    find: 'op: "release", resource, seat, id }',
    put: 'op: "release", resource, seat, ...(!id && { id }) }',
  },
  {
    name: "who leaves for a namesake releases whoever is there",
    at: "Groups.#occupant",
    find: "resource, seat, id }",
    put: "resource, seat, ...(!id && { id }) }",
  },
  {
    name: "readers of one member share a seat",
    at: "Lock.begin",
    find: "seat: this.#session.runtime.id()",
    put: "seat: memberId",
  },
  {
    name: "one permit too many",
    at: "Semaphore.begin",
    find: "{ length: permits }",
    put: "{ length: permits + 1 }",
  },
];

const TERMS: readonly Story[] = [
  {
    name: "a second term begins beside work that does not listen",
    at: "LeaderLoop.#term",
    find: "await this.#work({",
    put: `await ((given: Leadership) =>
        Promise.race([
          this.#work(given),
          new Promise<never>((_, cut) =>
            leadership.signal.addEventListener("abort", () => cut(leadership.signal.reason))
          ),
        ]))({`,
  },
  {
    name: "who is back after an eviction leaves as its former life",
    at: "Groups.rejoins",
    find: "this.#keep(group, { ...old, lease, joined, version: 0 });",
    put: `{
          this.#keep(group, { ...old, lease, joined, version: 0 });
          lease.farewell = old.lease.farewell;
        }`,
  },
];

const SLOTS: readonly Story[] = [
  {
    name: "a slot begins although the hold of the last one has not ended",
    at: "CronRun.occupy",
    find: "seat: HOLD }",
    put: "seat: RUNNING }",
  },
  {
    name: "a used slot is free again after its ttl",
    at: "Cron.#claim",
    find: "ttl: retain,",
    put: "ttl,",
  },
  {
    name: "a run is believed in for as long as its slot is remembered",
    at: "Cron.#claim",
    find: "keepAlive ? retain : ttl",
    put: "retain",
  },
  {
    name: "the slot is the clock's",
    at: "Cron.#claim",
    find: "seat: `${slot}`",
    put: "seat: `${this.#session.runtime.wall() || slot}`",
  },
  {
    name: "a run in once whose signal aborted frees its slot",
    at: "CronRun.#end",
    find: "claim.abandon()",
    put: "if (this.#plan.signal?.aborted) parts.push(claim.ending());\n      claim.abandon()",
  },
  {
    name: "a slot is free for a moment before it is done",
    at: "CronRun.#end",
    find: "this.#write(seat, retain, note), claim.ending()",
    put: "claim.ending(), this.#write(seat, retain, note)",
  },
  {
    name: "a run that failed counts as done",
    at: "CronRun.#end",
    find: 'note.outcome === "ran"',
    put: 'note.outcome !== "started"',
  },
  {
    name: "a done slot is forgotten after the run's ttl",
    at: "CronRun.#end",
    find: "this.#write(seat, retain, note)",
    put: "this.#write(seat, claim.ttl, note)",
  },
];

const WAITS: readonly Story[] = [
  {
    name: "stop() waits for the answer of a request that hangs",
    at: "waitFor",
    find: "running?.signal ?? signal)",
    put: "signal)",
  },
  {
    name: "what ended is still there to be stopped",
    at: "Session",
    find: "return () => this.#running.delete(stop);",
    put: "return () => {};",
  },
  {
    name: "a definite error makes one forget that an answer was missed",
    at: "retrying",
    find: "if (isUnknown(error)) missed = error;",
    put: "missed = isUnknown(error) ? error : undefined;",
  },
  {
    name: "who was refused just before is taken for the one that releases",
    at: "Acquirable.#acquire",
    find: "lease ? [] :",
    put: "lease ? this.#justFailed :",
  },
  {
    name: "a lease is tried again when the one with most time of its beat is",
    at: "Heart.#background",
    find: "lease.left / 4",
    put: "(batch.at(-1)?.left ?? 0) / 4",
  },
  {
    name: "one that gives up its turn lets the next lead beside the first",
    at: "Candidate.inTurn",
    find: "void Promise.resolve(before).then(end);",
    put: "end();",
  },
];

const WATCHES: readonly Story[] = [
  {
    name: "who is back after an eviction says that it joined when it first did",
    at: "Groups.rejoins",
    find: "{ ...old, joined }, []",
    put: "{ ...old }, []",
  },
  {
    name: "a callback that is added while an event is told hears it, too",
    at: "Watches.add",
    find: "this.#callbacks[what].set(group, [...callbacks, callback]);",
    put: "callbacks.push(callback);\n    this.#callbacks[what].set(group, callbacks);",
  },
  {
    name: "two changes of capabilities that are under way share a number",
    at: "Groups.update",
    find: "kept.version = version;",
    put: "void Promise.resolve().then(() => kept.version = version);",
  },
];

/** All of them. */
export const CORE_STORIES: readonly Story[] = [
  ...[...BELIEF, ...IDS, ...WAITS],
  ...[...TERMS, ...SLOTS, ...WATCHES],
];
