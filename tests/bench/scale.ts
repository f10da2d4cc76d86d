/** What ten, a thousand and ten thousand of something cost, against ten beside them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { contest } from "./contest.ts";
import type { Place } from "./scale_place.ts";
import type { Subject } from "./scale_crowd.ts";
import type { Curve } from "./shape.ts";

/** Where it is measured. */
export interface Sides {
  /** Has the least. */
  readonly small: Place;
  /** Gets more and more. */
  readonly large: Place;
}

/** How long to look: rounds of what costs the same, and of what costs as much as there are. */
const ROUNDS = { flat: 20, linear: 3, few: 3 };
/** Bytes of each that are noise. */
const NOTHING = 64;
const TURNS = { flat: 3, linear: 1, few: 1 };

/**
 * The curves of one subject: each deed's time in units of what it takes beside the least count, measured
 * in turns with it; its requests; each one's part of the heap; and what is left when all is over.
 */
export async function curvesFor(
  subject: Subject,
  { small, large }: Sides,
  counts: readonly number[],
): Promise<Curve[]> {
  const few = await subject.open(small);
  const before = await large.kept?.();
  const many = await subject.open(large);
  await few.grow(counts[0] ?? 0);
  const heapBefore = heap();
  const times = many.deeds.map((): number[] => []);
  const requests = many.deeds.map((): number[] => []);
  const heaps: (number | undefined)[] = [];
  for (const count of counts) {
    await many.grow(count);
    // What the engine keeps of code it meets hides what a few things need.
    heaps.push(count < 1_000 ? undefined : Math.max(0, heap() - heapBefore) / count);
    for (const [i, deed] of many.deeds.entries()) {
      const baseline = few.deeds[i]!;
      const effort = { rounds: ROUNDS[deed.shape], turns: TURNS[deed.shape] };
      const [standing] = await contest(["few", () => baseline.once()], [
        ["many", () => deed.once()],
      ], effort);
      times[i]!.push(standing!.median);
      requests[i]!.push(await requestsOf(large, () => deed.once()));
    }
  }
  await few.end();
  await many.end();
  const most = counts.at(-1) ?? 0;
  await large.pass();
  await large.tidy(most, (turn) => many.pair(turn));
  const left = before === undefined ? undefined : Math.max(0, await large.kept!() - before);
  const of = { subject: subject.name };
  return [
    ...many.deeds.flatMap((deed, i): Curve[] => [
      { ...of, name: `${deed.name}: time`, shape: deed.shape, values: times[i]!, rough: true },
      {
        ...of,
        name: `${deed.name}: requests`,
        shape: deed.requests,
        values: requests[i]!,
        rough: false,
      },
    ]),
    {
      ...of,
      name: "heap of each, bytes",
      ...subject.keeps ? { shape: "flat" } : { shape: "few", most: NOTHING },
      values: heaps,
      rough: false,
    },
    ...left === undefined ? [] : [
      {
        ...of,
        name: "rows, keys and list entries left",
        shape: "few" as const,
        values: [...counts.slice(1).map(() => undefined), left],
        rough: false,
      },
    ],
  ];
}

/** The most of some times: one grant in many also cleans up. So the least. */
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
function heap(): number {
  collect();
  return Deno.memoryUsage().heapUsed;
}
