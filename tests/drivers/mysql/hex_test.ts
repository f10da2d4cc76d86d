/**
 * Texts in hexadecimal: each comes back as it went, and what is none is no text.
 *
 * @module
 */

import assert from "node:assert/strict";
import { hex, text } from "../../../drivers/mysql/hex.ts";
import { TRICKY } from "../acquire.ts";

Deno.test("a text goes as two digits for each byte, and comes back from digits of either case", () => {
  assert.equal(hex("aé\n\uFEFF"), "x'61c3a90aefbbbf'");
  const bytes = String.fromCharCode(...Array.from({ length: 0x800 }, (_, code) => code));
  for (const each of ["", "a", "\uFEFF", TRICKY, bytes, "\u{10FFFF}"]) {
    const digits = /^x'(.*)'$/.exec(hex(each))![1]!;
    assert.equal(text(digits), each);
    assert.equal(text(digits.toUpperCase()), each);
  }
});

Deno.test("what is no text in hexadecimal is refused", () => {
  const none = [
    "6",
    "6g",
    "g6",
    "zz",
    " 61",
    "61 ",
    "61g",
    "x'61'",
    "ff",
    "c3",
    61,
    null,
    undefined,
  ];
  for (const digits of none) assert.throws(() => text(digits), TypeError, `${digits}`);
});
