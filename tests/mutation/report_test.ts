/**
 * When enough was noticed, and what a report says.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mutantsOf } from "./generate.ts";
import { diffOf, type Mutant } from "./mutant.ts";
import { enough, goneOf, row, summary, type Verdict } from "./report.ts";

type Fates = Partial<Record<Verdict["fate"], number>>;

/** So many verdicts of each kind. */
function verdictsOf(fates: Fates, mutant: Partial<Mutant> = {}): Verdict[] {
  const all = Object.entries(fates).flatMap(([fate, n]) => Array<string>(n).fill(fate));
  return all.map((fate, n): Verdict => ({
    mutant: { file: "drivers/a.ts", name: `${n}`, from: 0, to: 1, put: "y", was: "x", ...mutant },
    fate: fate as Verdict["fate"],
    seconds: 3,
    diff: "- x\n+ y",
  }));
}

Deno.test("of what is generated one survivor is enough, and of more than a hundred one in a hundred", () => {
  const verdicts = verdictsOf({ survived: 1, found: 17, hung: 1, "did not compile": 1 });
  assert.equal(enough(verdicts), true);
  const lines = summary(verdicts);
  assert.equal(lines[0], row(verdicts[0]!));
  assert.match(lines[0]!, /^survived .* drivers\/a\.ts 0\n {4}- x\n {4}\+ y$/);
  const counts = "17 found, 1 survived, 1 hung, 0 not judged, 1 did not compile: 94.7 %, in 1.0 m";
  assert.deepEqual(lines.slice(1).map((line) => line.slice(0, line.indexOf("inutes"))), [
    `drivers: ${counts}`,
    `all that are generated: ${counts}`,
  ]);
  const unjudged = verdictsOf({ survived: 1, "not judged": 1, found: 197 });
  assert.equal(enough(unjudged), false);
  assert.match(summary(unjudged).at(-1)!, /0 hung, 1 not judged, .*: 99\.0 %/);
  assert.equal(enough(verdictsOf({ survived: 2, found: 198 })), true);
  // Together they may be too many.
  const more = verdictsOf({ survived: 1, found: 90 }, { file: "http/b.ts" });
  assert.equal(enough(more), true);
  assert.equal(enough([...verdicts, ...more]), false);
});

Deno.test("of the stories one of a hundred may survive, and each must compile", () => {
  const stories = (fates: Fates) => enough(verdictsOf(fates, { story: true }));
  assert.equal(stories({ survived: 1, found: 99 }), true);
  assert.equal(stories({ survived: 1, found: 98 }), false);
  assert.equal(stories({ "did not compile": 1, found: 199 }), false);
  const [lost] = summary(verdictsOf({ "did not compile": 1, found: 1 }, { story: true }));
  assert.match(lost ?? "", /^did not compile .* drivers\/a\.ts 0$/);
  // They are no part of what is generated.
  const generated = verdictsOf({ survived: 2, found: 100 });
  assert.equal(enough([...generated, ...verdictsOf({ found: 105 }, { story: true })]), false);
});

Deno.test("what is listed as equal and is no mutant any more is gone", () => {
  const [mutant] = mutantsOf("f.ts", "const N = 7;");
  const listed = new Map([["f.ts N: 7 became 8", "why"], ["f.ts M: 7 became 8", "why"]]);
  assert.deepEqual(goneOf(listed, [mutant!]), ["f.ts M: 7 became 8"]);
});

Deno.test("a diff shows the line that changes", () => {
  const mutant: Mutant = { file: "f", name: "n", from: 4, to: 5, put: "<=", was: "<" };
  assert.equal(diffOf(mutant, "if (<) {\n}"), "- if (<) {\n+ if (<=) {");
});
