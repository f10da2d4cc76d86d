/** The summary at the end. */

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

/** What the summary needs. */
export interface Ending {
  readonly scene: Scene;
  readonly story: Story;
  readonly ledger: readonly LedgerEntry[];
  readonly result: Tally;
}

/** In parts: the verdict with each takeover, what it shows, and what to try next. */
export function summary(ending: Ending): Line[][] {
  return [
    [
      verdict(ending.result),
      ...takeoverLines(ending),
      ...awakeningLines(ending),
      ...unrunLines(ending),
      ...notes(ending.story),
    ],
    lesson(ending).map((text): Line => [`  ${text}`]),
    further(ending.scene),
  ].filter((part) => part.length > 0);
}

function verdict({ slots, ran, duplicates, takeovers, longest_gap_ms }: Tally): Line {
  return [
    { text: `  ${slots} slots, ${ran} ran, `, style: BOLD },
    { text: `${duplicates} twice`, style: `${BOLD};${duplicates > 0 ? RED : GREEN}` },
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
      `    ${worker} woke, noticed after ${Math.ceil(took)} ms that it had lost, and ran `,
      runs === 0 ? { text: "nothing in its old term", style: GREEN } : {
        text: `${runs} slots in its old term; a resource that checks the token refuses those`,
        style: RED,
      },
    ];
  });
}

/** Slots that nobody ran, and why. */
function unrunLines({ story, ledger, scene, result }: Ending): Line[] {
  if (result.ran === scene.slots) return [];
  const ran = new Set(ledger.map((entry) => entry.slot));
  const claimed = [...story.skipped].filter(([slot]) => !ran.has(slot));
  const lines = claimed.map(([slot, holder]): Line => [
    `    slot ${story.index(slot)} did not run: ${holder} claimed it and ended before it ran it`,
    " (at most once)",
  ]);
  const late = scene.slots - result.ran - claimed.length;
  if (late > 0) lines.push([`    ${late} did not run: no worker led in time before the end`]);
  return lines;
}

/** What did not fit into the demo. */
function notes({ happenings }: Story): Line[] {
  return happenings.flatMap((each) => each.type === "note" ? [[`    ${each.text}`]] : []);
}

function lesson({ scene, story, ledger, result }: Ending): string[] {
  if (result.duplicates > 0) {
    return [
      "This must not happen, please report it. Slots that ran twice:",
      ...twice(story, ledger),
    ];
  }
  return [
    `Four processes compete to lead. The leader holds a lease of ${seconds(scene.leaderTtl)} and ` +
    "renews it. When the leader died or froze, its lease ran out; then another worker led and " +
    "caught up. A worker claims each slot before it runs it, so no slot runs twice even while " +
    `leadership moves (${story.refusals} claims were refused because the slot was taken). These ` +
    "numbers come from a file that the workers append to, not from Baton.",
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
    ["  The same on a server: --backend upstash, neon, turso, etcd and others"],
    [{ text: "  (a local server, or a free database of the vendor's: see --help)", style: DIM }],
  ];
}
