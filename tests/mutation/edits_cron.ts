/**
 * Bugs in cron jobs.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

const CRON = inFile("coordination/cron/cron.ts", [
  [
    "the slot is the clock's",
    "seat: `${slot}`, value",
    "seat: `${this.#session.runtime.wall() || slot}`, value",
  ],
  [
    "a slot that was done is not looked for",
    '          guard: { when: "vacant", resource, seat: doneSeat(slot) },\n',
    "",
  ],
  [
    "a used slot is free again after its ttl",
    "          ttl: retain,\n          believe:",
    "          ttl,\n          believe:",
  ],
  [
    "a run is believed in for as long as its slot is remembered",
    "believe: validity(keepAlive ? retain : ttl,",
    "believe: validity(retain,",
  ],
  [
    "keepAlive keeps no run alive in once",
    "believe: validity(keepAlive ? retain : ttl,",
    "believe: validity(ttl,",
  ],
  [
    "a run that nobody keeps is renewed in retry",
    "          ...(!keepAlive && { believe: validity(ttl, this.#session.bounds) }),\n",
    "",
  ],
  [
    "minHold alone holds nothing",
    "if (plan.skipIfRunning || plan.minHold !== undefined) {",
    "if (plan.skipIfRunning) {",
  ],
  ["slots of the future pass", "ahead <= earliest && -ahead", "-ahead"],
  ["slots of long ago pass", " && -ahead <= retain)", ")"],
  [
    "a slot that lies ahead is forgotten too soon",
    "retain: retain + Math.max(0, ahead)",
    "retain",
  ],
  ["every slot that is taken is said to be done", "blocker?.seat === doneSeat(slot)", "slot > 0"],
  ["of missed slots the first is run, not the last", "before.slice(-1)", "before.slice(0, 1)"],
  [
    "slots that nobody remembers are caught up",
    "runtime.wall() - retain,",
    "runtime.wall() - 2 * retain,",
  ],
  ["the slot that is due is not run after the missed", ": before, rest.slot]) {", ": before]) {"],
  ["history has no end", ".slice(0, count)", ".slice(0)"],
  ["retry is taken for once", 'mode === "once"\n', 'mode !== "once"\n'],
]);

const PLAN = inFile("coordination/cron/plan.ts", [
  [
    "a slot may be forgotten before its run's ttl",
    'checkRetain(retain, "ttl", ttl);',
    'checkRetain(retain, "ttl", 1);',
  ],
  ["a run in retry is not kept alive", 'keepAlive = mode === "retry"', "keepAlive = false"],
  [
    "a mode that is none passes",
    'if (mode !== "once" && mode !== "retry") {',
    "if (mode === undefined) {",
  ],
  [
    "a duration that is none passes",
    "checkWhole(what, ms);\n  checkRetain",
    "void [what, ms];\n  checkRetain",
  ],
]);

const RUN = inFile("coordination/cron/run.ts", [
  [
    "a run that was skipped keeps its slot",
    "if (!this.#running) await this.#claim[Symbol.asyncDispose]();",
    "if (!this.#running) this.#claim.abandon();",
  ],
  [
    "a run that failed counts as done",
    'note.outcome === "ran" ? doneSeat(slot)',
    'note.outcome !== "started" ? doneSeat(slot)',
  ],
  ["a stale run marks its slot as done", "} else if (claim.held) {", "} else {"],
  [
    "a slot is free for a moment before it is done",
    "ops.push(this.#write(seat, retain, note), claim.giveBack());",
    "ops.push(claim.giveBack(), this.#write(seat, retain, note));",
  ],
  [
    "a run's time limit outlives it",
    "    } finally {\n      cancel();\n    }",
    "    } finally {\n      void cancel;\n    }",
  ],
  ["a run that is cut is not told", "        cut.abort(error);\n", ""],
  [
    "a run that is cut is said to have failed",
    'cut.signal.aborted ? "cut" : "failed"',
    '"failed"',
  ],
  [
    "minHold begins when the run ends",
    "Math.ceil(minHold - elapsed(",
    "Math.ceil(minHold - 0 * elapsed(",
  ],
  [
    "a run's end frees the next slot, whatever minHold",
    "if (left > 0) ops.push(",
    "if (left > minHold) ops.push(",
  ],
  ["minHold is cut short by a crash", "ttl: Math.max(ttl, minHold),", "ttl,"],
  ["nobody looks for a hold", '        guard: { when: "vacant", resource, seat: HOLD },\n', ""],
  [
    "a long run in retry is not renewed",
    '[keepAlive && mode === "retry" ? claim : undefined, running]',
    "[undefined, running]",
  ],
  [
    "a run that failed in once frees its slot",
    "      if (record) ops.push(",
    '      if (note.outcome !== "ran") ops.push(claim.giveBack());\n      if (record) ops.push(',
  ],
  ["every run in once is recorded", "if (record) ops.push(", "if (note) ops.push("],
  ["a run is renewed after its end", "      letGo.forEach((each) => each?.());\n", ""],
  [
    "other slots are kept away after a run's end",
    "if (running.releasing()) ops.push(running.giveBack());",
    "running.releasing();",
  ],
  [
    "a run is not told that what kept others away was lost",
    "firstOf(claim.signal, running?.signal, cut.signal, stop)",
    "firstOf(claim.signal, cut.signal, stop)",
  ],
  [
    "a run is not told to stop",
    "firstOf(claim.signal, running?.signal, cut.signal, stop)",
    "firstOf(claim.signal, running?.signal, cut.signal)",
  ],
  [
    "a done slot is forgotten after the run's ttl",
    "this.#write(seat, retain, note)",
    "this.#write(seat, claim.ttl, note)",
  ],
  [
    "a record that was not written fails the run",
    'this.#session.report({ type: "release-failed", error });',
    "throw error;",
  ],
]);

/** All of them. */
export const CRON_EDITS: readonly Edit[] = [
  ...[...CRON, ...PLAN, ...RUN],
  ...inFile("coordination/cron/records.ts", [
    [
      "history tells the oldest first",
      "b.slot - a.slot || b.token - a.token",
      "a.slot - b.slot || b.token - a.token",
    ],
    [
      "history tells the runs of a slot backwards",
      "b.slot - a.slot || b.token - a.token",
      "b.slot - a.slot || a.token - b.token",
    ],
    ["who runs now is taken for a slot", "/\\d/.test(seat))", "seat !== undefined)"],
    ["secrets are recorded", '.replace(SECRETS, "…")', ""],
    ["errors are recorded at any length", ".slice(0, 200);", ".slice(0);"],
    [
      "what failed is kept where what is done is",
      "return `${slot}/${token}`;",
      'return `${slot}/${token > 0 ? "done" : ""}`;',
    ],
  ]),
  ...inFile("coordination/cron/catch_up.ts", [
    ["the slot that is due counts as known", "run.slot < slot &&", "run.slot <= slot &&"],
    ["the slot that is due counts as missed", "if (at < slot) missed", "if (at <= slot) missed"],
    ["slots that are refused count as missed", "missed.filter((at) => at >= oldest)", "missed"],
    [
      "of too many missed slots the first are run",
      "kept.slice(Math.max(0, kept.length - limit))",
      "kept.slice(0, limit)",
    ],
    [
      "slots before the last that is known count as missed",
      "let from = earlier[0]?.slot ?? slot;",
      "let from = earlier.at(-1)?.slot ?? slot;",
    ],
    ["what failed is not run again", 'outcome === "failed" ||', 'outcome === "started" ||'],
    ["what was cut is not run again", '|| outcome === "cut")', '|| outcome === "started")'],
    [
      "what failed is run again although it ran later",
      " && run.slot !== runs[i - 1]?.slot)",
      " && i >= 0)",
    ],
    [
      "what failed in once is run again",
      'mode === "retry" && (outcome',
      "mode !== undefined && (outcome",
    ],
    [
      "a slot that was run by hand shifts the schedule",
      "slot - (Math.ceil((slot - from) / every) - 1) * every",
      "from + every",
    ],
    [
      "what ran last may be forgotten too soon",
      "  checkRetain(kept, `twice every ${every}`, 2 * every);\n",
      "",
    ],
  ]),
  ...inFile("coordination/cron/slots.ts", [
    [
      "a trigger that comes early is for the slot before",
      "(now + ahead - offset)",
      "(now - offset)",
    ],
    ["an offset is only subtracted", ") / every) * every + offset;", ") / every) * every;"],
    ["the nearest slot counts", "return Math.floor((now", "return Math.round((now"],
    ["an instant without a zone passes", "said === null || !zoned ? NaN", "said === null ? NaN"],
    [
      "the slot of no instant is 1970",
      "said === null || !zoned ? NaN",
      "said === null || !zoned ? 0",
    ],
    [
      "a long interval is early by a tenth",
      "Math.min(Math.floor(every / 10), 5_000)",
      "Math.floor(every / 10)",
    ],
  ]),
];
