/** The part `scale` of the bench: every subject on every backend, one after the other. */
import { curvesFor } from "./scale.ts";
import { PLACES } from "./scale_place.ts";
import { SUBJECTS } from "./scale_subjects.ts";
import { curvesOf, keepsShape } from "./shape.ts";

/** What is measured. */
export interface ScaleOptions {
  /** Names of backends. Default: all. */
  readonly backends?: readonly string[];
  /** Whether to go on to 100,000. */
  readonly large: boolean;
  /** Shows a table. */
  print(text: string): void;
}

const COUNTS = [10, 1_000, 10_000];
const LARGE = 100_000;
/** Without a queue in the backend each is a timer and a request now and then: more show nothing new. */
const MOST_LOOKING = 1_000;

/** Prints a table for each backend, and answers how many curves have not the shape they must have. */
export async function scale({ backends = [], large, print }: ScaleOptions): Promise<number> {
  const counts = large ? [...COUNTS, LARGE] : COUNTS;
  let broken = 0;
  for (const name of backends.length > 0 ? backends : Object.keys(PLACES)) {
    const open = PLACES[name];
    if (!open) throw new RangeError(`no place is called ${name}`);
    await using few = await open();
    await using many = await open();
    const { driver: { guarantees: { push } }, grows = {} } = many;
    const curves = [];
    for (const subject of SUBJECTS) {
      if (grows[subject.name]) {
        print(`${name}: "${subject.name}" is not measured, for ${grows[subject.name]}`);
        continue;
      }
      const most = subject.looking && !push ? MOST_LOOKING : Infinity;
      const at = counts.filter((count) => count <= most);
      const found = await curvesFor(subject, { small: few, large: many }, at);
      curves.push(...found);
    }
    broken += curves.filter((curve) => !keepsShape(curve, counts)).length;
    print(curvesOf(`${name}: times are in units of the same beside ${counts[0]}`, curves, counts));
  }
  return broken;
}
