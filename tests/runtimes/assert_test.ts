/** The stand-in for `node:assert/strict` passes and fails where that does. */
import node from "node:assert/strict";
import ours from "./assert.ts";

/** Things of which some are equal; `-0` and `NaN`, prototypes and missing keys are the traps. */
const VALUES = (): unknown[] => [
  ...[undefined, null, 0, -0, 1, NaN, "", "0", "a", true, false, 1n, () => {}],
  ...[{}, { a: 1 }, { a: 1, b: undefined }, { a: "1" }, { b: 1, a: 1 }, {
    a: { b: [1, { c: 2 }] },
  }],
  ...[[], [1], [1, 2], [2, 1], [undefined], Array(1), { 0: 1, length: 1 }],
  ...[
    new Set(),
    new Set(["a", "b"]),
    new Set(["b", "a"]),
    new Set([{ a: 1 }]),
    new Set([{ a: 2 }]),
  ],
  ...[new Map(), new Map([["a", 1]]), new Map([["a", 2]]), new Map([["a", { b: [1] }]])],
  ...[new Date(0), new Date(1), new Error("a"), new Error("b"), new TypeError("a"), /a/, /b/],
  ...[Object.create(null), new (class Other {})(), new Uint8Array([1]), new Uint8Array([2])],
];

/** Whether it throws. */
async function throws(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return false;
  } catch {
    return true;
  }
}

async function agree(what: string, work: (assert: typeof node) => unknown): Promise<void> {
  const [theirs, mine] = [
    await throws(() => work(node)),
    await throws(() => work(ours as unknown as typeof node)),
  ];
  node.equal(mine, theirs, `${what}: ours ${mine ? "fails" : "passes"}, node's does not`);
}

Deno.test("our assert finds equal what Node's finds equal", async () => {
  const [ones, twos] = [VALUES(), VALUES()];
  for (const [i, one] of ones.entries()) {
    await agree(`ok ${i}`, (assert) => assert.ok(one));
    for (const [j, two] of twos.entries()) {
      // Regular expressions and bytes are compared by nobody here, so ours does not know them.
      if (one instanceof RegExp && two instanceof RegExp) continue;
      await agree(`equal ${i} ${j}`, (assert) => assert.equal(one, two));
      await agree(`notEqual ${i} ${j}`, (assert) => assert.notEqual(one, two));
      await agree(`deepEqual ${i} ${j}`, (assert) => assert.deepEqual(one, two));
    }
  }
});

Deno.test("our assert expects of what is thrown what Node's expects", async () => {
  const errors = [
    new Error("lost"),
    new TypeError("it is lost"),
    Object.assign(new Error("x"), { code: 7 }),
  ];
  const expected = [undefined, /lost/, /^Error: lost/, { name: "Error" }, { message: /lost/ }, {
    name: "Error",
    code: 7,
  }];
  for (const [i, error] of errors.entries()) {
    for (const [j, each] of expected.entries()) {
      const [raise, give] = [() => {
        throw error;
      }, () => Promise.reject(error)];
      const wanted = each as RegExp; // its types have no overload for "or nothing"
      await agree(`throws ${i} ${j}`, (assert) => assert.throws(raise, wanted));
      await agree(`rejects ${i} ${j}`, (assert) => assert.rejects(give, wanted));
      await agree(`rejects a promise ${i} ${j}`, (assert) => assert.rejects(give(), wanted));
    }
  }
  await agree("throws nothing", (assert) => assert.throws(() => {}));
  await agree("rejects nothing", (assert) => assert.rejects(async () => {}));
  await agree("match", (assert) => assert.match("abc", /b/));
  await agree("no match", (assert) => assert.match("abc", /x/));
  await agree("fail", (assert) => assert.fail("so"));
});
