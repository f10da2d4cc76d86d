/** What ten, a thousand and ten thousand of something cost, against ten beside them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Effort, timeOf } from "./contest.ts";
import { duel } from "./duel.ts";
import type { Place } from "./scale_place.ts";
import type { Deed, Subject } from "./scale_crowd.ts";
import type { Curve, Shape } from "./shape.ts";

/** Where it is measured. */
export interface Sides {
  /** Has the least. */
  readonly small: Place;
  /** Gets more and more. */
  readonly large: Place;
}

/** Bytes of each that are noise. The smallest leak of a name that was ever found had 139. */
const NOTHING = 128;

/** What one deed was found to cost, at each count. */
interface Found {
  readonly deed: Deed;
  /** The same beside the least count. */
  readonly baseline: Deed;
  readonly times: number[];
  readonly requests: number[];
}

/**
 * The curves of one subject: each deed's time in units of what it takes beside the least count, measured
 * in turns with it; its requests; each one's part of the heap; and what is left when all is over. What
 * the measuring itself leaves behind, such as claimed slots, there are as many of on both sides.
 */
export async function curvesFor(
  subject: Subject,
  { small, large }: Sides,
  counts: readonly number[],
): Promise<Curve[]> {
  const few = await subject.open(small);
  await few.grow(counts[0] ?? 0);
  const before = await large.kept?.() ?? 0;
  const many = await subject.open(large);
  const found = many.deeds.map((deed, i): Found => (
    { deed, baseline: few.deeds[i] ?? deed, times: [], requests: [] }
  ));
  const heapBefore = await heapOf(large);
  const heaps: number[] = [];
  for (const count of counts) {
    await many.grow(count);
    heaps.push(await heapOf(large) - heapBefore);
    for (const each of found) await measure(each, large, count);
  }
  await few.end();
  await many.end();
  await large.pass();
  await large.tidy(counts.at(-1) ?? 0, (turn) => many.pair(turn));
  const kept = await large.kept?.();
  const curves: Omit<Curve, "subject">[] = found.flatMap(curvesOfDeed);
  curves.push(heapCurve(subject, heaps, counts));
  if (kept !== undefined) {
    const values = counts.map((_, i) => i === counts.length - 1 ? kept - before : undefined);
    curves.push({ name: "rows, keys and list entries left", shape: "few", values, rough: false });
  }
  return curves.map((curve) => ({ subject: subject.name, ...curve }));
}

/**
 * What the engine itself keeps of code it meets hides what a few things need, so they are left out; and
 * where nothing should be kept, each one's part is that of those which came after the count before.
 */
function heapCurve(
  { keeps }: Subject,
  heaps: readonly number[],
  counts: readonly number[],
): Omit<Curve, "subject"> {
  const values = heaps.map((heap, i) => {
    const [count = NaN, before = 0] = [counts[i], counts[i - 1]];
    if (keeps) return before > 0 ? Math.max(0, heap) / count : undefined;
    return i < 2 ? undefined : Math.max(0, heap - (heaps[i - 1] ?? NaN)) / (count - before);
  });
  const shape = keeps
    ? { shape: "flat", noise: NOTHING } as const
    : { shape: "few", most: NOTHING } as const;
  return { name: "heap of each, bytes", ...shape, values, rough: false };
}

async function measure({ deed, baseline, times, requests }: Found, large: Place, count: number) {
  times.push(await timesAsLong(deed, baseline, effortFor(deed.shape, count)));
  requests.push(await requestsOf(large, () => deed.once()));
}

function curvesOfDeed({ deed, times, requests }: Found): Omit<Curve, "subject">[] {
  const { name, shape } = deed;
  return [
    // A first value below 1 is noise: the unit is what it is measured against.
    { name: `${name}: time`, shape, noise: 1, values: times, rough: true },
    { name: `${name}: requests`, shape: deed.requests, values: requests, rough: false },
  ];
}

/**
 * How many times as long one takes as the other. Both sides of a round last about equally long: a busy
 * machine would interrupt only the longer one.
 */
async function timesAsLong(deed: Deed, baseline: Deed, { rounds, turns }: Effort): Promise<number> {
  const one = () => timeOf(() => deed.once(), turns);
  const other = (times: number) => timeOf(() => baseline.once(), turns * times);
  const about = Math.max(1, Math.round(await one() / await other(1)));
  const { best } = await duel(one, () => other(about), rounds);
  return best * about;
}

/** So often in a row, what is done beside one grant in 64 shows, such as clean-up. */
const IN_A_ROW = 64;

/** What costs as much as there are is looked at by itself, and less often when there are many. */
function effortFor(shape: Shape, count: number): Effort {
  if (shape !== "linear") return { rounds: 6, turns: IN_A_ROW };
  return { rounds: count > 1_000 ? 5 : 15, turns: 1 };
}

/** The least of some times, for one grant in many also cleans up. */
async function requestsOf(place: Place, once: () => unknown): Promise<number> {
  let least = Infinity;
  for (let times = 0; times < 3; times++) {
    place.requests();
    await once();
    least = Math.min(least, place.requests());
  }
  return least;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes in use, after a collection. */
async function heapOf(place: Place): Promise<number> {
  place.forget();
  // Timers that were cancelled, and what waits for them, are gone after a turn.
  for (let turns = 0; turns < 3; turns++) {
    await new Promise((go) => setTimeout(go, 0));
    collect();
  }
  return Deno.memoryUsage().heapUsed;
}
