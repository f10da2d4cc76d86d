/**
 * The picture of a history shows what came before what.
 *
 * @module
 */

import assert from "node:assert/strict";
import { timeline } from "./timeline.ts";
import type { Call } from "./wgl.ts";

type TextCall = Call<string, string>;

function call(client: string, text: string, invoked: number, returned = Infinity): TextCall {
  const [input = "", output] = text.split(" -> ");
  return { client, input, output, invoked, returned };
}

Deno.test("calls at once are drawn above each other, and others beside each other", () => {
  const calls = [
    call("anna", "write 1 -> done", 0, 3),
    call("ben", "write 2", 1),
    call("anna", "read -> 0", 5, 8),
    call("ben", "read -> 1", 4, 6),
  ];
  assert.equal(
    timeline(calls),
    [
      "anna |- write 1 -> done -| |- read -> 0 -|",
      "ben   |~ write 2 -> ? ~~~ |- read -> 1 -|",
    ].join("\n"),
  );
});

Deno.test("a client that calls at once has several lines", () => {
  const calls = [call("anna", "a -> 1", 0, 3), call("anna", "b -> 2", 1, 2)];
  assert.equal(timeline(calls), ["anna |- a -> 1 ---|", "anna  |- b -> 2 -|"].join("\n"));
});

Deno.test("of many calls it shows the last, and says how many it leaves out", () => {
  const calls = Array.from(
    { length: 50 },
    (_, n) => call("anna", `step ${n} -> ok`, 2 * n, 2 * n + 1),
  );
  const [first, ...lines] = timeline(calls, { last: 3 }).split("\n");
  assert.equal(first, "(47 earlier calls)");
  assert.equal(lines.join("\n").match(/step (\d+)/g)?.join(), "step 47,step 48,step 49");
});

Deno.test("a long picture goes on below", () => {
  const calls = Array.from(
    { length: 9 },
    (_, n) => call("anna", `step ${n} -> ok`, 2 * n, 2 * n + 1),
  );
  const lines = timeline(calls, { width: 60 }).split("\n");
  assert.ok(lines.length > 3 && lines.every((line) => line.length <= 60));
  const parts = lines.filter((line) => line !== "").map((line) =>
    line.slice("anna ".length).padEnd(55)
  );
  assert.equal(parts.join("").trimEnd(), timeline(calls, { width: 1_000 }).slice("anna ".length));
});

Deno.test("of no calls there is no picture", () => {
  assert.equal(timeline([]), "");
});
