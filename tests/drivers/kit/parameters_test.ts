/**
 * Options of a URL that are not Baton's own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Parameters } from "../../../drivers/kit/parameters.ts";
import { InvalidArgument } from "../../../errors.ts";

Deno.test("of an option that is there several times the last counts, and an empty one is not there", () => {
  const given = new Parameters("a=1&b=x&a=2&c=&d=no&d=YES&e=5&e=&f=%26");
  assert.deepEqual(["a", "b", "c", "e", "f", "z"].map((name) => given.text(name)), [
    ...["2", "x", undefined, undefined, "&", undefined],
  ]);
  assert.deepEqual(given.all("a"), ["1", "2"]);
  assert.equal(given.flag("d"), true);
  assert.equal(given.number("a"), 2);
  assert.equal(new Parameters(undefined).text("a"), undefined);
});

Deno.test("yes and no have the words that Tooz takes, in any case, and no others", () => {
  const words = {
    true: ["1", "true", "t", "yes", "y", "on"],
    false: ["0", "false", "f", "no", "n", "off"],
  };
  for (const [value, all] of Object.entries(words)) {
    for (
      const word of all.flatMap((
        each,
      ) => [each, each.toUpperCase(), `${each[0]!.toUpperCase()}${each.slice(1)}`])
    ) {
      assert.equal(`${new Parameters(`a=${word}`).flag("a")}`, value, word);
    }
  }
  assert.equal(new Parameters("a=").flag("a"), undefined);
  for (const word of ["2", "truee", "xtrue", "on1", "0off", "-", "null"]) {
    assert.throws(() => new Parameters(`a=${word}`).flag("a"), (error: Error) => {
      assert.ok(error instanceof InvalidArgument && error.message.includes("option a"), `${error}`);
      return true;
    });
  }
});

Deno.test("a number is from 0 on, and has at most nine digits before its point", () => {
  for (const text of ["0", "7", "0.5", "999999999", "999999999.25", "007"]) {
    assert.equal(new Parameters(`a=${text}`).number("a"), Number(text));
  }
  assert.equal(new Parameters("b=1").number("a"), undefined);
  for (const text of ["-1", "1e3", "9999999999", ".5", "5.", "Infinity", "0x10", "1,5", "x"]) {
    assert.throws(() => new Parameters(`a=${text}`).number("a"), InvalidArgument, text);
  }
});

Deno.test("an option that cannot be is refused by its name, be it empty", () => {
  const given = new Parameters("good=1&bad=");
  given.none(["other"], "leave it out");
  assert.throws(() => given.none(["other", "bad"], "leave it out"), /option bad: leave it out/);
});
