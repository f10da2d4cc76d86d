/**
 * Bugs in what users hold: locks, semaphores, elections and cron jobs.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

const WAITING = inFile("coordination/locks/acquirable.ts", [
  [
    "a pause goes on beyond the time to wait",
    "Math.min(backoff, afterHolder, remaining)",
    "Math.min(backoff, afterHolder)",
  ],
  ["pauses grow without end", "Math.min(LONGEST_PAUSE, 50 * 2 ** look)", "50 * 2 ** look"],
  [
    "a waiter does not heed the time the holder has left",
    "Math.min(backoff, afterHolder, remaining)",
    "Math.min(backoff, remaining)",
  ],
  ["waiters come in herds", " * (1 - runtime.random() / 2);", ";"],
  [
    "a waiter goes by the last of several holders",
    "Math.min(...grant.blockers",
    "Math.max(...grant.blockers",
  ],
  [
    "a wait ends without a last try",
    "if (grant.lease || remaining <= 0) return grant;",
    "if (grant.lease || remaining <= LONGEST_PAUSE) return grant;",
  ],
  [
    "the first lease is released first",
    "this.#leases.findLast((lease) => !lease.over)?.release",
    "this.#leases.find((lease) => !lease.over)?.release",
  ],
  [
    "isStillOwner() believes whoever it finds",
    "found.some((other) => lease.owns(other))",
    "found.length > 0",
  ],
  [
    "isStillOwner() forgets the deadline",
    "return lease.held && found.some(",
    "return found.some(",
  ],
  [
    "a second acquisition forgets the first",
    "[...this.#leases.filter((lease) => lease.held), grant.lease]",
    "[grant.lease]",
  ],
  ["blocking: false waits", "return blocking ? timeout : 0;", "return timeout;"],
  [
    "a number of ms to block is not heeded",
    '  if (typeof blocking === "number") return blocking;\n',
    "",
  ],
  [
    "a work's lock is not kept alive",
    "return await this.#session.under(lease, () => work(lease));",
    "try { return await work(lease); } finally { await lease[Symbol.asyncDispose](); }",
  ],
]);

const LOCK = inFile("coordination/locks/lock.ts", [
  [
    "a writer does not heed readers",
    ': { resource: lock, guard: { when: "vacant", resource: readers } }),',
    ": { resource: lock }),",
  ],
  [
    "a reader does not heed the writer",
    '          guard: { when: "vacant", resource: lock, seat: "" },\n',
    "",
  ],
  [
    "a break names the seat and not whom it saw",
    '({ op: "release", resource, seat, id }))',
    '({ op: "release", resource, seat, ...(!id && { id }) }))',
  ],
  [
    "readers of one member share a seat",
    "seat: this.#session.runtime.id(),",
    "seat: this.#memberId,",
  ],
  [
    "a break that came too late says that it took the lock",
    "return outcomes.some(({ ok }) => ok);",
    "return outcomes.length > 0;",
  ],
  [
    "a lock without a ttl of its own takes half",
    "const { ttl = this.#ttl, shared",
    "const { ttl = this.#ttl / 2, shared",
  ],
]);

const SEMAPHORE = inFile("coordination/locks/semaphore.ts", [
  ["one permit too many", "Array.from({ length: permits },", "Array.from({ length: permits + 1 },"],
  [
    "holders of seats beyond our number stand in the way",
    "Number(lease.seat) < permits",
    "Number(lease.seat) <= permits",
  ],
  [
    "who comes second waits although a permit is there",
    "vacant !== undefined && tries < MOST_TRIES",
    "vacant !== undefined && tries < 1",
  ],
  [
    "who comes second never pauses",
    "vacant !== undefined && tries < MOST_TRIES",
    "vacant !== undefined",
  ],
  [
    "seats that are taken are tried",
    "oneOf(seats.filter((each) => !taken.has(each)))",
    "oneOf(seats)",
  ],
  [
    "the next look begins where time runs out last",
    "blockers.sort((a, b) => a.left - b.left)",
    "blockers.sort((a, b) => b.left - a.left)",
  ],
  ["no permits at all pass", "permits < 1 ||", "permits < 0 ||"],
]);

const CANDIDATE = inFile("coordination/election/candidate.ts", [
  [
    "a leader campaigns against itself",
    "    if (this.leadership) return { leadership: this.leadership };\n",
    "",
  ],
  [
    "requireMembership requires nothing",
    "...(requireMembership && { guard: member }),",
    '...(requireMembership && this.memberId === "" && { guard: member }),',
  ],
  [
    "any member of the group makes us one",
    "resource: resources.group(this.group),\n      seat: this.memberId,",
    "resource: resources.group(this.group),",
  ],
  [
    "a leader that has lost is not told",
    "if (!(lease.signal.reason instanceof LeaseLost)) return;",
    "if (lease.signal.reason instanceof LeaseLost) return;",
  ],
  [
    "to stand down is told as a loss",
    "      if (!(lease.signal.reason instanceof LeaseLost)) return;\n",
    "",
  ],
  [
    "a leadership that was lost still counts",
    "return this.#leadership?.held ? this.#leadership : undefined;",
    "return this.#leadership;",
  ],
  [
    "who leads longest tells when to come again",
    "Math.min(...blockers.map((blocker) => blocker.left))",
    "Infinity",
  ],
  [
    "to stand down is told before it is done",
    "if (released) this.session.report(",
    "if (leadership) this.session.report(",
  ],
]);

const LEAD = inFile("coordination/election/leader_loop.ts", [
  [
    "leadership is kept when its work has ended",
    "await candidate.standDown().catch(",
    "await Promise.resolve().catch(",
  ],
  ["work that ended after a loss counts", "if (leadership.held) return answer;", "return answer;"],
  ["leadership is renewed after its work", "      letGo();\n", "      void letGo;\n"],
  [
    "what work throws after a loss ends it all",
    "const lost = !leadership.held || ",
    "const lost = ",
  ],
  [
    "a leader whom its resource calls stale gives up",
    ' || (error as { code?: unknown } | null)?.code === "stale-token"',
    "",
  ],
  [
    "work under a leader is not told to stop",
    "signal: firstOf(leadership.signal, signal),",
    "signal: leadership.signal,",
  ],
  [
    "work under a leader is not told of a loss",
    "signal: firstOf(leadership.signal, signal),",
    "signal: signal ?? new AbortController().signal,",
  ],
  [
    "a follower does not heed the time the leader has left",
    "Math.min(leaderLeft, LONGEST_PAUSE)",
    "LONGEST_PAUSE",
  ],
  [
    "a follower asks only when the leader's time is over",
    "Math.min(leaderLeft, LONGEST_PAUSE)",
    "Math.min(leaderLeft, 2 ** 31)",
  ],
  [
    "an outage ends a candidacy",
    "if (!(error instanceof CoordinationError && error.retryable)) throw error;",
    "throw error;",
  ],
  [
    "what no waiting can mend is waited for",
    "if (!(error instanceof CoordinationError && error.retryable)) throw error;",
    "if (!(error instanceof CoordinationError)) throw error;",
  ],
  ["work may not say why it was stopped", "  if (error === reason) return true;\n", ""],
]);

/** All of them. */
export const CORE_EDITS: readonly Edit[] = [
  ...[...WAITING, ...LOCK, ...SEMAPHORE],
  ...[...CANDIDATE, ...LEAD],
  ...inFile("coordination/core.ts", [
    [
      "start() asks nobody",
      'await this.#session.inspect("groups", "", options.signal);',
      "await Promise.resolve();",
    ],
    [
      "a start that failed counts",
      "      this.#started = false;\n      throw error;",
      "      throw error;",
    ],
    [
      "stop() stops no heartbeat",
      "    this.#session.heart.keepAll(false);\n",
      "",
    ],
    [
      "stop() releases nothing",
      "await this.#session.releaseAll().catch(",
      "await Promise.resolve().catch(",
    ],
    [
      "a heartbeat is promised where timers end with the request",
      "if (options.heartbeat && !this.#session.runtime.lasting) {",
      "if (options.heartbeat && this.#session.runtime.lasting === undefined) {",
    ],
    [
      "each election has a candidate of its own",
      "      this.#candidates.set(group, candidate);\n",
      "",
    ],
    [
      "locks have the ttl of everything else",
      "return new Lock(name, this.#session, this.memberId, this.#ttls.lock);",
      "return new Lock(name, this.#session, this.memberId, this.#ttls.any);",
    ],
    [
      "leaders have the ttl of locks",
      "new Candidate(group, this.#session, this.memberId, this.#ttls.leader)",
      "new Candidate(group, this.#session, this.memberId, this.#ttls.lock)",
    ],
  ]),
  ...inFile("coordination/shutdown.ts", [
    [
      "a process cannot be ended by the second signal",
      "process?.once?.(name, stop)",
      "process?.once?.(name, stop) && process?.once?.(name, () => {})",
    ],
    [
      "after one signal another kind of signal does not end the process",
      "    for (const name of names) process?.off?.(name, stop);\n",
      "",
    ],
    ["SIGTERM is not heeded", '["SIGINT", "SIGTERM"]', '["SIGINT"]'],
  ]),
  ...inFile("coordination/names.ts", [
    [
      "control characters pass in names",
      'if (/\\p{Cc}/u.test(name)) return "has',
      'if (/\\p{Co}/u.test(name)) return "has',
    ],
    [
      "names are measured in characters",
      " || new TextEncoder().encode(name).length > LONGEST_NAME",
      "",
    ],
    ["readers of a lock sit where its writer does", "`readers:${name}`", "`lock:${name}`"],
  ]),
];
