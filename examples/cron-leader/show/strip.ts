/**
 * Who ran which slot, at a glance. Each slot is a cell with its worker's letter: lower case when it ran
 * on time, upper case when the next leader caught up on it. The row below shows what happened to the
 * leader at that time.
 */

import type { LedgerEntry } from "./ledger.ts";
import { type Happening, SECOND } from "./messages.ts";
import { BOLD, colourOf, DIM, letterOf, type Line, RED, type Span, YELLOW } from "./paint.ts";

/** What a strip is drawn from. */
export interface StripOptions {
  readonly slots: number;
  readonly first: number;
  readonly ledger: readonly LedgerEntry[];
  readonly happenings: readonly Happening[];
  /** Ms since the first slot. */
  readonly now: number;
  readonly width: number;
}

/** A run that began this long after its slot had waited for a leader, in ms. */
const LATE = 250;
/** The most rows shown; a long demo shows the latest. */
const ROWS = 3;
const BLOWS = ["killed", "paused", "resumed"];

/** The strip's lines: for each row, the slots' numbers, the cells and the blows. */
export function strip(options: StripOptions): Line[] {
  const { slots, now, width } = options;
  const cell = [3, 2].find((cell) => slots * cell <= width) ?? 1;
  const perRow = slots * cell <= width ? slots : Math.max(10, Math.floor(width / 10) * 10);
  const rows = Math.ceil(slots / perRow);
  const current = Math.min(rows - 1, Math.max(0, Math.floor(now / SECOND / perRow)));
  const from = Math.max(0, Math.min(current - ROWS + 1, rows - ROWS));
  const drawn: Line[] = [];
  for (let row = from; row < Math.min(rows, from + ROWS); row++) {
    const numbers = Array.from({ length: perRow }, (_, i) => row * perRow + i)
      .filter((index) => index < slots);
    drawn.push(
      [{ text: ruler(numbers, cell), style: DIM }],
      numbers.map((index) => slotCell(index, cell, options)),
      numbers.map((index) => blowCell(index, cell, options.happenings)),
    );
  }
  return drawn;
}

/** The legend below the strip; only between its entries can it be broken. */
export function legend(): Line {
  const entries = [
    ...["a ran on time", "A caught up late", "_ has not run"],
    ...["✗ killed", "⏸ frozen", "▸ woken"],
  ];
  return [{ text: entries.map((each) => each.replaceAll(" ", "\u00a0")).join("   "), style: DIM }];
}

function ruler(numbers: readonly number[], cell: number): string {
  return numbers.map((index) => (index % 5 === 0 ? ` ${index}`.slice(cell === 1 ? 1 : 0) : ""))
    .reduce((line, label, i) => line.padEnd(i * cell) + label, "");
}

function slotCell(index: number, cell: number, { first, ledger, now }: StripOptions): Span {
  const slot = first + index * SECOND;
  const runs = ledger.filter((entry) => entry.slot === slot);
  const [run] = runs;
  const pad = (sign: string): string => (cell === 3 ? ` ${sign} ` : sign.padEnd(cell));
  if (runs.length > 1) return { text: pad("2"), style: `${RED};7` };
  if (run) {
    const letter = letterOf(run.worker);
    const late = run.at - slot >= LATE;
    return { text: pad(late ? letter.toUpperCase() : letter), style: colourOf(run.worker) };
  }
  return now >= index * SECOND + 100
    ? { text: pad("_"), style: `${BOLD};${RED}` }
    : { text: pad("·"), style: DIM };
}

function blowCell(index: number, cell: number, happenings: readonly Happening[]): Span {
  const blow = happenings.findLast(({ type, at }) =>
    BLOWS.includes(type) && Math.floor(at / SECOND) === index
  );
  const sign = blow?.type === "killed" ? "✗" : blow?.type === "paused" ? "⏸" : blow ? "▸" : " ";
  const style = blow?.type === "killed" ? RED : YELLOW;
  // Between this slot and the next, where it fell.
  return { text: cell === 1 ? sign : `${" ".repeat(cell - 1)}${sign}`, style };
}
