/** The end, in plain words. */

import type { Scene } from "./board.ts";
import type { LedgerEntry } from "./ledger.ts";
import { BOLD, DIM, GREEN, type Line, RED } from "./paint.ts";
import type { Story } from "./story.ts";
import { staleRuns, type Takeover, type Tally } from "./tally.ts";
import { seconds } from "./words.ts";

const CAUSES: Readonly<Record<Takeover["cause"], string>> = {
  "killed": "was killed",
  "paused": "was frozen",
  "leadership-lost": "lost its lease",
  "stood-down": "stood down",
  "ended": "ended",
  "unknown": "led before",
};

/** What a summary is made of. */
export interface Ending {
  readonly scene: Scene;
  readonly story: Story;
  readonly ledger: readonly LedgerEntry[];
  readonly result: Tally;
}

/** The verdict, each takeover, what it showed, and how to go on. */
export function summary(ending: Ending): Line[] {
  return [
    verdict(ending.result),
    ...takeoverLines(ending),
    ...awakeningLines(ending),
    ...unrunLines(ending),
    ...notes(ending.story),
    [],
    ...lesson(ending).map((text): Line => [`  ${text}`]),
    [],
    ...further(ending.scene),
  ];
}

function verdict({ slots, ran, duplicates, takeovers, longest_gap_ms }: Tally): Line {
  return [
    { text: `  ${slots} slots, ${ran} ran, `, style: BOLD },
    { text: `${duplicates} ran twice`, style: `${BOLD};${duplicates > 0 ? RED : GREEN}` },
    {
      text: `; ${takeovers} takeover${takeovers === 1 ? "" : "s"}, ` +
        `longest gap ${seconds(longest_gap_ms)}`,
      style: BOLD,
    },
  ];
}

function takeoverLines({ story }: Ending): Line[] {
  return story.takeovers.map(({ from, to, cause, took }) => [
    `    ${from} ${CAUSES[cause]}; `,
    took === undefined ? "then " : { text: `${seconds(took)} later `, style: BOLD },
    `${to} led`,
  ]);
}

function awakeningLines({ story, ledger }: Ending): Line[] {
  const stale = staleRuns(ledger);
  return story.awakenings.map(({ worker, took }) => {
    const runs = stale.filter((entry) => entry.worker === worker).length;
    return [
      `    ${worker} woke, knew its loss after ${Math.ceil(took)} ms, and ran `,
      runs === 0
        ? { text: "nothing under its old term", style: GREEN }
        : { text: `${runs} under its old term, which a check of the token stops`, style: RED },
    ];
  });
}

/** Slots that nobody ran, and why. */
function unrunLines({ story, ledger, scene, result }: Ending): Line[] {
  if (result.ran === scene.slots) return [];
  const ran = new Set(ledger.map((entry) => entry.slot));
  const claimed = [...story.skipped].filter(([slot]) => !ran.has(slot));
  const lines = claimed.map(([slot, holder]): Line => [
    `    slot ${story.index(slot)} did not run: ${holder} claimed it and went before it could run;`,
    " at most once",
  ]);
  const late = scene.slots - result.ran - claimed.length;
  if (late > 0) lines.push([`    ${late} did not run before the end: there was no leader in time`]);
  return lines;
}

/** What was left out. */
function notes({ happenings }: Story): Line[] {
  return happenings.flatMap((each) => each.type === "note" ? [[`    ${each.text}`]] : []);
}

function lesson({ scene, story, ledger, result }: Ending): string[] {
  if (result.duplicates > 0) {
    return ["This must not happen. Slots that ran twice:", ...twice(story, ledger)];
  }
  return [
    "Each of the four thought it was the cron. A lease of " +
    `${seconds(scene.leaderTtl)} decides who leads:`,
    "when the leader died or froze, another led as soon as that lease had run out,",
    "and caught up. Every slot is claimed before it runs, so none runs twice even",
    `while leadership moves (claims refused, for the slot was taken: ${story.refusals}).`,
    "These numbers come from a ledger that the workers append to, not from Baton.",
  ];
}

function twice(story: Story, ledger: readonly LedgerEntry[]): string[] {
  return [...Map.groupBy(ledger, (entry) => entry.slot)]
    .filter(([, entries]) => entries.length > 1)
    .map(([slot, entries]) => {
      const runs = entries.map(({ worker, token }) => `${worker} with token ${token}`);
      return `  slot ${story.index(slot)}: ${runs.join(", ")}`;
    });
}

function further({ backend }: Scene): Line[] {
  if (backend !== "a SQLite file") return [];
  return [
    ["  The same over HTTPS, with a free database from console.upstash.com:"],
    ["    export UPSTASH_REDIS_REST_URL=https://….upstash.io"],
    ["    export UPSTASH_REDIS_REST_TOKEN=…"],
    [
      "    deno task demo --backend upstash",
      { text: "   (without the two: a local Redis)", style: DIM },
    ],
    ["  or with DATABASE_URL and --backend neon or --backend planetscale."],
  ];
}
