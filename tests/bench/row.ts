/** One line of the report. */

/** What was measured, and what it may be. */
export interface Row {
  /** The table it stands in. */
  readonly table: string;
  readonly name: string;
  readonly value: number;
  /** The range it was seen in, where it varies. */
  readonly low?: number;
  readonly high?: number;
  /** The most it may be; a row without one only informs. */
  readonly limit?: number;
  /** What it was made of. */
  readonly note?: string;
  /** Whether noise can move it; a count is exact. */
  readonly timed: boolean;
}

/** Whether a row keeps its limit, if it has one. */
export function passes({ value, limit }: Row): boolean {
  return limit === undefined || value <= limit;
}

/** All tables, each under its title, in columns that fit the longest entry. */
export function tablesOf(rows: readonly Row[]): string {
  const tables = Map.groupBy(rows, (row) => row.table);
  const width = Math.max(...rows.map((row) => row.name.length)) + 2;
  return [...tables].map(([title, lines]) =>
    [title, ...lines.map((row) => lineOf(row, width)), ""].join("\n")
  ).join("\n");
}

function lineOf(row: Row, width: number): string {
  const { name, value, low, high, limit, note = "", timed } = row;
  const number = (each: number): string => timed ? each.toFixed(2) : `${each}`;
  const range = low === undefined || high === undefined ? "" : `${number(low)}–${number(high)}`;
  const verdict = limit === undefined ? "" : `≤ ${number(limit)} ${passes(row) ? "PASS" : "FAIL"}`;
  const columns = [name.padEnd(width), number(value).padStart(6), range.padStart(14)];
  return `  ${columns.join(" ")}  ${verdict.padEnd(12)} ${note}`.trimEnd();
}
