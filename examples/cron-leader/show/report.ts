/** The two ways to watch: a live board on a terminal, or plain lines anywhere else. */

import { boardLines, logLine, logLines, type Scene } from "./board.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { Happening } from "./messages.ts";
import { type Line, wrapped } from "./paint.ts";
import { Screen, sizeOf } from "./screen.ts";
import type { Story } from "./story.ts";
import { clock, inWords } from "./words.ts";

/** What is watched. */
export interface Show {
  readonly scene: Scene;
  readonly story: Story;
  readonly ledger: () => LedgerEntry[];
  readonly now: () => number;
  readonly write: (text: string) => void;
}

type Skipped = Extract<Happening, { readonly type: "skipped" }>;

/** Time between two frames, in ms. */
const FRAME = 125;
/** The least room that the board needs. */
const ROOM = { columns: 60, rows: 20 };
/** Below the last report stands the prompt of the shell. */
const PROMPT = 2;

/** Whether the board fits this terminal. */
export function boardFits(): boolean {
  if (!Deno.stdout.isTerminal() || Deno.env.get("TERM") === "dumb") return false;
  const { columns, rows } = Deno.consoleSize();
  return columns >= ROOM.columns && rows >= ROOM.rows;
}

/** One line per event. The slots that a new leader skips while it looks back share a line. */
export function showLines({ story, write }: Show): Disposable {
  let skipped: Skipped[] = [];
  const say = (at: number, words: string): void => write(`${clock(at)}  ${words}\n`);
  const flush = (): void => {
    const [first, last] = [skipped.at(0), skipped.at(-1)];
    skipped = [];
    if (!first || !last) return;
    const slots = first === last
      ? `slot ${story.index(first.slot)}: ${first.holder} had claimed it`
      : `slots ${story.index(first.slot)} to ${
        story.index(last.slot)
      }: other workers had claimed them`;
    say(last.at, `${last.worker} skips ${slots}`);
  };
  story.listen((happening) => {
    if (happening.type === "skipped" && happening.worker === (skipped[0] ?? happening).worker) {
      skipped.push(happening);
      return;
    }
    flush();
    const words = inWords(happening, story);
    if (words !== undefined) say(happening.at, words);
  });
  return { [Symbol.dispose]: flush };
}

/** The live board, until it is disposed of. */
export function showBoard({ scene, story, ledger, now, write }: Show): Disposable {
  const screen = new Screen(write);
  const log: Line[] = [];
  story.listen((happening) => {
    const line = logLine(happening, story);
    if (line) log.push(line);
  });
  const draw = (): void => {
    const { columns: width, rows } = sizeOf();
    const board = boardLines({ scene, story, ledger: ledger(), now: now(), width });
    const events = log.flatMap((line) => logLines(line, width));
    screen.draw([...board, ...events.slice(-Math.max(1, rows - board.length))]);
  };
  const timer = setInterval(draw, FRAME);
  draw();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      screen[Symbol.dispose]();
    },
  };
}

/**
 * The parts of the last report, at this width, with a blank line between two: the board and the verdict,
 * and of the others as many as leave the top of the report on the screen.
 */
export function fitting(
  parts: readonly (readonly Line[])[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Line[] {
  const shown: Line[] = [];
  for (const [n, part] of parts.entries()) {
    const lines = part.flatMap((line) => wrapped(line, columns));
    if (n > 1 && shown.length + 1 + lines.length > rows - PROMPT) break;
    shown.push(...(n > 0 ? [[]] : []), ...lines);
  }
  return shown;
}
