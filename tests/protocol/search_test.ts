import assert from "node:assert/strict";
import { chance } from "../tools/chance.ts";
import { search, type Space } from "./search.ts";

/** A graph as a space: from each node to its neighbours, in the order given. */
function graph(edges: readonly (readonly number[])[], bad: readonly number[] = []): Space<number> {
  return {
    initial: 0,
    next: (node) => (edges[node] ?? []).map((to) => ({ label: `${node}-${to}`, state: to })),
    invariant: (node) => bad.includes(node) ? "no bad node" : undefined,
    key: (node) => node,
  };
}

Deno.test("a search counts every state and step of a grid once, and knows its depth", () => {
  const [width, height] = [7, 5];
  const grid: Space<readonly [number, number]> = {
    initial: [0, 0],
    next: ([x, y]) => {
      const right = { label: "right", state: [x + 1, y] as const };
      const down = { label: "down", state: [x, y + 1] as const };
      return [right, down].filter(({ state: [x, y] }) => x < width && y < height);
    },
    invariant: () => undefined,
    key: ([x, y]) => `${x} ${y}`,
  };
  assert.deepEqual(search(grid), {
    outcome: "exhausted",
    states: width * height,
    steps: (width - 1) * height + width * (height - 1),
    depth: width - 1 + height - 1,
  });
});

Deno.test("a search that may come back ends all the same: ten switches", () => {
  const switches = Array.from({ length: 10 }, (_, i) => i);
  const space: Space<number> = {
    initial: 0,
    next: (on) => switches.map((i) => ({ label: `switch ${i}`, state: on ^ 1 << i })),
    invariant: () => undefined,
    key: (on) => on,
  };
  const whole = { states: 1_024, steps: 10_240, depth: 10 };
  assert.deepEqual(search(space), { outcome: "exhausted", ...whole });
});

Deno.test("two jugs of 3 and 5 litres measure 4 litres in 6 steps, and hold 16 different ways", () => {
  const jugs = (invariant: Space<readonly [number, number]>["invariant"]) =>
    search({
      initial: [0, 0] as const,
      next: ([small, big]) => {
        const toBig = Math.min(small, 5 - big);
        const toSmall = Math.min(big, 3 - small);
        return [
          { label: "fill small", state: [3, big] as const },
          { label: "fill big", state: [small, 5] as const },
          { label: "empty small", state: [0, big] as const },
          { label: "empty big", state: [small, 0] as const },
          { label: "small to big", state: [small - toBig, big + toBig] as const },
          { label: "big to small", state: [small + toSmall, big - toSmall] as const },
        ];
      },
      invariant,
      key: ([small, big]) => small * 6 + big,
    });
  const all = jugs(() => undefined);
  assert.deepEqual([all.outcome, all.states, all.steps], ["exhausted", 16, 96]);
  const four = jugs(([, big]) => big === 4 ? "never 4 litres" : undefined);
  assert(four.outcome === "broken");
  assert.equal(four.property, "never 4 litres");
  assert.deepEqual(four.trace, [
    "fill big",
    "big to small",
    "empty small",
    "big to small",
    "fill big",
    "big to small",
  ]);
});

Deno.test("in random graphs the way found is a real one and as long as Floyd and Warshall say", () => {
  const random = chance(17);
  const below = (n: number): number => Math.floor(random() * n);
  let found = 0;
  for (let round = 0; round < 300; round++) {
    const nodes = 2 + below(12);
    const edges = Array.from(
      { length: nodes },
      () => Array.from({ length: below(4) }, () => below(nodes)),
    );
    const far = Array.from(
      { length: nodes },
      (_, i) => Array.from({ length: nodes }, (_, j) => i === j ? 0 : Infinity),
    );
    const at = (i: number, j: number): number => far[i]?.[j] ?? Infinity;
    edges.forEach((tos, i) => tos.forEach((to) => far[i]?.splice(to, 1, Math.min(1, at(i, to)))));
    for (let via = 0; via < nodes; via++) {
      for (let i = 0; i < nodes; i++) {
        for (let j = 0; j < nodes; j++) {
          far[i]?.splice(j, 1, Math.min(at(i, j), at(i, via) + at(via, j)));
        }
      }
    }
    const reachable = (far[0] ?? []).filter((length) => length < Infinity);
    const all = search(graph(edges));
    assert.deepEqual([all.outcome, all.states], ["exhausted", reachable.length]);
    assert.equal(all.depth, Math.max(...reachable));

    const bad = 1 + below(nodes - 1);
    const verdict = search(graph(edges, [bad]));
    assert.equal(verdict.outcome, at(0, bad) < Infinity ? "broken" : "exhausted");
    if (verdict.outcome !== "broken") continue;
    found++;
    assert.deepEqual([verdict.trace.length, verdict.depth], [at(0, bad), at(0, bad)]);
    const end = verdict.trace.reduce((node, label) => {
      const [from, to] = label.split("-").map(Number);
      assert.equal(from, node);
      assert(to !== undefined && edges[node]?.includes(to));
      return to;
    }, 0);
    assert.equal(end, bad);
  }
  assert(found > 100, `only ${found} of the graphs had a way`);
});

Deno.test("a search that reaches its bound says so, and one that just fits is exhausted", () => {
  const ring = graph(Array.from({ length: 10 }, (_, i) => [(i + 1) % 10]));
  assert.equal(search(ring, { states: 9 }).outcome, "not exhausted");
  assert.equal(search(ring, { states: 10 }).outcome, "exhausted");
  // What is broken beyond the bound is not seen, and nothing is claimed about it.
  const broken = graph(Array.from({ length: 10 }, (_, i) => [(i + 1) % 10]), [9]);
  assert.equal(search(broken, { states: 9 }).outcome, "not exhausted");
  assert.equal(search(broken, { states: 10 }).outcome, "broken");
});

Deno.test("a first state that is broken takes no step to reach", () => {
  const verdict = search(graph([[1], [0]], [0]));
  assert(verdict.outcome === "broken");
  assert.deepEqual([verdict.trace, verdict.states], [[], 1]);
});

Deno.test("a model that answers other steps when asked again gets no trace made up", () => {
  let asked = 0;
  const fickle: Space<number> = {
    ...graph([[1], [2], []], [2]),
    next: (node) => ++asked > 2 ? [] : [{ label: "on", state: node + 1 }],
  };
  assert.throws(() => search(fickle), /same order twice/);
});
