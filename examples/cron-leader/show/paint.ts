/** Text with colours. They are kept apart until the end, so that text can be cut to a width. */

/** A style as the parameters of an ANSI escape; `""` is none. */
export type Style = string;

export const BOLD: Style = "1";
export const DIM: Style = "2";
export const RED: Style = "31";
export const GREEN: Style = "32";
export const YELLOW: Style = "33";

/** Text in one style. Every character must take one column. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

/** One line on the screen. */
export type Line = readonly (Span | string)[];

/** Each worker's own colour, with dark text: readable on any terminal. */
export function colourOf(worker: string): Style {
  const backgrounds = [80, 221, 176, 114, 75, 209];
  return `38;5;16;48;5;${backgrounds[letterOf(worker).charCodeAt(0) % backgrounds.length]}`;
}

/** The last letter of its name. */
export function letterOf(worker: string): string {
  return worker.slice(-1);
}

/** The line as escapes, cut to `width` columns. */
export function painted(line: Line, width: number): string {
  let left = width;
  let out = "";
  for (const span of line) {
    const { text, style = "" } = typeof span === "string" ? { text: span } : span;
    const shown = [...text].slice(0, left);
    left -= shown.length;
    out += style ? `\x1b[${style}m${shown.join("")}\x1b[0m` : shown.join("");
  }
  return out;
}

/** The line without colours. */
export function plain(line: Line): string {
  return line.map((span) => (typeof span === "string" ? span : span.text)).join("").trimEnd();
}
