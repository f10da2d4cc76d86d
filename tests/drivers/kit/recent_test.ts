import assert from "node:assert/strict";
import { Recent } from "../../../drivers/kit/recent.ts";

Deno.test("what drivers remember is the last of it, and a value that is set again is the newest", () => {
  const recent = new Recent<number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  recent.set("a", 3);
  recent.set("c", 4);
  assert.deepEqual(["a", "b", "c"].map((key) => recent.get(key)), [3, undefined, 4]);
  assert.deepEqual([recent.delete("a"), recent.delete("a"), recent.get("a")], [
    true,
    false,
    undefined,
  ]);
  const many = new Recent<number>();
  for (let n = 0; n <= 1_000; n++) many.set(`${n}`, n);
  assert.deepEqual([many.get("0"), many.get("1")], [undefined, 1]);
});
