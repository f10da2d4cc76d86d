/** The order in which those who wait are found. */

import assert from "node:assert/strict";
import { InOrder } from "../../../drivers/kit/queues.ts";
import { chance } from "../../tools/chance.ts";

Deno.test("the first is the one that came first of those that are there, whoever comes and goes", () => {
  const random = chance(5);
  const line = new InOrder<number>();
  const there: number[] = [];
  for (let came = 0; came < 5_000; came++) {
    const pick = Math.floor(random() * there.length);
    // Long stretches of coming, and of leaving until nobody is there; some leave out of turn.
    const leaves = Math.floor(came / 200) % 2 === 1;
    if (!leaves) {
      line.add(came);
      there.push(came);
    } else {
      const [gone] = there.splice(random() < 0.7 ? 0 : pick, 1);
      if (gone !== undefined) line.delete(gone);
    }
    // Not at each step: others come and go between two looks.
    if (random() < 0.6) assert.equal(line.first, there[0]);
  }
  assert.equal(line.first, there[0]);
});

Deno.test("one that leaves and comes again is the last", () => {
  const line = new InOrder([1, 2]);
  assert.equal(line.first, 1);
  line.delete(1);
  line.add(1);
  assert.equal(line.first, 2);
  line.delete(2);
  assert.equal(line.first, 1);
  line.clear();
  assert.equal(line.first, undefined);
});
