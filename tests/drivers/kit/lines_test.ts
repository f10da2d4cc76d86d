import assert from "node:assert/strict";
import { Lines, type Turn } from "../../../drivers/kit/lines.ts";
import { acquire, ifVacant } from "../../conformance/operations.ts";

const LONG = 600_000;

/** How a turn is, as far as is known when all that can go on has gone on. */
async function known<T>(promise: Promise<T>): Promise<T | "not yet"> {
  await new Promise((resolve) => setTimeout(resolve));
  return await Promise.race([promise, Promise.resolve("not yet" as const)]);
}

Deno.test("those who wait for the same have their turns in the order in which they came", async () => {
  const lines = new Lines();
  const op = acquire("lock:a");
  const turns = [1, 2, 3].map(() => lines.turn(undefined)) as [Turn, Turn, Turn];
  assert.equal(turns[0].isBehind(op), false);
  const comes = turns.map((turn) => turn.comes(acquire("lock:a"), LONG));
  assert.deepEqual(turns.map((turn) => turn.isBehind(op)), [false, true, true]);
  assert.equal(await comes[0], true);
  assert.equal(await known(comes[1]!), "not yet");
  turns[0].end();
  assert.equal(await comes[1], true);
  assert.equal(await known(comes[2]!), "not yet");
  turns[1].end();
  turns[1].end();
  assert.equal(await comes[2], true);
  turns[2].end();
  assert.equal(lines.turn(undefined).isBehind(op), false, "nobody is left");
});

Deno.test("nobody stands behind one who waits for another seat or behind another guard", async () => {
  const lines = new Lines();
  for (
    const op of [
      acquire("lock:a"),
      acquire("lock:b"),
      acquire("lock:a", { seat: "1" }),
      acquire("lock:a", { guard: ifVacant("readers:a") }),
    ]
  ) assert.equal(await lines.turn(undefined).comes(op, LONG), true);
});

Deno.test("one whose time is over, and one that is aborted, leave the line to the others", async () => {
  const lines = new Lines();
  const op = acquire("lock:a");
  const stop = new AbortController();
  const [first, late, given, last] = [
    lines.turn(undefined),
    lines.turn(undefined),
    lines.turn(stop.signal),
    lines.turn(undefined),
  ];
  assert.equal(await first.comes(op, LONG), true);
  const [gone, next] = [given.comes(op, LONG), last.comes(op, LONG)];
  assert.equal(await late.comes(op, 1), false);
  late.end();
  stop.abort(new Error("enough"));
  await assert.rejects(gone, { code: "unknown-outcome" });
  given.end();
  assert.equal(await known(next), "not yet");
  first.end();
  assert.equal(await next, true);
  last.end();
});

Deno.test("a turn may be for one thing after the other, and leaves the one before", async () => {
  const lines = new Lines();
  const [one, two] = [lines.turn(undefined), lines.turn(undefined)];
  assert.equal(await one.comes(acquire("lock:a"), LONG), true);
  const comes = two.comes(acquire("lock:a"), LONG);
  assert.equal(await known(comes), "not yet");
  assert.equal(await one.comes(acquire("lock:b"), LONG), true);
  assert.equal(await comes, true);
  const again = one.comes(acquire("lock:a"), LONG);
  assert.equal(await known(again), "not yet");
  two.end();
  assert.equal(await again, true);
  one.end();
});

Deno.test("in a Worker nobody waits for what another request does", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", {
    value: { userAgent: "Cloudflare-Workers" },
    configurable: true,
  });
  try {
    const lines = new Lines();
    for (let n = 0; n < 2; n++) {
      assert.equal(await lines.turn(undefined).comes(acquire("lock:a"), LONG), true);
    }
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
  }
});
