/** Text with colours. They are kept apart until the end, so that text can be cut to a width. */

/** A style as the parameters of an ANSI escape; `""` is none. */
export type Style = string;

export const BOLD: Style = "1";
export const DIM: Style = "2";
export const RED: Style = "31";
export const GREEN: Style = "32";
export const YELLOW: Style = "33";

/** Text in one style. Every character must take one column; at a no-break space no line is broken. */
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

/** The line as escapes, cut to `width` columns; as plain text where the user wants no colours. */
export function painted(line: Line, width = Infinity): string {
  const colours = !Deno.env.get("NO_COLOR");
  let left = width;
  let out = "";
  for (const { text, style } of line.map(spanOf)) {
    const shown = [...text.replaceAll("\u00a0", " ")].slice(0, left);
    left -= shown.length;
    out += style && colours ? `\x1b[${style}m${shown.join("")}\x1b[0m` : shown.join("");
  }
  return out;
}

/** The line without colours. */
export function plain(line: Line): string {
  return line.map((span) => spanOf(span).text).join("").replaceAll("\u00a0", " ").trimEnd();
}

/**
 * The line as lines of at most `width` columns, broken at spaces. Those after the first are indented,
 * by default as far as the first.
 */
export function wrapped(line: Line, width: number, indent = indentOf(line)): Line[] {
  const lines: (Span | string)[][] = [[]];
  let used = 0;
  for (const word of wordsOf(line)) {
    if (used > indent && used + [...plain(word)].length > width) {
      lines.push([" ".repeat(indent)]);
      used = indent;
    }
    lines.at(-1)?.push(...word);
    used += word.reduce((sum, { text }) => sum + [...text].length, 0);
  }
  return lines.map(trimmed);
}

/** Without the spaces at its end: they would take a terminal on to the next row. */
function trimmed(line: Line): Line {
  const last = line.at(-1);
  if (last === undefined) return line;
  const { text, ...style } = spanOf(last);
  return [...line.slice(0, -1), { ...style, text: text.trimEnd() }];
}

/** Its words, each with the spaces after it. Several spans can make one word. */
function wordsOf(line: Line): Span[][] {
  const words: Span[][] = [];
  for (const span of line.map(spanOf)) {
    for (const text of span.text.split(/(?<= )(?=[^ ])/)) {
      const last = words.at(-1);
      if (last && !last.at(-1)?.text.endsWith(" ")) last.push({ ...span, text });
      else words.push([{ ...span, text }]);
    }
  }
  return words;
}

function indentOf(line: Line): number {
  return /^ */.exec(plain(line))?.[0].length ?? 0;
}

function spanOf(span: Span | string): Span {
  return typeof span === "string" ? { text: span } : span;
}
