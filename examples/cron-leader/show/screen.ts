/** A terminal's other screen, redrawn in place. What was there before comes back when it closes. */

import { type Line, painted } from "./paint.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";
/** Between these a terminal that can waits, and shows all changes at once. */
const [HOLD, SHOW] = ["\x1b[?2026h", "\x1b[?2026l"];

/** The widest that is pleasant to read. */
const WIDEST = 100;

export class Screen implements Disposable {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
    write(ENTER);
  }

  /** How much fits now; the window may have changed. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = Deno.consoleSize();
    return { columns: Math.min(columns, WIDEST), rows };
  }

  /** Shows these lines, as far as they fit, and nothing else. */
  draw(lines: readonly Line[]): void {
    const { columns, rows } = this.size;
    const text = lines.slice(0, rows).map((line) => `${painted(line, columns)}\x1b[K`).join("\r\n");
    this.#write(`${HOLD}\x1b[H${text}\x1b[J${SHOW}`);
  }

  [Symbol.dispose](): void {
    this.#write(LEAVE);
  }
}
