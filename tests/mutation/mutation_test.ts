/**
 * What the measure is worth: mutants have names of their own, stories are where they say, and every
 * file has tests. `deno task mutate` plants them, which takes long.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { firstThatCompile, refusedOf } from "./compiling.ts";
import { EQUIVALENT } from "./equivalent.ts";
import { mutantsOf } from "./generate.ts";
import { applied, type Mutant, titleOf } from "./mutant.ts";
import { placesOf } from "./places.ts";
import { planted } from "./plant.ts";
import { copied, importsOf, productOf, reachOf, sources } from "./project.ts";
import { goneOf } from "./report.ts";
// What bundles starts with its first import, and that must not be within a test.
import "../tools/bundler.ts";
import { Judge } from "./judge.ts";
import type { Result } from "./run_tests.ts";
import { backendsOf, type Run, runsFor, testFiles } from "./runs.ts";
import { asked, sampled } from "./sample.ts";
import { STORIES, told } from "./stories.ts";

/** Of a run that notices nothing. */
const PASSED: Result = { seconds: 1 };

/** Names, each with the line that comes of it. */
function made(text: string): Record<string, string> {
  const mutants = mutantsOf("f.ts", text);
  return Object.fromEntries(mutants.map((mutant) => [mutant.name, applied(mutant, text)]));
}

Deno.test("mutants are made of comparisons, conditions, statements and constants, named by function", () => {
  assert.deepEqual(
    made("class A { #b(n: number) { if (n < 7 && this.c) this.d(); return n !== 1; } }"),
    {
      "A.#b: condition always true":
        "class A { #b(n: number) { if (true) this.d(); return n !== 1; } }",
      "A.#b: condition always false":
        "class A { #b(n: number) { if (false) this.d(); return n !== 1; } }",
      'A.#b: "&&" became "||"':
        "class A { #b(n: number) { if (n < 7 || this.c) this.d(); return n !== 1; } }",
      'A.#b: "<" became "<="':
        "class A { #b(n: number) { if (n <= 7 && this.c) this.d(); return n !== 1; } }",
      "A.#b: 7 became 8":
        "class A { #b(n: number) { if (n < 8 && this.c) this.d(); return n !== 1; } }",
      "A.#b: 7 became 6":
        "class A { #b(n: number) { if (n < 6 && this.c) this.d(); return n !== 1; } }",
      "A.#b: 7 became 14":
        "class A { #b(n: number) { if (n < 14 && this.c) this.d(); return n !== 1; } }",
      "A.#b: 7 became 0":
        "class A { #b(n: number) { if (n < 0 && this.c) this.d(); return n !== 1; } }",
      "A.#b: dropped: this.d()":
        "class A { #b(n: number) { if (n < 7 && this.c) {} return n !== 1; } }",
      "A.#b: return value negated":
        "class A { #b(n: number) { if (n < 7 && this.c) this.d(); return !(n !== 1); } }",
      'A.#b: "!==" became "==="':
        "class A { #b(n: number) { if (n < 7 && this.c) this.d(); return n === 1; } }",
      "A.#b: 1 became 2":
        "class A { #b(n: number) { if (n < 7 && this.c) this.d(); return n !== 2; } }",
      "A.#b: 1 became 0":
        "class A { #b(n: number) { if (n < 7 && this.c) this.d(); return n !== 0; } }",
    },
  );
});

Deno.test("waiting, catching, arguments, lists and patterns are mutated, types and messages are not", () => {
  const names = Object.keys(made(`
    type T = 1 | 2;
    const WORDS = /^(a|b)$/i;
    const LIST = ["x", "y"];
    async function f(options: { n: 3 }): Promise<T> {
      try {
        await g(1, options);
      } catch {
        throw new Error("limit 4, or 5 " + 6);
      } finally {
        h();
      }
    }`));
  for (
    const name of [
      ...[
        "WORDS: /^(a|b)$/ forgot a",
        "WORDS: /^(a|b)$/ lost its ^",
        "WORDS: /^(a|b)$/ minds case",
      ],
      ...['LIST: dropped: "x"', "f: await dropped: g(1, options)", "f: argument dropped: options"],
      ...["f: catch emptied", "f: finally emptied", "f: dropped: h()"],
    ]
  ) assert(names.includes(name), `${name} is none of ${names.join("; ")}`);
  assert.deepEqual(names.filter((name) => /\b[3-6] became/.test(name)), []);
});

