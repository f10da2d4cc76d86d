/** How a number grows with what it is counted over, and whether that is as it should be. */

/**
 * `"flat"`: the same, however many there are. `"linear"`: ten times as many cost ten times as much.
 * `"few"`: a bound that does not depend on how many there are.
 */
export type Shape = "flat" | "linear" | "few";

/** What was measured at each count. */
export interface Curve {
  /** What there are so many of, such as `"leases held"`. */
  readonly subject: string;
  /** What was measured, with its unit. */
  readonly name: string;
  readonly shape: Shape;
  /** Of `"few"`: the most. Default: {@link FEW}. */
  readonly most?: number;
  /** Of `"flat"`: what is less than this counts as much as this. Default: 0. */
  readonly noise?: number;
  /** One for each count; `undefined` where it cannot be measured. */
  readonly values: readonly (number | undefined)[];
  /** A time, or a part of a heap: shown with two digits. */
  readonly rough: boolean;
}

/**
 * So many times as much as the shape allows is still noise: far above what noise does to a median, and
 * far below what a false shape does between two counts, which is at least ten.
 */
export const SLACK = 4;
/** The most that may be left, whatever there was: lists and counters of a fixed number. */
export const FEW = 2_048;

/** Whether the curve keeps its shape; `counts` are what it was measured at. */
export function keepsShape(
  { shape, values, most = FEW, noise = 0 }: Curve,
  counts: readonly number[],
): boolean {
  const known = values.flatMap((value, i) =>
    value === undefined ? [] : [{ value, count: counts[i] ?? NaN }]
  );
  if (known.length === 0) throw new Error("there is no shape of nothing");
  return known.every(({ value, count }, i) => {
    if (shape === "few") return value <= most;
    if (shape === "flat") return value <= SLACK * Math.max(noise, known[0]?.value ?? NaN);
    const before = known[i - 1];
    return !before || value <= SLACK * before.value * count / before.count;
  });
}

/** A table with a column for each count, and a verdict for each curve. */
export function curvesOf(
  title: string,
  curves: readonly Curve[],
  counts: readonly number[],
): string {
  const width = Math.max(...curves.map(({ name }) => name.length)) + 2;
  const heads = counts.map((count) => count.toLocaleString("en-US").padStart(10));
  const lines = [...Map.groupBy(curves, ({ subject }) => subject)].flatMap(([subject, each]) => [
    `  ${subject}`,
    ...each.map((curve) => {
      const values = curve.values.map((value) => shown(value, curve.rough).padStart(10));
      const verdict = keepsShape(curve, counts) ? "PASS" : "FAIL";
      return `    ${curve.name.padEnd(width)}${values.join("")}  ${
        curve.shape.padEnd(6)
      } ${verdict}`;
    }),
  ]);
  return [title, `    ${" ".repeat(width)}${heads.join("")}`, ...lines, ""].join("\n");
}

function shown(value: number | undefined, rough: boolean): string {
  if (value === undefined) return "–";
  return rough && value < 100 ? value.toFixed(2) : `${Math.round(value)}`;
}
