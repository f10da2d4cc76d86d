/** The live view: who leads, who ran what, and what just happened, on one screen. */

import type { LedgerEntry } from "./ledger.ts";
import {
  BOLD,
  colourOf,
  DIM,
  GREEN,
  letterOf,
  type Line,
  RED,
  type Span,
  type Style,
  wrapped,
  YELLOW,
} from "./paint.ts";
import { SECOND } from "./messages.ts";
import type { State, Story, WorkerView } from "./story.ts";
import { legend, strip } from "./strip.ts";
import { clock, inWords, isRare, seconds } from "./words.ts";

/** What never changes during a demo. */
export interface Scene {
  readonly slots: number;
  readonly backend: string;
  readonly leaderTtl: number;
}

/** What a frame shows. */
export interface Frame {
  readonly scene: Scene;
  readonly story: Story;
  readonly ledger: readonly LedgerEntry[];
  /** Ms since the first slot. */
  readonly now: number;
  readonly width: number;
  /** Whether it is the last frame, above a summary that says better what the last lines say. */
  readonly over?: boolean;
}

const SIGNS: Readonly<Record<State, readonly [sign: string, style: Style]>> = {
  starting: ["◌", DIM],
  following: ["○", DIM],
  leading: ["●", `${BOLD};${GREEN}`],
  paused: ["⏸", `${BOLD};${YELLOW}`],
  killed: ["✗", RED],
  ended: ["✗", RED],
};

const LABELS: Readonly<Record<State, string>> = {
  starting: "starting",
  following: "waits",
  leading: "leads",
  paused: "frozen",
  killed: "killed",
  ended: "ended",
};

/** Everything but the log, which goes below. */
export function boardLines(frame: Frame): Line[] {
  const { story, scene, ledger, now, width } = frame;
  const rule: Line = [{ text: "─".repeat(width), style: DIM }];
  return [
    title(frame),
    rule,
    ...[...story.workers.values()].map((worker) => workerLine(worker, frame)),
    [],
    ...strip({
      slots: scene.slots,
      first: story.schedule?.first ?? 0,
      happenings: story.happenings,
      ledger,
      now,
      width: width - 2,
    }).map((line): Line => ["  ", ...line]),
    ...wrapped(["  ", ...legend()], width),
    ...(frame.over ? [] : [[], ...latestLines(frame), rule]),
  ];
}

function latestLines(frame: Frame): Line[] {
  const { width } = frame;
  return [
    ...wrapped(latest(frame), width),
    ...wrapped(score(frame), width),
  ];
}

/** One log line, or `undefined` if the board already shows this event. */
export function logLine(...[happening, story]: Parameters<typeof inWords>): Line | undefined {
  const words = isRare(happening) ? inWords(happening, story) : undefined;
  if (words === undefined) return undefined;
  return [{ text: clock(happening.at), style: DIM }, "  ", ...highlighted(words)];
}

/** The log line at this width: what does not fit goes on below its words, not below its time. */
export function logLines(line: Line, width: number): Line[] {
  return wrapped(line, width, clock(0).length + 2);
}

/** Names of workers in their colours. */
function highlighted(words: string): (Span | string)[] {
  return words.split(/(worker-[a-z])/).map((part) =>
    /^worker-[a-z]$/.test(part) ? { text: part, style: colourOf(part) } : part
  );
}

function title({ scene, now, width }: Frame): Line {
  const left = "  Baton  ";
  const time = Math.min(Math.max(now, 0) / SECOND, scene.slots).toFixed(1);
  const right = `${time} of ${scene.slots} s  `;
  const room = width - left.length - right.length - 1;
  const whole = `one cron, four processes, ${scene.backend}`;
  const middle = whole.length <= room ? whole : scene.backend.slice(0, room);
  const gap = Math.max(1, width - left.length - middle.length - right.length);
  return [{ text: left, style: BOLD }, middle, " ".repeat(gap), { text: right, style: BOLD }];
}

function workerLine(worker: WorkerView, { ledger, now, scene }: Frame): Line {
  const { name, state } = worker;
  const [sign, style] = SIGNS[state];
  const runs = ledger.filter((entry) => entry.worker === name).length;
  const quiet = state === "killed" || state === "ended" ? DIM : "";
  return [
    "  ",
    { text: `${sign} `, style },
    { text: ` ${letterOf(name)} `, style: colourOf(name) },
    { text: ` ${name}  `, style: state === "leading" ? BOLD : quiet },
    { text: LABELS[state].padEnd(9), style },
    { text: `${runs}`.padStart(3) + (runs === 1 ? " run   " : " runs  "), style: quiet },
    { text: doing(worker, now, scene), style: quiet },
  ];
}

function doing({ state, term, since, replacedBy }: WorkerView, now: number, scene: Scene): string {
  switch (state) {
    case "leading":
      return `term ${term}`;
    case "paused":
      return `${seconds(now - since)}, lease ${seconds(scene.leaderTtl)}`;
    case "killed":
      // One digit less than elsewhere, for it must fit.
      return `at ${(since / SECOND).toFixed(1)} s${replacedBy ? `, now ${replacedBy}` : ""}`;
    default:
      return "";
  }
}

/** The latest run, with the fencing token that a resource could check. */
function latest({ story, ledger, now }: Frame): Line {
  const run = ledger.at(-1);
  if (!run) return ["  no slot has run yet"];
  const { vacantSince } = story;
  return [
    `  slot ${story.index(run.slot)} ran on `,
    { text: run.worker, style: colourOf(run.worker) },
    `, token ${run.token}`,
    vacantSince === undefined
      ? ""
      : { text: `   no leader for ${seconds(now - vacantSince)}`, style: YELLOW },
  ];
}

function score({ story, ledger, scene }: Frame): Line {
  const runs = new Set(ledger.map((entry) => entry.slot)).size;
  const twice = ledger.length - runs;
  const took = story.takeovers.map((takeover) =>
    takeover.took === undefined ? "?" : seconds(takeover.took)
  );
  return [
    { text: `  ${runs} of ${scene.slots} slots ran`, style: BOLD },
    "   ",
    { text: `${twice} ran twice`, style: `${BOLD};${twice > 0 ? RED : GREEN}` },
    `   takeovers ${took.length}`,
    took.length > 0 ? `: ${took.join(", ")}` : "",
  ];
}