Deno.test("of what a comparison answers only its sign is mutated", () => {
  const names = Object.keys(
    made("const f = (all: T[]) => all.sort((a, b) => a.n < b.n ? -1 : 1);"),
  );
  assert.deepEqual(names.filter((name) => / became \d/.test(name)), ["f: 1 became 0"]);
});

Deno.test("an await is mutated unless whoever called awaits it anyway, whichever branch it ends", () => {
  const names = Object.keys(made(`
    const last = async (n: number) => n > 7 ? await one() : n > 8 ? 0 : await two();
    const first = async () => await three() ? 0 : 9;
    async function caught(n: number) {
      try {
        return n > 7 ? await four() : 0;
      } catch {
        return 1;
      }
    }`)).filter((name) => name.includes("await dropped"));
  assert.deepEqual(names, ["first: await dropped: three()", "caught: await dropped: four()"]);
});

Deno.test("SQL and Lua in texts are mutated, prose is not", () => {
  const names = Object.keys(made(`
    const SQL = \`select 1 from t where a >= \${b} and c = d limit 8 for update\`;
    const LUA = \`if x == 1 then redis.call('del', k) end\`;
    const PROSE = "whatever is greater or equal, and 7";`));
  for (
    const name of [
      ...["SQL: >= swapped", "SQL: and swapped", "SQL: 8 doubled", "SQL: for update dropped"],
      ...["SQL: = swapped", "LUA: == swapped", "LUA: 1 became 0"],
    ]
  ) assert(names.includes(name), `${name} is none of ${names.join("; ")}`);
  assert.deepEqual(names.filter((name) => name.startsWith("PROSE")), []);
});

Deno.test("each mutant of the product changes its file and has a name of its own, the equal ones too", async () => {
  const product = productOf(await sources());
  const mutants = [...product].flatMap(([file, text]) => mutantsOf(file, text));
  for (const mutant of mutants) {
    const text = product.get(mutant.file) ?? "";
    assert.notEqual(applied(mutant, text), text, titleOf(mutant));
  }
  assert.equal(new Set(mutants.map(titleOf)).size, mutants.length);
  assert(mutants.length > 5_000, `${mutants.length}`);
  assert.deepEqual(goneOf(EQUIVALENT, mutants), []);
});

Deno.test("each story is in one place, told once, and changes something that compiles", async () => {
  const product = productOf(await sources());
  const mutants = told(STORIES, product);
  for (const mutant of mutants) {
    assert.notEqual(mutant.was, mutant.put, titleOf(mutant));
    placesOf(applied(mutant, product.get(mutant.file) ?? ""));
  }
  assert.equal(new Set(mutants.map(titleOf)).size, mutants.length);
  const copy = await copied();
  try {
    assert.deepEqual([...await refusedOf(copy.root, mutants)].map(titleOf), []);
  } finally {
    await copy.remove();
  }
});

Deno.test("a story outlives a formatter and a move, and one that fits nowhere, or twice, is refused", () => {
  const story = { name: "n", at: "A.b", find: "c(d, e)", put: "c(e, d)" };
  for (
    const text of ["class A { b() { c(d, e); } }", "\n\nclass A {\n  b() {\n    c(d,\n e);\n  }\n}"]
  ) {
    const [mutant] = told([story], new Map([["new/place.ts", text]]));
    assert(mutant);
    assert.match(applied(mutant, text), /c\(e, d\)/);
    assert.equal(mutant.file, "new/place.ts");
  }
  const twice = new Map([["f.ts", "class A { b() { c(d, e); c(d, e); } }"]]);
  assert.throws(() => told([story], twice), /is in 2 places/);
  assert.throws(
    () => told([story], new Map([["f.ts", "class A { x() { c(d, e); } }"]])),
    /in 0 places/,
  );
  const [near] = told(
    [{ ...story, near: "two" }],
    new Map([
      ["one.ts", "class A { b() { c(d, e); } }"],
      ["two.ts", "class A { b() { c(d, e); } }"],
    ]),
  );
  assert.equal(near?.file, "two.ts");
});

