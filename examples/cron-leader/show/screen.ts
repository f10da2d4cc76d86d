/** A terminal's alternate screen, redrawn in place. Closing it brings back the earlier text. */

import { type Line, painted } from "./paint.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";
/** Between these, terminals that support it collect all changes and show them at once. */
const [HOLD, SHOW] = ["\x1b[?2026h", "\x1b[?2026l"];

/** The widest that is pleasant to read. */
const WIDEST = 100;

/** How much of a terminal is used; the user may resize the window at any time. */
export function sizeOf(): { readonly columns: number; readonly rows: number } {
  const { columns, rows } = Deno.consoleSize();
  return { columns: Math.min(columns, WIDEST), rows };
}

export class Screen implements Disposable {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
    write(ENTER);
  }

  /** Shows these lines, as many as fit, and nothing else. */
  draw(lines: readonly Line[]): void {
    const { columns, rows } = sizeOf();
    const text = lines.slice(0, rows).map((line) => `${painted(line, columns)}\x1b[K`).join("\r\n");
    this.#write(`${HOLD}\x1b[H${text}\x1b[J${SHOW}`);
  }

  [Symbol.dispose](): void {
    this.#write(LEAVE);
  }
}
