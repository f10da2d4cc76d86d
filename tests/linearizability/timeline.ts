/**
 * A history as a picture: one line for each client, calls as bars from invocation to return. Distances
 * say nothing but what came before what, and a bar is as long as its text.
 *
 * ```text
 * anna |- write 1 -> done -| |- read -> 0 -|
 * ben   |~ write 2 -> ? ~~~ |- read -> 1 -|
 * ```
 *
 * @module
 */

import type { Call } from "./wgl.ts";

/** How a picture is drawn. */
export interface TimelineOptions<I, O> {
  /** What is written on a call's bar. */
  readonly label?: (call: Call<I, O>) => string;
  /** How many calls, the last ones, are shown; 24 unless given. */
  readonly last?: number;
  /** Characters in a line, after which the picture goes on below; 120 unless given. */
  readonly width?: number;
}

/** Some calls of a client no two of which overlap; a client that calls at once has several rows. */
interface Row<C> {
  readonly client: string;
  readonly calls: C[];
}

/** Draws it. */
export function timeline<I, O>(
  calls: readonly Call<I, O>[],
  { label = plain, last = 24, width = 120 }: TimelineOptions<I, O> = {},
): string {
  // What ended last is what the picture is about; what never ended is older the earlier it began.
  const byAge = calls.toSorted((a, b) => ageOf(a) - ageOf(b) || a.invoked - b.invoked);
  const shown = byAge.slice(-last).sort((a, b) => a.invoked - b.invoked);
  const bars = new Map(shown.map((call) => [call, barOf(call, label)]));
  const rows = rowsOf(shown);
  const columns = columnsOf(rows, bars);
  const margin = Math.max(...rows.map(({ client }) => client.length)) + 1;
  const lines = rows.map(({ client, calls }) => ({
    client,
    text: calls.reduce((line, call) => {
      const { begin, end } = columns.get(call) as Span;
      const [first = "", middle = "", tail = ""] = bars.get(call) as Bar;
      const filled = middle.padEnd(
        end - begin + 1 - first.length - tail.length,
        tail.slice(-2, -1),
      );
      return line.padEnd(begin) + first + filled + tail;
    }, ""),
  }));

  const block = Math.max(1, width - margin);
  const length = Math.max(...lines.map(({ text }) => text.length));
  const blocks = Array.from(
    { length: Math.ceil(length / block) },
    (_, n) =>
      lines.map(({ client, text }) => ({ client, part: text.slice(n * block, (n + 1) * block) }))
        .filter(({ part }) => part.trim() !== "")
        .map(({ client, part }) => (client.padEnd(margin) + part).trimEnd()).join("\n"),
  );
  const omitted = calls.length - shown.length;
  return [...(omitted > 0 ? [`(${omitted} earlier calls)`] : []), blocks.join("\n\n")].join("\n");
}

function plain({ input, output }: Call<unknown, unknown>): string {
  const text = (it: unknown): string => typeof it === "string" ? it : JSON.stringify(it);
  return `${text(input)} -> ${output === undefined ? "?" : text(output)}`;
}

/** When something was last heard of it. */
function ageOf({ output, invoked, returned }: Call<unknown, unknown>): number {
  return output === undefined ? invoked : Math.min(returned, Number.MAX_VALUE);
}

/** Its beginning, its text and its end; one without an answer is open. */
type Bar = readonly [string, string, string];

function barOf<I, O>(call: Call<I, O>, label: (call: Call<I, O>) => string): Bar {
  return call.output === undefined
    ? ["|~ ", `${label(call)} `, "~~~"]
    : ["|- ", `${label(call)} `, "-|"];
}

function rowsOf<I, O>(calls: readonly Call<I, O>[]): Row<Call<I, O>>[] {
  const rows: Row<Call<I, O>>[] = [];
  for (const call of calls) {
    // After a call without an answer the client may go on.
    const free = rows.find(({ client, calls }) =>
      client === call.client && calls.every((before) => ageOf(before) < call.invoked)
    );
    if (free) free.calls.push(call);
    else rows.push({ client: call.client, calls: [call] });
  }
  return rows.sort((a, b) => a.client < b.client ? -1 : a.client > b.client ? 1 : 0);
}

/** From where to where a bar goes. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Puts every event right of all that came before it, and far enough for its bar's text. */
function columnsOf<I, O>(
  rows: readonly Row<Call<I, O>>[],
  bars: ReadonlyMap<Call<I, O>, Bar>,
): Map<Call<I, O>, Span> {
  const spans = new Map<Call<I, O>, Span>();
  const events = rows.flatMap(({ calls }) =>
    calls.flatMap((call, n) => [
      { call, time: call.invoked, previous: calls[n - 1], isReturn: false },
      ...(call.output === undefined
        ? []
        : [{ call, time: call.returned, previous: undefined, isReturn: true }]),
    ])
  ).sort((a, b) =>
    a.time < b.time ? -1 : a.time > b.time ? 1 : Number(a.isReturn) - Number(b.isReturn)
  );
  let column = -1;
  for (const { call, previous, isReturn } of events) {
    const least = bars.get(call)?.join("").length ?? 0;
    const { begin, end } = spans.get(isReturn ? call : previous ?? call) ?? { begin: 0, end: -2 };
    column = Math.max(column + 1, isReturn ? begin + least - 1 : end + 2);
    spans.set(call, isReturn ? { begin, end: column } : { begin: column, end: column + least - 1 });
  }
  return spans;
}