Deno.test("every file of the product has tests that import it, those of its name first", async () => {
  const texts = await sources();
  const imports = importsOf(texts);
  const known = { tests: testFiles(texts, imports), backends: await backendsOf(imports) };
  const alone: string[] = [];
  for (const [file, text] of productOf(texts)) {
    if (mutantsOf(file, text).length > 0 && runsFor(file, known).length === 0) alone.push(file);
  }
  assert.deepEqual(alone, []);
  const [first] = runsFor("coordination/locks/semaphore.ts", known);
  assert.match(first?.paths[0] ?? "", /semaphore_test\.ts$/);
  // What they are called names no backend, so they are tried whole.
  for (const file of ["url.ts", "coordination/locks/semaphore.ts", "drivers/kit/urls.ts"]) {
    const runs = runsFor(file, known);
    const urls = runs.find(({ paths }) => paths.includes("tests/url/url_test.ts"));
    assert.deepEqual([urls !== undefined, urls?.filter], [true, undefined], file);
  }
  for (
    const family of ["redis", "postgres", "mysql", "consul", "etcd", "durable_object", "zookeeper"]
  ) {
    const runs = runsFor(`drivers/${family}/${family}.ts`, known);
    const own = `tests/drivers/${family}/`;
    assert(runs.some(({ paths }) => paths.some((path) => path.startsWith(own))), family);
  }
});

Deno.test("what is imported as a type is not reached; what may be loaded later is, and what another process runs", () => {
  const imports = importsOf(
    new Map([
      ["a/b.ts", 'import type { T } from "./t.ts";\nimport { c } from "../c.ts";\n'],
      ["c.ts", 'const d = () => import("./a/d.ts");\nexport * from "./e.ts";\n'],
      ["e.ts", 'run(import.meta.resolve("./a/f.ts"), new URL("g.ts", import.meta.url));\n'],
    ]),
  );
  assert.deepEqual(
    [...reachOf("a/b.ts", imports)].sort(),
    ["a/b.ts", "a/d.ts", "a/f.ts", "c.ts", "e.ts", "g.ts"],
  );
});

Deno.test("a sample is the same each time, another with another seed, and about as large as asked", () => {
  const mutants = Array.from({ length: 10_000 }, (_, n): Mutant => ({
    ...{ file: "f.ts", name: `${n}`, from: 0, to: 0, put: "", was: "" },
  }));
  const sample = (seed: number, share: number) =>
    sampled(mutants, { seed, share }).map(({ name }) => name);
  assert.deepEqual(sample(1, 0.05), sample(1, 0.05));
  assert.notDeepEqual(sample(1, 0.05), sample(2, 0.05));
  assert(Math.abs(sample(3, 0.05).length - 500) < 150);
  assert.equal(sample(1, 1).length, mutants.length);
  assert.deepEqual(sample(1, 0.05), sample(1, 0.1).slice(0, sample(1, 0.05).length));
  assert.deepEqual(sample(1, 1).slice(0, 300), sample(1, 0.1).slice(0, 300));
  const given = { seed: 2, copies: 1, all: false, stories: false, quick: false, trust: false };
  assert.deepEqual(asked({ ...given, sample: 300 }, []), {
    ...{ seed: 2, share: 1, sample: 300, copies: 1, parts: [] },
    ...{ stories: false, generated: true, quick: false, trust: false },
  });
  assert.deepEqual(asked({ ...given, share: 0.5 }, ["heart.ts"]), {
    ...{ seed: 2, share: 0.5, sample: Infinity, copies: 1, parts: ["heart.ts"] },
    ...{ stories: false, generated: true, quick: false, trust: false },
  });
  const { share, stories, generated } = asked(given, []);
  assert.deepEqual([share, stories, generated], [0.05, true, true]);
  assert.equal(asked({ ...given, all: true }, []).share, 1);
  assert.equal(asked({ ...given, stories: true }, []).generated, false);
});

Deno.test("mutants that a compiler refuses are told apart though they are checked together", async () => {
  const product = productOf(await sources());
  const of = (file: string, was: string, put: string): Mutant => {
    const from = product.get(file)?.indexOf(was) ?? -1;
    assert(from >= 0, `${was} is not in ${file}`);
    return { file, name: put, from, to: from + was.length, put, was };
  };
  const [types, syntax, right, alike] = [
    of(
      "drivers/kit/nonce.ts",
      "export function nonces(): () => string",
      "export function nonces(): number",
    ),
    of("drivers/kit/order.ts", "export function bySeat(", "export function (bySeat("),
    of("drivers/kit/harmless.ts", "export ", "export  "),
    of("drivers/kit/nonce.ts", "export function nonces", "export  function nonces"),
  ] as const;
  const copy = await copied();
  try {
    const refused = await refusedOf(copy.root, [types, syntax, right, alike]);
    assert.deepEqual([...refused].map(({ file }) => file).sort(), [types.file, syntax.file].sort());
    assert(refused.has(types) && refused.has(syntax));
    const first = await firstThatCompile(copy.root, [types, right, syntax, alike], 1);
    assert.deepEqual([first.compile, first.refused], [[right], [types]]);
    const all = await firstThatCompile(copy.root, [types, right, alike], Infinity);
    assert.deepEqual([all.compile, all.refused], [[right, alike], [types]]);
    const text = await Deno.readTextFile(`${copy.root}/${types.file}`);
    assert.equal(text, product.get(types.file));
  } finally {
    await copy.remove();
  }
});

Deno.test("a copy has the bug and the project has not; a script goes by the name of what it has become", async () => {
  const story = STORIES.find(({ near }) => near === "redis/script");
  assert(story);
  const file = "drivers/redis/script.ts";
  const copy = await planted(story);
  try {
    const text = await Deno.readTextFile(`${copy.root}/${file}`);
    assert(text.includes(story.put) && !(await sources()).get(file)?.includes(story.put));
    const { SCRIPT, SCRIPT_SHA1 } = await import(`file://${copy.root}/${file}`);
    assert.equal(createHash("sha1").update(SCRIPT).digest("hex"), SCRIPT_SHA1);
  } finally {
    await copy.remove();
  }
  await assert.rejects(Deno.stat(copy.root), Deno.errors.NotFound);
});

Deno.test("a run without an end has noticed a bug only if it ends well within its limit without one", async () => {
  const [root, sound] = [await Deno.makeTempDir(), "a copy without a bug"];
  const mutant: Mutant = { file: "f.ts", name: "n", from: 0, to: 1, put: "2", was: "1" };
  await Deno.writeTextFile(`${root}/f.ts`, "1;");
  const endless: Result = { failed: "nothing within 100 s", hung: true, seconds: 100 };
  const first: Run = { title: "first", paths: ["a_test.ts"], steady: true, limit: 100 };
  const runs = [first, { ...first, title: "second", paths: ["b_test.ts"] }];
  const judged = async (second: Result, without: Result | undefined) => {
    const judge = new Judge({
      ...{ runs: () => runs, print: () => {} },
      ...without && { clean: () => Promise.resolve(sound) },
      tried: (at, { paths }) => {
        if (at === sound) return Promise.resolve(paths[0] === "a_test.ts" ? without! : PASSED);
        return Promise.resolve(paths[0] === "a_test.ts" ? endless : second);
      },
    });
    const { fate, by } = await judge.judge(root, mutant);
    return [fate, by];
  };
  const by = "nothing within 100 s (first)";
  try {
    assert.deepEqual(await judged(PASSED, { seconds: 50 }), ["hung", by]);
    assert.deepEqual(await judged(PASSED, { seconds: 51 }), ["not judged", by]);
    assert.deepEqual(await judged(PASSED, endless), ["not judged", by]);
    assert.deepEqual(await judged(PASSED, undefined), ["not judged", by]);
    // What another run says counts.
    const failed = { failed: "a test", seconds: 1 };
    assert.deepEqual(await judged(failed, endless), ["found", "a test (second)"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a quick run tries the doors and the URLs, once, where they reach the file", async () => {
  const texts = await sources();
  const imports = importsOf(texts);
  const known = { tests: testFiles(texts, imports), backends: await backendsOf(imports) };
  for (const file of ["drivers/document/r2.ts", "drivers/kit/urls.ts", "url.ts", "http/hono.ts"]) {
    const paths = runsFor(file, known, true).flatMap((run) => run.paths);
    const doors = [
      "tests/drivers/promises_test.ts",
      "tests/slips/doors_test.ts",
      "tests/url/url_test.ts",
    ].filter((path) => known.tests.some((test) => test.path === path && test.reach.has(file)));
    assert(doors.length > 0, file);
    for (const door of doors) assert.equal(paths.filter((path) => path === door).length, 1, file);
  }
});
